"""Which drafts of a group are new, which are stored already, and which can't be: decided before anything is written."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from lrs.errors import Conflict, LrsError
from lrs.statements.events import EVENT_KEY_BYTES, same_event
from lrs.statements.record import Append, Draft, Position, SetAside, StatementId
from lrs.statements.sqlite.packing import Unpacker
from lrs.xapi.equivalent import equivalent

# One statement looks up all ids of a group: ?1 is the ids joined, ?2 the JSON array of where each begins in it. Only an
# id that is known gives a row, because each row costs a change of threads, and most groups bring nothing but new ids.
_KNOWN = """SELECT i.id, r.position, EXISTS (SELECT 1 FROM reference AS f WHERE f.target = i.id), r.payload = x''
    FROM (SELECT substr(?1, value, 16) AS id FROM json_each(?2)) AS i LEFT JOIN record AS r ON r.id = i.id
    WHERE r.position IS NOT NULL OR EXISTS (SELECT 1 FROM reference AS f WHERE f.target = i.id)"""
_EVENTS = """SELECT e.event, e.position FROM json_each(?2) AS i JOIN event AS e ON e.event = substr(?1, i.value, 16)"""
_PAYLOAD = "SELECT payload FROM record WHERE position = ?"

Same = Callable[[Any, Any], bool]


@dataclass(slots=True)
class Group:
    """What a transaction is going to write: new drafts at the positions from ``first`` on, and what goes beside.

    ``repeats``: positions of what came again; ``conflicts``: (position kept, draft not stored).
    """

    first: int
    new: list[Draft] = field(default_factory=list)
    position_of: dict[StatementId, Position] = field(default_factory=dict)
    events: dict[bytes, Position] = field(default_factory=dict)
    referred: set[StatementId] = field(default_factory=set)
    repeats: list[Position] = field(default_factory=list)
    conflicts: list[tuple[Position, Draft]] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)

    def placed(self) -> Iterable[tuple[Position, Draft]]:
        """The new drafts with their positions."""
        return ((Position(number), draft) for number, draft in enumerate(self.new, self.first))

    def draft_at(self, position: Position) -> Draft | None:
        """The new draft at ``position``; None for what was stored before."""
        return self.new[position - self.first] if position >= self.first else None

    def add(self, draft: Draft) -> Position:
        position = Position(self.first + len(self.new))
        self.new.append(draft)
        self.position_of[draft.id] = position
        if draft.event_key is not None:
            self.events.setdefault(draft.event_key, position)
        return position

    def forget_from(self, count: int) -> None:
        """Take back all but the first ``count`` new drafts."""
        for draft in self.new[count:]:
            del self.position_of[draft.id]
            if draft.event_key is not None and self.events.get(draft.event_key, 0) >= self.first + count:
                del self.events[draft.event_key]
        del self.new[count:]


class Placer:
    """Decides for one group, inside its transaction."""

    def __init__(self, connection: sqlite3.Connection, unpacker: Unpacker, jobs: Sequence[Append], first: int) -> None:
        self._connection = connection
        self._unpacker = unpacker
        self.group = Group(first)
        drafts = [draft for job in jobs for draft in job.drafts]
        self._stored: dict[StatementId, Position] = {}
        self._erased: set[Position] = set()
        for statement_id, position, referred, erased in self._look_up(_KNOWN, [draft.id for draft in drafts], 16):
            if position is not None:
                self._stored[statement_id] = position
            if erased:
                self._erased.add(position)
            if referred:
                self.group.referred.add(statement_id)
        events = [draft.event_key for draft in drafts if draft.event_key is not None]
        self._stored_events: dict[bytes, Position] = dict(self._look_up(_EVENTS, events, EVENT_KEY_BYTES))

    def decide(self, job: Append) -> Sequence[Position] | LrsError:
        """Places for all drafts of one job, or the Conflict that refuses it."""
        count = len(self.group.new)
        try:
            positions = [self._place(draft, lenient=job.lenient) for draft in job.drafts]
        except Conflict as conflict:
            self.group.forget_from(count)
            return conflict
        self.group.set_aside += job.set_aside
        return positions

    def _look_up(self, sql: str, keys: Sequence[bytes], size: int) -> list[Any]:
        if not keys:
            return []
        starts = orjson.dumps(list(range(1, size * len(keys) + 1, size))).decode()
        return self._connection.execute(sql, (b"".join(keys), starts)).fetchall()

    def _place(self, draft: Draft, *, lenient: bool) -> Position:
        """The position of ``draft``: the next one, or that of its equal; Conflict when its id holds something else."""
        position = self._stored.get(draft.id) or self.group.position_of.get(draft.id)
        if position in self._erased:
            # Its content is gone, so nobody can say whether this is the same; nor should it come back.
            if not lenient:
                raise Conflict(f"statement {_id(draft)} was erased, and is not stored again")
            self.group.repeats.append(position)
            return position
        if position is not None:
            if self._is_at(position, draft, same_event if lenient else equivalent):
                if lenient:
                    self.group.repeats.append(position)
            elif lenient:
                self.group.conflicts.append((position, draft))
            else:
                # Data 2.3.1 and Communication 2.1.1: an id never changes its statement.
                raise Conflict(f"statement {_id(draft)} is already stored with another content; it was left as it is")
            return position
        if draft.event_key is not None:
            twin = self._stored_events.get(draft.event_key) or self.group.events.get(draft.event_key)
            if twin is not None and self._is_at(twin, draft, same_event):
                self.group.repeats.append(twin)
                return twin
        return self.group.add(draft)

    def _is_at(self, position: Position, draft: Draft, same: Same) -> bool:
        """Whether what is, or is going to be, at ``position`` is the ``same`` as ``draft``."""
        there = self.group.draft_at(position)
        if there is not None:
            payload = there.body + b"}"
        else:
            (packed,) = self._connection.execute(_PAYLOAD, (position,)).fetchone()
            payload = self._unpacker.unpack(self._connection, packed)
        return same(orjson.loads(draft.body + b"}"), orjson.loads(payload))


def _id(draft: Draft) -> str:
    """The id as the statement has it."""
    return str(orjson.loads(draft.body + b"}")["id"])
