"""How many statements each consumer was given, counted in memory until somebody writes it down."""

from __future__ import annotations

from typing import NamedTuple


class Read(NamedTuple):
    """``queried``: statements in answers to requests. ``pushed``: statements sent by the stream, on all its doors."""

    queried: int = 0
    pushed: int = 0


class Reads:
    """For the thread of one event loop, but for ``take``, which any thread may call."""

    def __init__(self) -> None:
        self._counts: dict[int, Read] = {}

    def queried(self, consumer_id: int, statements: int) -> None:
        """Count an answer to a request."""
        if statements:
            before = self._counts.get(consumer_id, _NONE)
            self._counts[consumer_id] = Read(before.queried + statements, before.pushed)

    def pushed(self, consumer_id: int, statements: int) -> None:
        """Count what the stream has sent."""
        before = self._counts.get(consumer_id, _NONE)
        self._counts[consumer_id] = Read(before.queried, before.pushed + statements)

    def take(self) -> dict[int, Read]:
        """What was counted since this was called last, by consumer."""
        taken, self._counts = self._counts, {}
        return taken


_NONE = Read()
