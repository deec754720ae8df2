"""The committer of the log with an eye on it: how long each commit takes, and what became of the statements in it."""

from __future__ import annotations

from collections.abc import Sequence

from lrs.clock import Clock
from lrs.errors import LrsError
from lrs.statements.record import Append, Position
from lrs.statements.sqlite.append import Appender
from lrs.telemetry import Commits, span


class Observed:
    """``lrs.storage.writer.Committer`` that has ``appender`` do the work; used by the writer's thread only."""

    def __init__(self, appender: Appender, counts: Commits, clock: Clock) -> None:
        self._appender = appender
        self._counts = counts
        self._clock = clock

    def __call__(self, jobs: Sequence[Append], /) -> Sequence[Sequence[Position] | LrsError]:
        """See ``Appender``. What fails as a whole is not counted: it is tried again job by job."""
        began_s = self._clock.monotonic_s()
        with span("lrs.commit"):
            outcomes = self._appender(jobs)
        counts, (stored, conflicts, quarantined) = self._counts, self._appender.written
        placed = sum(len(outcome) for outcome in outcomes if not isinstance(outcome, LrsError))
        counts.seconds.observe(self._clock.monotonic_s() - began_s)
        counts.statements.observe(placed)
        counts.stored += stored
        counts.repeated += placed - stored - conflicts
        counts.conflicts += conflicts
        counts.quarantined += quarantined
        return outcomes
