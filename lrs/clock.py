"""Time as a parameter: what needs the time takes a ``Clock``, so that a test can hold it still."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Wall time for records and tokens, monotonic time for timeouts."""

    def now_us(self) -> int:
        """Microseconds since 1970-01-01T00:00:00Z; may step when the machine's clock is set."""

    def monotonic_s(self) -> float:
        """Seconds that only grow, from an arbitrary start."""


class SystemClock:
    """The machine's clock."""

    def now_us(self) -> int:
        return time.time_ns() // 1_000

    def monotonic_s(self) -> float:
        return time.monotonic()


class FixedClock:
    """A clock that moves only when told; for tests and simulations."""

    def __init__(self, now_us: int = 1_790_000_000_000_000) -> None:
        self._now_us = now_us
        self._monotonic_s = 0.0

    def now_us(self) -> int:
        return self._now_us

    def monotonic_s(self) -> float:
        return self._monotonic_s

    def advance(self, seconds: float) -> None:
        """Both clocks move on by ``seconds``, which may be negative for the wall clock only."""
        self._now_us += int(seconds * 1_000_000)
        self._monotonic_s += max(0.0, seconds)
