"""The committer of the log: one transaction for a group of appends.

Positions, ``stored`` and the chain are given here, inside the transaction, so positions have no gaps and never show
themselves out of order (invariants 1 and 9).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from lrs.errors import Conflict, LrsError
from lrs.statements.chain import GENESIS, link
from lrs.statements.record import Draft, Position, StatementId
from lrs.statements.sqlite.inherit import Inheritance, courses_text, keys_text
from lrs.statements.sqlite.names import Names
from lrs.storage.horizon import Horizon
from lrs.storage.sqlite import transaction
from lrs.xapi.equivalent import equivalent
from lrs.xapi.timestamps import format_us

_HEAD = "SELECT position, stored, chain FROM record ORDER BY position DESC LIMIT 1"
# One statement looks up all ids of a group: ?1 is the ids joined, ?2 the JSON array of where each begins in it.
_KNOWN = """SELECT i.id, r.position, EXISTS (SELECT 1 FROM reference AS f WHERE f.target = i.id)
    FROM (SELECT substr(?1, value, 16) AS id FROM json_each(?2)) AS i LEFT JOIN record AS r ON r.id = i.id"""
_PAYLOAD = "SELECT payload FROM record WHERE position = ?"
_INSERT = "INSERT INTO record (position, id, stored, courses, keys, chain, payload) VALUES (?, ?, ?, ?, ?, ?, ?)"
# The index is filled from the rows just written, in one statement: the interpreter is free for others meanwhile.
_INDEX = """INSERT INTO record_key (rowid, keys)
    SELECT position, replace(substr(keys, 2, length(keys) - 2), ',', ' ') FROM record WHERE position > ?"""


@dataclass(slots=True)
class _Group:
    """What a transaction has decided: the drafts that are new, at the positions from ``first`` on."""

    first: int
    new: list[Draft] = field(default_factory=list)
    position_of: dict[StatementId, Position] = field(default_factory=dict)

    def draft_at(self, position: Position) -> Draft:
        return self.new[position - self.first]

    def add(self, draft: Draft) -> Position:
        position = Position(self.first + len(self.new))
        self.new.append(draft)
        self.position_of[draft.id] = position
        return position

    def forget_from(self, count: int) -> None:
        """Take back all but the first ``count`` drafts."""
        for draft in self.new[count:]:
            del self.position_of[draft.id]
        del self.new[count:]


class Appender:
    """``lrs.storage.writer.Committer`` of the log; used by the writer's thread only."""

    def __init__(self, connection: sqlite3.Connection, horizon: Horizon, keys: Names, course_sets: Names) -> None:
        self._connection = connection
        self._horizon = horizon
        self._keys = keys
        self._course_sets = course_sets
        self._inheritance = Inheritance(connection, keys, course_sets)

    def __call__(self, jobs: Sequence[Sequence[Draft]], /) -> Sequence[Sequence[Position] | LrsError]:
        """One outcome for each append: the positions of its drafts, or the Conflict that refused it whole."""
        try:
            with self._horizon.writing() as earliest_us, transaction(self._connection):
                return self._commit(jobs, earliest_us)
        except BaseException:
            self._keys.forget()
            self._course_sets.forget()
            raise

    def _commit(self, jobs: Sequence[Sequence[Draft]], earliest_us: int) -> Sequence[Sequence[Position] | LrsError]:
        head, head_stored_us, chain = self._connection.execute(_HEAD).fetchone() or (0, 0, GENESIS)
        known, referred = self._known([draft.id for job in jobs for draft in job])
        group = _Group(head + 1)
        outcomes = [self._decide(job, group, known) for job in jobs]
        if group.new:
            self._write(group, max(earliest_us, head_stored_us + 1), chain)
        if referred or any(draft.refers_to is not None for draft in group.new):
            placed = [(position, group.draft_at(position)) for position in group.position_of.values()]
            self._inheritance.settle(placed, referred & group.position_of.keys())
        return outcomes

    def _known(self, ids: Sequence[StatementId]) -> tuple[dict[StatementId, Position], set[StatementId]]:
        """(positions of those ids that are stored, those ids that a stored statement refers to)."""
        starts = orjson.dumps(list(range(1, 16 * len(ids) + 1, 16))).decode()
        rows = self._connection.execute(_KNOWN, (b"".join(ids), starts)).fetchall()
        positions = {statement_id: position for statement_id, position, _ in rows if position is not None}
        return positions, {statement_id for statement_id, _, referred in rows if referred}

    def _decide(
        self, job: Sequence[Draft], group: _Group, known: dict[StatementId, Position]
    ) -> Sequence[Position] | LrsError:
        """Places for all drafts of one append, or none of them."""
        count = len(group.new)
        try:
            return [self._place(draft, group, known) for draft in job]
        except Conflict as conflict:
            group.forget_from(count)
            return conflict

    def _place(self, draft: Draft, group: _Group, known: dict[StatementId, Position]) -> Position:
        """The position of ``draft``: the next one, or that of its equal; Conflict when its id holds something else."""
        if draft.id in known:
            position = known[draft.id]
            (payload,) = self._connection.execute(_PAYLOAD, (position,)).fetchone()
            _require_equal(draft, orjson.loads(payload))
            return position
        if draft.id in group.position_of:
            position = group.position_of[draft.id]
            _require_equal(draft, _statement(group.draft_at(position)))
            return position
        return group.add(draft)

    def _write(self, group: _Group, stored_us: int, chain: bytes) -> None:
        """Insert the new records and index them."""
        stored = format_us(stored_us).encode()
        ending = b',"stored":"%b"}' % stored
        ending_with_timestamp = b',"timestamp":"%b","stored":"%b"}' % (stored, stored)
        keys = self._keys.enter(self._connection, set().union(*(draft.keys for draft in group.new)))
        sets = self._course_sets.enter(self._connection, {courses_text(draft.courses) for draft in group.new})
        rows = []
        for position, draft in enumerate(group.new, group.first):
            payload = draft.body + (ending_with_timestamp if draft.lacks_timestamp else ending)
            chain = link(chain, position, draft.id, stored_us, payload)
            numbers = keys_text([keys[name] for name in draft.keys])
            rows.append((position, draft.id, stored_us, sets[courses_text(draft.courses)], numbers, chain, payload))
        self._connection.executemany(_INSERT, rows)
        self._connection.execute(_INDEX, (group.first - 1,))


def _statement(draft: Draft) -> Any:
    return orjson.loads(draft.body + b"}")


def _require_equal(draft: Draft, stored: Any) -> None:
    """Data 2.3.1 and Communication 2.1.1: an id never changes its statement; sent again unchanged is no error."""
    if not equivalent(_statement(draft), stored):
        raise Conflict(f"statement {stored['id']} is already stored with another content; it was left as it is")
