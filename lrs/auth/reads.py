"""How many statements each consumer was given, counted in memory until somebody writes it down."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple


class Read(NamedTuple):
    """``queried``: statements in answers to requests. ``pushed``: statements sent by the stream, on all its doors."""

    queried: int = 0
    pushed: int = 0


class Reads:
    """For the thread of one event loop, but for ``take``, which any thread may call."""

    def __init__(self) -> None:
        # By consumer, what it queried and what was pushed.
        self._counts: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])

    def queried(self, consumer_id: int, statements: int) -> None:
        """Count an answer to a request."""
        if statements:
            self._counts[consumer_id][0] += statements

    def pushed(self, consumer_id: int, statements: int) -> None:
        """Count what the stream has sent."""
        self._counts[consumer_id][1] += statements

    def take(self) -> dict[int, Read]:
        """What was counted since this was called last, by consumer."""
        taken, self._counts = self._counts, defaultdict(lambda: [0, 0])
        return {consumer_id: Read(*counts) for consumer_id, counts in list(taken.items())}
