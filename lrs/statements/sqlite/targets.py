"""What there is to be taken over from a statement, and from what that refers to in its turn."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

import orjson

from lrs.limits import INHERITED_KEYS_MAX, REFERENCE_DEPTH_MAX
from lrs.statements.keys import INHERITED_KINDS
from lrs.statements.record import Position, StatementId
from lrs.statements.sqlite.names import Names

# A record by its id, and what it refers to.
_RECORD = """SELECT r.position, r.courses, r.keys, (SELECT f.target FROM reference AS f WHERE f.position = r.position)
    FROM record AS r WHERE r.id = ?"""
_REMEMBERED_MAX = 1_000


class Taken(NamedTuple):
    """Courses and the numbers of keys."""

    courses: frozenset[str]
    keys: frozenset[int]


class _Target(NamedTuple):
    """A record as those see it that refer to it; ``refers_to`` is its own target."""

    position: Position
    has: Taken
    refers_to: StatementId | None


NOTHING = Taken(frozenset(), frozenset())


class Targets:
    """Reads targets; a record never changes, so those seen last are remembered."""

    def __init__(self, connection: sqlite3.Connection, keys: Names, course_sets: Names) -> None:
        self._connection = connection
        self._keys = keys
        self._course_sets = course_sets
        self._remembered: dict[StatementId, _Target] = {}

    def taken(self, target: StatementId, at: Position) -> Taken:
        """What a statement that refers to ``target`` takes over as soon as the record at ``at`` is there.

        That is what the target has itself, and what its targets have, ``REFERENCE_DEPTH_MAX`` references deep. It ends
        before the first with which it would be more than ``INHERITED_KEYS_MAX`` keys. So, in whatever order they
        come, it only grows, and is the same in the end.
        """
        taken = NOTHING
        for _ in range(REFERENCE_DEPTH_MAX):
            found = self._find(target, at)
            if found is None:
                break
            keys = taken.keys | found.has.keys
            if len(keys) > INHERITED_KEYS_MAX:
                break
            taken = Taken(taken.courses | found.has.courses, keys)
            if found.refers_to is None:
                break
            target = found.refers_to
        return taken

    def forget(self) -> None:
        """What was remembered may not have come to be."""
        self._remembered.clear()

    def _find(self, statement_id: StatementId, at: Position) -> _Target | None:
        known = self._remembered.get(statement_id)
        if known is not None:
            return known if known.position <= at else None
        row = self._connection.execute(_RECORD, (statement_id,)).fetchone()
        # What comes later in the same commit is not there yet, nor known is what it refers to.
        if row is None or row[0] > at:
            return None
        position, course_set, text, refers_to = row
        numbers = orjson.loads(text)
        names = self._keys.names(self._connection, numbers)
        keys = frozenset(number for number in numbers if names[number][0] in INHERITED_KINDS)
        courses = frozenset(orjson.loads(self._course_sets.names(self._connection, [course_set])[course_set]))
        found = _Target(position, Taken(courses, keys), refers_to)
        if len(self._remembered) >= _REMEMBERED_MAX:
            self._remembered.clear()
        self._remembered[statement_id] = found
        return found
