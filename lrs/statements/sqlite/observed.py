"""The committer of the log with an eye on it: how long each commit takes, and what became of the statements in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from lrs.clock import Clock
from lrs.errors import LrsError
from lrs.statements.record import Append, Position
from lrs.statements.sqlite.append import Appender


class Commit(NamedTuple):
    """One commit: how long it took, how many statements have their places by it, and what became of them."""

    seconds: float
    placed: int
    stored: int
    conflicts: int
    quarantined: int


class Observed:
    """``lrs.storage.writer.Committer`` that has ``appender`` do the work, and tells ``note`` of each commit."""

    def __init__(self, appender: Appender, note: Callable[[Commit], None], clock: Clock) -> None:
        self._appender = appender
        self._note = note
        self._clock = clock

    @property
    def unfinished(self) -> bool:
        """Whether a commit should follow also when nobody appends."""
        return self._appender.unfinished

    def __call__(self, jobs: Sequence[Append], /) -> Sequence[Sequence[Position] | LrsError]:
        """See ``Appender``. What fails as a whole is not noted: it is tried again job by job."""
        began_s = self._clock.monotonic_s()
        outcomes = self._appender(jobs)
        placed = sum(len(outcome) for outcome in outcomes if not isinstance(outcome, LrsError))
        self._note(Commit(self._clock.monotonic_s() - began_s, placed, *self._appender.written))
        return outcomes
