"""What a statement takes over from the statement that it refers to.

A query that finds a statement also finds those that refer to it (Communication 2.1.3), and a voiding statement reaches
whoever may see what it voids. So the keys and courses of a target pass to its referrers, along chains, and also
when the target comes later than they do. What was passed on stands in ``inherited``, and in ``gain`` what was passed on
late, with the place at which those who follow the log learn of it; records stay as they were written.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Collection, Iterable
from typing import NamedTuple

import orjson

from lrs.statements.keys import INHERITED_KINDS
from lrs.statements.record import Draft, Position, StatementId
from lrs.statements.sqlite.names import Names

_VOIDING = "SELECT 1 FROM void JOIN record USING (position) WHERE record.id = ?"
_EFFECTIVE = """coalesce(i.courses, r.courses), coalesce(i.keys, r.keys)
    FROM record AS r LEFT JOIN inherited AS i ON i.position = r.position"""
_AT = f"SELECT {_EFFECTIVE} WHERE r.position = ?"
_OF = f"SELECT {_EFFECTIVE} WHERE r.id = ? AND r.position <= ?"
_REFERRERS = f"""SELECT r.id, r.position, {_EFFECTIVE} JOIN reference AS f ON f.position = r.position
    WHERE f.target = ? ORDER BY r.position"""
_INHERIT = """INSERT INTO inherited (position, courses, keys, first_courses, first_keys) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (position) DO UPDATE SET courses = excluded.courses, keys = excluded.keys,
        first_courses = coalesce(first_courses, excluded.first_courses),
        first_keys = coalesce(first_keys, excluded.first_keys)"""
_GAINS = "SELECT place - at FROM gain ORDER BY place DESC LIMIT 1"
_GAIN = "INSERT INTO gain VALUES (?, ?, ?, ?, ?, ?, ?)"
_INDEX_GAIN = "INSERT INTO gain_key (rowid, keys) VALUES (?, ?)"
_UNINDEX = "INSERT INTO record_key (record_key, rowid, keys) VALUES ('delete', ?, ?)"
_REINDEX = "INSERT INTO record_key (rowid, keys) VALUES (?, ?)"


class _State(NamedTuple):
    """What a record is found by: the number of a course set, and key numbers as JSON."""

    courses: int
    keys: str


class _Gift(NamedTuple):
    """What a statement has for those that refer to it."""

    courses: frozenset[str]
    keys: set[int]


class Inheritance:
    """Passes keys on; used inside the writer's transaction, after the new records are inserted."""

    def __init__(self, connection: sqlite3.Connection, keys: Names, course_sets: Names) -> None:
        self._connection = connection
        self._keys = keys
        self._course_sets = course_sets

    def settle(self, new: Iterable[tuple[Position, Draft]], referred: Collection[StatementId]) -> None:
        """Note the references that ``new`` makes, and pass on what there is to give: one record after the other, so
        that it does not matter which of them came together.

        ``referred``: ids among the new records to which earlier ones refer.
        """
        awaited = set(referred)
        for position, draft in new:
            if draft.refers_to is not None:
                self._connection.execute("INSERT INTO reference VALUES (?, ?)", (draft.refers_to, position))
                awaited.add(draft.refers_to)
                if draft.voids:
                    self._note_void(position, draft)
                self._take(position, draft.refers_to)
            if draft.id in awaited:
                self._pass_on(position, draft.id)

    def _note_void(self, position: Position, draft: Draft) -> None:
        """A voiding statement voids its target, unless that is a voiding statement itself (Data 2.3.2)."""
        effective = self._connection.execute(_VOIDING, (draft.refers_to,)).fetchone() is None
        self._connection.execute("INSERT INTO void VALUES (?, ?, ?)", (draft.refers_to, position, effective))
        self._connection.execute("UPDATE void SET effective = 0 WHERE target = ?", (draft.id,))

    def _take(self, position: Position, target: StatementId) -> None:
        """Give the new record at ``position`` what its target has, if that is there already."""
        gift = self._gift(target, position)
        if gift is not None:
            state = _State(*self._connection.execute(_AT, (position,)).fetchone())
            self._give(gift, position, state, at=position)

    def _pass_on(self, at: Position, source: StatementId) -> None:
        """Give what the new record at ``at`` has to those that refer to it, and to those that refer to them."""
        targets = deque([source])
        gains: list[tuple[Position, _State, _State]] = []
        while targets:
            target = targets.popleft()
            gift = self._gift(target, at)
            assert gift is not None
            for referrer, position, *columns in self._connection.execute(_REFERRERS, (target,)).fetchall():
                before = _State(*columns)
                after = self._give(gift, position, before, at=at)
                if after is None:
                    continue
                targets.append(referrer)
                if position < at:
                    gains.append((position, after, before))
        if gains:
            self._note_gains(at, sorted(gains))

    def _note_gains(self, at: Position, gains: Iterable[tuple[Position, _State, _State]]) -> None:
        """Give places to ``gains``, of records that are found by more since the one at ``at`` has arrived."""
        (known,) = self._connection.execute(_GAINS).fetchone() or (0,)
        for place, (position, after, before) in enumerate(gains, at + known + 1):
            self._connection.execute(_GAIN, (place, at, position, *after, *before))
            self._connection.execute(_INDEX_GAIN, (place, index_terms(after.keys)))

    def _gift(self, target: StatementId, at: Position) -> _Gift | None:
        """What ``target`` has to give when the record at ``at`` arrives; None when it is not there by then."""
        row = self._connection.execute(_OF, (target, at)).fetchone()
        if row is None:
            return None
        numbers = orjson.loads(row[1])
        names = self._keys.names(self._connection, numbers)
        return _Gift(self._courses(row[0]), {number for number in numbers if names[number][0] in INHERITED_KINDS})

    def _give(self, gift: _Gift, position: Position, before: _State, *, at: Position) -> _State | None:
        """Have the record at ``position`` go by ``gift`` too; None when it did before."""
        keys, courses = set(orjson.loads(before.keys)), self._courses(before.courses)
        if gift.keys <= keys and gift.courses <= courses:
            return None
        text = courses_text(courses | gift.courses)
        after = _State(self._course_sets.enter(self._connection, [text])[text], keys_text(keys | gift.keys))
        # What it has when it is stored is no gain.
        first = before if position < at else (None, None)
        self._connection.execute(_INHERIT, (position, *after, *first))
        self._connection.execute(_UNINDEX, (position, index_terms(before.keys)))
        self._connection.execute(_REINDEX, (position, index_terms(after.keys)))
        return after

    def _courses(self, course_set: int) -> frozenset[str]:
        return courses_of(self._course_sets.names(self._connection, [course_set])[course_set])


def courses_text(courses: Iterable[str]) -> str:
    """The name of a course set: a JSON array, sorted, so that equal sets have equal names."""
    return orjson.dumps(sorted(courses)).decode()


def courses_of(text: str) -> frozenset[str]:
    """The courses in the name of a course set."""
    return frozenset(orjson.loads(text))


def keys_text(numbers: Iterable[int]) -> str:
    """Key numbers as a record holds them: a JSON array, sorted."""
    return orjson.dumps(sorted(numbers)).decode()


def index_terms(keys: str) -> str:
    """The same as the index wants them: words."""
    return keys[1:-1].replace(",", " ")
