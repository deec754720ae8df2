"""Erasing, step by step, beside writers and readers that go on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from sqlite3 import Connection

import orjson

from lrs.clock import Clock
from lrs.documents.sqlite import SqliteDocuments
from lrs.erasure.erasure import Amounts, Erasure, Wanted
from lrs.erasure.sqlite import ErasureRows
from lrs.errors import Overloaded
from lrs.pseudonyms.sqlite import SqliteSpaces
from lrs.statements.learners import Learner
from lrs.statements.record import Position
from lrs.statements.sqlite.aside import Aside
from lrs.statements.sqlite.attachments import AttachmentLinks
from lrs.statements.sqlite.erase import (
    Eraser,
    Finder,
    agent_numbers,
    disown,
    finder_by_agent,
    finder_through,
    suspect,
    unname,
)
from lrs.statements.sqlite.select import position_by
from lrs.storage.files import ContentFiles
from lrs.storage.sqlite import Store

STEP_S = 0.02
"""A step ends when it has taken so long; the writer of the log waits for it."""

PAUSE_S = 0.05
"""Between two steps the writer has its turn."""

TRIES = 600
"""So often it is tried to get at what others use, files and the write-ahead log, before it is left for later."""

ROUNDS = 100
"""A learner who goes on writing faster than this erases is left with what came last."""

_AT_ONCE = 50
_UNATTACHED = "SELECT name FROM unattached LIMIT ?"
_REMOVED = "DELETE FROM unattached WHERE name IN (SELECT value FROM json_each(?))"


class Erasures:
    """All erasures of one store. Everything blocks; to be used by one thread at a time."""

    def __init__(self, store: Store, files: ContentFiles, documents: SqliteDocuments, clock: Clock) -> None:
        self._store = store
        self._files = files
        self._documents = documents
        self._clock = clock
        self._aside = Aside(store)
        self._spaces = SqliteSpaces(store, clock)
        self._links = AttachmentLinks(store)
        self.rows = ErasureRows(store)
        self.stopping = threading.Event()
        """Set, it makes ``finish`` return between two steps."""

    def amounts(self, learner: Learner) -> Amounts:
        """What there is of ``learner`` now; of attachments, those of its statements that have data."""
        with self._store.snapshot() as connection:
            positions = [one.position for one in finder_by_agent(learner.identifiers)(connection, 0)]
        attachments = sum(
            len(self._links.of(positions[first : first + _AT_ONCE])) for first in range(0, len(positions), _AT_ONCE)
        )
        aside = sum(1 for _ in self._aside.naming(learner))
        documents = len(self._documents.of_agents(learner.identifiers))
        return Amounts(statements=len(positions), documents=documents, attachments=attachments, aside=aside)

    def too_old(self, before_us: int) -> tuple[Wanted, int]:
        """All that was stored before ``before_us``, and how many statements that are."""
        with self._store.snapshot() as connection:
            through = position_by(connection, before_us - 1)
            (count,) = connection.execute(
                "SELECT count(*) FROM record WHERE position > ? AND position <= ? AND length(payload) > 0",
                (self.rows.retained_after(), through),
            ).fetchone()
        return Wanted(through=through), int(count)

    def begin(self, wanted: Wanted, reason: str) -> int:
        """Note that it is to be done, which ``finish`` does, here or elsewhere, now or after a restart."""
        return self.rows.add(wanted, reason, self._clock.now_us())

    def finish(self, number: int) -> Erasure:
        """Do it, or what is left of it. Overloaded when others were in the way to the end: it can be tried again."""
        wanted = self.rows.wanted(number)
        if wanted is not None:
            if wanted.learner is None:
                self._erase_records(number, finder_through(Position(wanted.through)), self.rows.retained_after())
            else:
                self._erase_learner(number, wanted.learner)
            if self.stopping.is_set():
                return self.rows.one(number)
            self.rows.forget_who(number)
        self._until(self._store.empty_wal)
        self.rows.finish(number, self._clock.now_us())
        return self.rows.one(number)

    def finish_all(self) -> None:
        """Go on with what a stop or a crash has left."""
        for number in self.rows.unfinished():
            if not self.stopping.is_set():
                with suppress(Overloaded):
                    self.finish(number)

    def _erase_learner(self, number: int, learner: Learner) -> None:
        find = finder_by_agent(learner.identifiers)
        for _ in range(ROUNDS):
            with self._store.writing() as connection:
                suspect(connection, agent_numbers(connection, learner.identifiers))
            self._erase_records(number, find, 0)
            self._erase_documents(number, learner)
            self._erase_aside(number, learner)
            if self.stopping.is_set() or self._is_nameless(learner):
                break
        if not self.stopping.is_set():
            self._spaces.clear()

    def _erase_records(self, number: int, find: Finder, beyond: int) -> None:
        eraser = Eraser(number)

        def erase(connection: Connection, enough: Callable[[], bool]) -> bool:
            nonlocal beyond
            last = eraser.erase(connection, find(connection, beyond), enough)
            beyond = beyond if last is None else last
            return last is not None

        for step in (erase, disown, unname):
            self._step_by_step(step)
        self._remove_files(number)
        with self._store.writing():
            self.rows.count(number, "aside", self._aside.drop_conflicts_of_erased())

    def _step_by_step(self, step: Callable[[Connection, Callable[[], bool]], bool]) -> None:
        """Do ``step`` until it says that nothing is left, each time in a transaction of its own."""
        more = True
        while more and not self.stopping.is_set():
            with self._store.writing() as connection:
                until_s = self._clock.monotonic_s() + STEP_S
                more = step(connection, lambda until_s=until_s: self._clock.monotonic_s() >= until_s)  # type: ignore[misc]
            if more:
                self.stopping.wait(PAUSE_S)

    def _remove_files(self, number: int) -> None:
        while names := self._unattached():

            def remove(names: list[str] = names) -> bool:
                return self._files.remove(names, self._links.referred)

            left = len(self._links.referred(names))
            self._until(remove)
            with self._store.writing() as connection:
                connection.execute(_REMOVED, (orjson.dumps(names).decode(),))
                self.rows.count(number, "attachments", len(names) - left)

    def _unattached(self) -> list[str]:
        with self._store.reading() as connection:
            return [name for (name,) in connection.execute(_UNATTACHED, (_AT_ONCE,)).fetchall()]

    def _erase_documents(self, number: int, learner: Learner) -> None:
        found = self._documents.of_agents(learner.identifiers)
        for first in range(0, len(found), _AT_ONCE):
            with self._store.writing():
                self.rows.count(number, "documents", self._documents.drop(found[first : first + _AT_ONCE]))
            self.stopping.wait(PAUSE_S)

    def _erase_aside(self, number: int, learner: Learner) -> None:
        for table, one in list(self._aside.naming(learner)):
            with self._store.writing():
                self.rows.count(number, "aside", self._aside.drop_all(table, [one]))

    def _is_nameless(self, learner: Learner) -> bool:
        """Whether no key names ``learner`` any more."""
        with self._store.snapshot() as connection:
            return not agent_numbers(connection, learner.identifiers)

    def _until(self, done: Callable[[], bool]) -> None:
        """Try until it is ``done``. Overloaded after many times."""
        for _ in range(TRIES):
            if done():
                return
            if self.stopping.wait(PAUSE_S):
                break
        raise Overloaded("what others do to the store is in the way; the erasure goes on when the server starts next")
