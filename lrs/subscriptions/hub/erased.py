"""What was erased lately, for those who are subscribed while it happens."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from uuid import UUID

from lrs.statements.match import Visibility, told_of_erased
from lrs.statements.record import Record

KEPT = 10_000
TOLD_AT_ONCE = 500


class Erased:
    """The newest erasures by number; ``last`` is the number of the newest."""

    def __init__(self) -> None:
        self.last = 0
        self._kept: deque[tuple[int, Record]] = deque(maxlen=KEPT)

    def add(self, found: Sequence[tuple[int, Record]]) -> None:
        """What follows, in order."""
        self._kept.extend(found)
        self.last = found[-1][0]

    def since(self, number: int, visibility: Visibility) -> tuple[list[str], int]:
        """Ids of what was erased after ``number``, for who has ``visibility``, and up to where that goes."""
        if number >= self.last:
            return [], self.last
        ids: list[str] = []
        for at, record in self._kept:
            if at > number and told_of_erased(visibility, record):
                ids.append(str(UUID(bytes=record.id)))
                if len(ids) == TOLD_AT_ONCE:
                    return ids, at
        return ids, self.last
