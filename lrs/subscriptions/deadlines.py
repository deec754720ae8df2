"""When each of many has something to do, kept for all of them together."""

from __future__ import annotations

from heapq import heappop, heappush
from math import inf


class Deadlines:
    """The next deadline of each number. A deadline that moves away costs nothing until the old one comes due."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int]] = []
        self._due_s: dict[int, float] = {}

    def bring_forward(self, number: int, due_s: float) -> None:
        """``number`` is due at ``due_s`` unless it is due earlier already."""
        if due_s < self._due_s.get(number, inf):
            self._due_s[number] = due_s
            heappush(self._heap, (due_s, number))

    def drop(self, number: int) -> None:
        self._due_s.pop(number, None)

    def take_due(self, now_s: float) -> list[int]:
        """Those that are due, earliest first; they have no deadline any more."""
        due = []
        while self._heap and self._heap[0][0] <= now_s:
            due_s, number = heappop(self._heap)
            # Another entry, or none, is in force when the deadline was brought forward or dropped.
            if self._due_s.get(number) == due_s:
                del self._due_s[number]
                due.append(number)
        return due
