"""The committer of the log: one transaction for a group of appends.

Positions, ``stored`` and the chain are given here, inside the transaction, so positions have no gaps and never show
themselves out of order (invariants 1 and 9).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import chain as joined

from lrs.errors import LrsError
from lrs.limits import DEFAULT_LIMITS
from lrs.statements.chain import GENESIS, link
from lrs.statements.record import Append, Position
from lrs.statements.sqlite.inherit import Inheritance, courses_text, keys_text
from lrs.statements.sqlite.names import Names
from lrs.statements.sqlite.packing import Packer, Unpacker
from lrs.statements.sqlite.place import Group, Placer
from lrs.statements.sqlite.terms import index_text, sides
from lrs.storage.horizon import Horizon
from lrs.storage.sqlite import transaction
from lrs.xapi.timestamps import format_us

_ERASED = "SELECT records, names FROM erased_state"
_HEAD = "SELECT position, stored, chain FROM record ORDER BY position DESC LIMIT 1"
_RECORD = "INSERT INTO record (position, id, stored, courses, keys, chain, payload)"
_EVENT = "INSERT OR IGNORE INTO event"
WRITER_CACHE_KIB = 8 * 1024
INSERTED_ROWS_MAX = 64
_INDEX = "INSERT INTO record_key (rowid, keys)"
# A statement may name the same data more than once; its first name for it counts.
_ATTACHMENT = "INSERT OR IGNORE INTO attachment (position, sha2, content_type) VALUES (?, ?, ?)"
_REPEAT = "INSERT INTO repeat VALUES (?, 1) ON CONFLICT (position) DO UPDATE SET times = times + 1"
_CONFLICT = "INSERT INTO conflict (position, received, body) VALUES (?, ?, ?)"
_QUARANTINE = "INSERT INTO quarantine (received, consumer, version, reason, body) VALUES (?, ?, ?, ?, ?)"


class Appender:
    """``lrs.storage.writer.Committer`` of the log; used by one thread only."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        horizon: Horizon,
        keys: Names,
        course_sets: Names,
        *,
        late_max: int = DEFAULT_LIMITS.late_inheritance_max,
    ) -> None:
        self._connection = connection
        self._horizon = horizon
        self._keys = keys
        self._course_sets = course_sets
        self._inheritance = Inheritance(connection, keys, course_sets, late_max=late_max)
        self._packer = Packer(connection)
        self._unpacker = Unpacker()
        self._erased = 0
        self.written = 0, 0, 0
        """Of the last commit: new statements, conflicts, and what was set aside."""

    @property
    def unfinished(self) -> bool:
        """Whether a commit should follow also when nobody appends."""
        return self._inheritance.owes

    def __call__(self, jobs: Sequence[Append], /) -> Sequence[Sequence[Position] | LrsError]:
        """One outcome for each append: the positions of its drafts, or the Conflict that refused it whole."""
        try:
            with self._horizon.writing() as earliest_us, transaction(self._connection):
                return self._commit(jobs, earliest_us)
        except BaseException:
            self._keys.forget()
            self._course_sets.forget()
            self._inheritance.forget()
            raise

    def _commit(self, jobs: Sequence[Append], earliest_us: int) -> Sequence[Sequence[Position] | LrsError]:
        erased, names = self._connection.execute(_ERASED).fetchone()
        if erased != self._erased:
            self._erased = erased
            self._inheritance.forget()
        self._keys.renew(names)
        head, head_stored_us, chain = self._connection.execute(_HEAD).fetchone() or (0, 0, GENESIS)
        self._inheritance.go_on(Position(head))
        placer = Placer(self._connection, self._unpacker, jobs, head + 1)
        outcomes = [placer.decide(job) for job in jobs]
        group = placer.group
        stored_us = max(earliest_us, head_stored_us + 1)
        if group.new:
            self._write(group, stored_us, chain)
            self._inheritance.settle(group.placed(), group.referred & group.position_of.keys())
        self._write_beside(group, stored_us)
        self.written = len(group.new), len(group.conflicts), len(group.set_aside)
        return outcomes

    def _write(self, group: Group, stored_us: int, chain: bytes) -> None:
        """Insert the new records and index them."""
        stored = format_us(stored_us).encode()
        ending = b',"stored":"%b"}' % stored
        ending_with_timestamp = b',"timestamp":"%b","stored":"%b"}' % (stored, stored)
        keys = self._keys.enter(self._connection, set().union(*(draft.keys for draft in group.new)))
        texts = {courses: courses_text(courses) for courses in {draft.courses for draft in group.new}}
        sets = self._course_sets.enter(self._connection, texts.values())
        payloads = [draft.body + (ending_with_timestamp if draft.lacks_timestamp else ending) for draft in group.new]
        paired = sides(keys.items())
        rows = []
        terms: list[tuple[Position, str]] = []
        attachments: list[tuple[Position, str, str]] = []
        for (position, draft), payload, packed in zip(
            group.placed(), payloads, self._packer.pack_all(payloads), strict=True
        ):
            chain = link(chain, position, draft.id, stored_us, payload)
            numbers = [keys[name] for name in draft.keys]
            text = keys_text(numbers)
            rows.append((position, draft.id, stored_us, sets[texts[draft.courses]], text, chain, packed))
            terms.append((position, index_text(text, numbers, paired)))
            if draft.attachments:
                attachments += [(position, one.sha2, one.content_type) for one in draft.attachments if one.came]
        self._insert(_RECORD, rows)
        if attachments:
            self._connection.executemany(_ATTACHMENT, attachments)
        self._insert(_INDEX, terms)
        if group.events:
            # In their order, so that each page of their index is changed once, however many of them are in it.
            self._insert(_EVENT, sorted(group.events.items()))

    def _insert(self, into: str, rows: Sequence[Sequence[object]]) -> None:
        """Insert many rows by one statement, because after each statement the interpreter's lock must be waited for."""
        row = f"({', '.join('?' * len(rows[0]))})"
        for start in range(0, len(rows), INSERTED_ROWS_MAX):
            part = rows[start : start + INSERTED_ROWS_MAX]
            self._connection.execute(f"{into} VALUES {', '.join([row] * len(part))}", [*joined.from_iterable(part)])

    def _write_beside(self, group: Group, now_us: int) -> None:
        """Keep what trusted writers sent and is not in the log (invariant 11), and count what they sent again."""
        if group.repeats:
            self._connection.executemany(_REPEAT, [(position,) for position in group.repeats])
        if group.conflicts:
            rows = [(position, now_us, draft.body + b"}") for position, draft in group.conflicts]
            self._connection.executemany(_CONFLICT, rows)
        if group.set_aside:
            aside = [(now_us, one.consumer, one.version, one.reason, one.body) for one in group.set_aside]
            self._connection.executemany(_QUARANTINE, aside)
