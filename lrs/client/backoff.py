"""How long to wait before coming again."""

from __future__ import annotations

from collections.abc import Callable

FIRST_S = 0.5
MOST_S = 30.0


class Backoff:
    """Exponential, with full jitter: any time up to a bound that doubles, so that clients who were sent away together
    do not come back together. ``random`` gives numbers from 0 up to 1.
    """

    def __init__(self, random: Callable[[], float], *, first_s: float = FIRST_S, most_s: float = MOST_S) -> None:
        self._random = random
        self._first_s = first_s
        self._most_s = most_s
        self._bound_s = first_s

    def next_s(self) -> float:
        """The next pause in seconds."""
        pause_s = self._random() * self._bound_s
        self._bound_s = min(self._most_s, self._bound_s * 2)
        return pause_s

    def reset(self) -> None:
        """A connection has been of use: the next trouble is a new one."""
        self._bound_s = self._first_s
