"""The statement log in SQLite: the adapter of ``lrs.statements.log.StatementLog`` for one machine.

One writer with its own connection, in a thread or in a process, and readers on pooled ones; tables in ``schema``,
writing in ``append`` and ``inherit``, reading in ``select`` and ``follow``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from lrs.clock import Clock, SystemClock
from lrs.errors import LrsError
from lrs.limits import DEFAULT_LIMITS, Limits
from lrs.statements.cursor import Cursors
from lrs.statements.disclosing import Disclosing
from lrs.statements.log import Arrivals, Changes, Page, Selection
from lrs.statements.match import Filter, Visibility
from lrs.statements.record import Append, Place, Position, Record, StatementId
from lrs.statements.sqlite.append import WRITER_CACHE_KIB, Appender
from lrs.statements.sqlite.follow import Follower, place_by, stored_after
from lrs.statements.sqlite.inherit import owes
from lrs.statements.sqlite.names import course_sets, key_names
from lrs.statements.sqlite.observed import Observed
from lrs.statements.sqlite.process import Link
from lrs.statements.sqlite.remainder import Appending, Remainder
from lrs.statements.sqlite.rows import Rows
from lrs.statements.sqlite.schema import migrations
from lrs.statements.sqlite.select import Reader, end, head
from lrs.statements.transit import Packed, unpacked
from lrs.storage.child import Line
from lrs.storage.horizon import Horizon, horizon_path
from lrs.storage.runner import ChildRunner
from lrs.storage.sqlite import Store, connect
from lrs.storage.writer import Runner, ThreadRunner, Writer
from lrs.telemetry import Commits, span


class SqliteStatementLog:
    """See ``StatementLog`` for every method."""

    def __init__(
        self,
        store: Store,
        *,
        limits: Limits = DEFAULT_LIMITS,
        clock: Clock | None = None,
        disclosing: Disclosing | None = None,
        process: Line | None = None,
    ) -> None:
        """Without ``disclosing``, there are only readers who are shown what is stored.

        ``process``: what ``log_process`` made, to write in; without it that is done in a thread. With it this is to be
        made and closed while an event loop runs.
        """
        store.migrate(migrations)
        clock = clock or SystemClock()
        self._store = store
        self._disclosing = disclosing or Disclosing()
        self._limits, self._clock = limits, clock
        self._keys, self._course_sets, self._mark = key_names(), course_sets(), b""
        rows = Rows(self._keys, self._course_sets)
        self._reader, self._follower = Reader(rows), Follower(rows)
        self._horizon = Horizon(horizon_path(store.path), clock)
        with store.reading() as connection:
            epoch, secret = connection.execute("SELECT epoch, secret FROM log_identity").fetchone()
        self.secret: bytes = secret
        self.cursors = Cursors(secret, epoch)
        self._watch = connect(store.path)
        self._version = -1
        self.commits = Commits()
        self._connection: sqlite3.Connection | None = None
        self._appending: Appending
        runner = self._thread() if process is None else self._apart(process)
        self._apart_in = runner if isinstance(runner, ChildRunner) else None
        self._writer: Writer[Append | Packed, Sequence[Position]] = Writer(
            runner,
            group_size_max=limits.commit_statements_max,
            queue_size_max=limits.append_queue_max,
        )
        self._remainder = Remainder(lambda: self._appending, lambda: self._writer.submit_now(Append([]), 0))
        self._writer.on_commit(self._remainder.look)
        # Something may be left from before this was opened.
        self._remainder.look()

    def _thread(self) -> Runner:
        """To write in a thread of this process."""
        self._connection = connect(self._store.path, cache_kib=WRITER_CACHE_KIB)
        late_max = self._limits.late_inheritance_max
        appender = Appender(self._connection, self._horizon, self._keys, self._course_sets, late_max=late_max)
        self._appending = appending = Observed(appender, lambda commit: self.commits.add(*commit), self._clock)

        def commit(jobs: Sequence[Append | Packed], /) -> Sequence[Sequence[Position] | LrsError]:
            with span("lrs.commit"):
                return appending([unpacked(job) for job in jobs])

        return ThreadRunner(commit)

    def _apart(self, process: Line) -> Runner:
        """To write in ``process``, and in a thread if that should end."""
        with self._store.reading() as connection:
            unfinished = owes(connection)
        late_max = self._limits.late_inheritance_max
        self._appending = link = Link(self._store.path, late_max, self.commits, unfinished=unfinished)
        return ChildRunner(process, link, self._thread)

    @property
    def process(self) -> int | None:
        """The number of the process that writes, if that is not this one."""
        return None if self._apart_in is None else self._apart_in.pid

    @property
    def unfinished(self) -> bool:
        """Whether statements are still to inherit from what they refer to; the next commits see to it."""
        return self._remainder.needed

    async def append(self, job: Append | Packed) -> Sequence[Position]:
        return await self._writer.submit(job, job.size) if job.size else []

    def append_soon(self, job: Append, tell: Callable[[Sequence[Position] | Exception], None]) -> bool:
        return self._writer.submit_soon(job, tell, job.size)

    def append_now(self, job: Append) -> Sequence[Position]:
        return self._writer.submit_now(job, job.size) if job.size else []

    def head(self) -> Position:
        with self._store.reading() as connection:
            return head(connection)

    def read(self, selection: Selection, visibility: Visibility) -> Page:
        meant = self._disclosing.filter(visibility, selection.filter)
        wanted = selection if meant is selection.filter else replace(selection, filter=meant)
        with self._reading() as connection:
            page = self._reader.read(connection, wanted, visibility)
        return self._disclosing.page(visibility, page)

    def find(self, statement_id: StatementId, visibility: Visibility, *, voided: bool = False) -> Record | None:
        with self._snapshot() as connection:
            record = self._reader.find(connection, statement_id, visibility, voided=voided)
        return None if record is None else self._disclosing.record(visibility, record)

    def end(self) -> Place:
        with self._store.reading() as connection:
            return end(connection)

    def changes(self, filter_: Filter, visibility: Visibility, *, after: Place, limit: int, bytes_max: int) -> Changes:
        wanted = self._disclosing.filter(visibility, filter_)
        with self._snapshot() as connection:
            page = self._follower.changes(connection, wanted, visibility, after=after, limit=limit, bytes_max=bytes_max)
        return self._disclosing.page(visibility, page)

    def newest(self, after: Place, limit: int, bytes_max: int) -> Arrivals:
        with self._snapshot() as connection:
            return self._follower.newest(connection, after, limit, bytes_max)

    def erased(self, after: int, limit: int) -> Sequence[tuple[int, Record]]:
        with self._snapshot() as connection:
            return self._follower.erased(connection, after, limit)

    def place_of(self, stored_us: int) -> Place:
        with self._snapshot() as connection:
            return place_by(connection, stored_us)

    def stored_after(self, place: Place) -> int | None:
        """When the first record after ``place`` was stored, in microseconds; None when there is none."""
        with self._snapshot() as connection:
            return stored_after(connection, place)

    @property
    def takes_appends(self) -> bool:
        """Whether there is a writer who takes them."""
        return self._writer.alive

    @property
    def queued(self) -> int:
        """How many statements wait for a commit, or are in one."""
        return self._writer.queued_size

    def consistent_through_us(self) -> int:
        return self._horizon.promise_us(self._stored_us)

    def _stored_us(self) -> int:
        """``stored`` of the committed head."""
        with self._store.reading() as connection:
            row = connection.execute("SELECT stored FROM record ORDER BY position DESC LIMIT 1").fetchone()
        return row[0] if row else 0

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """The same without a snapshot where it can be: to begin and end one costs as much as reading a page."""
        with self._store.reading() if self._store.mark() == self._mark else self._snapshot() as connection:
            yield connection

    @contextmanager
    def _snapshot(self) -> Iterator[sqlite3.Connection]:
        """A snapshot in which no name is taken for one that was erased."""
        mark = self._store.mark()
        with self._store.snapshot() as connection:
            if mark != self._mark:
                (generation,) = connection.execute("SELECT names FROM erased_state").fetchone()
                self._keys.renew(generation)
                self._mark = mark
            yield connection

    def on_commit(self, wake: Callable[[], None]) -> Callable[[], None]:
        return self._writer.on_commit(wake)

    def revision(self) -> int:
        (version,) = self._watch.execute("PRAGMA data_version").fetchone()
        return int(version)

    def changed(self) -> bool:
        before, self._version = self._version, self.revision()
        return self._version != before

    def close(self) -> None:
        self._remainder.close()
        self._writer.close()
        if self._connection is not None:
            self._connection.close()
        self._watch.close()
        self._horizon.close()
