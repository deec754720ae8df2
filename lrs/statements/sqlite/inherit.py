"""What a statement takes over from the statement that it refers to.

A query that finds a statement also finds those that refer to it (Communication 2.1.3), and a voiding statement reaches
whoever may see what it voids. So the keys and courses of a target pass to its referrers, along chains, and also
when the target comes later than they do. What was passed on stands in ``inherited``; records stay as they were written.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterable, Sequence

import orjson

from lrs.statements.keys import INHERITED_KINDS
from lrs.statements.record import Draft, Position, StatementId
from lrs.statements.sqlite.names import Names

_VOIDING = "SELECT 1 FROM void JOIN record USING (position) WHERE record.id = ?"
_EFFECTIVE = """SELECT coalesce(i.keys, r.keys), coalesce(i.courses, r.courses)
    FROM record AS r LEFT JOIN inherited AS i USING (position) WHERE r.id = ?"""
_REFERRERS = """SELECT r.id, r.position, coalesce(i.keys, r.keys), coalesce(i.courses, r.courses)
    FROM reference AS f JOIN record AS r USING (position) LEFT JOIN inherited AS i USING (position)
    WHERE f.target = ?"""
_UNINDEX = "INSERT INTO record_key (record_key, rowid, keys) VALUES ('delete', ?, ?)"
_REINDEX = "INSERT INTO record_key (rowid, keys) VALUES (?, ?)"


class Inheritance:
    """Passes keys on; used inside the writer's transaction, after the new records are inserted."""

    def __init__(self, connection: sqlite3.Connection, keys: Names, course_sets: Names) -> None:
        self._connection = connection
        self._keys = keys
        self._course_sets = course_sets

    def settle(self, new: Iterable[tuple[Position, Draft]], referred: Iterable[StatementId]) -> None:
        """Note the references that ``new`` makes, and pass on what their targets have to give.

        ``referred``: ids among the new records to which earlier ones refer.
        """
        targets = deque(dict.fromkeys(referred))
        for position, draft in new:
            if draft.refers_to is not None:
                self._connection.execute("INSERT INTO reference VALUES (?, ?)", (draft.refers_to, position))
                targets.append(draft.refers_to)
            if draft.voids:
                self._note_void(position, draft)
        while targets:
            targets.extend(self._pass_on(targets.popleft()))

    def _note_void(self, position: Position, draft: Draft) -> None:
        """A voiding statement voids its target, unless that is a voiding statement itself (Data 2.3.2)."""
        effective = self._connection.execute(_VOIDING, (draft.refers_to,)).fetchone() is None
        self._connection.execute("INSERT INTO void VALUES (?, ?, ?)", (draft.refers_to, position, effective))
        self._connection.execute("UPDATE void SET effective = 0 WHERE target = ?", (draft.id,))

    def _pass_on(self, target: StatementId) -> list[StatementId]:
        """Give what ``target`` has to those that refer to it; returns the ids of those that gained something."""
        row = self._connection.execute(_EFFECTIVE, (target,)).fetchone()
        if row is None:
            return []
        given_keys = self._inheritable(orjson.loads(row[0]))
        given_courses = self._courses(row[1])
        gained = []
        for referrer, position, keys_text, course_set in self._connection.execute(_REFERRERS, (target,)).fetchall():
            keys, courses = set(orjson.loads(keys_text)), self._courses(course_set)
            if given_keys <= keys and given_courses <= courses:
                continue
            self._rewrite(position, keys_text, keys | given_keys, courses | given_courses)
            gained.append(referrer)
        return gained

    def _inheritable(self, numbers: Sequence[int]) -> set[int]:
        names = self._keys.names(self._connection, numbers)
        return {number for number in numbers if names[number][0] in INHERITED_KINDS}

    def _courses(self, course_set: int) -> frozenset[str]:
        return courses_of(self._course_sets.names(self._connection, [course_set])[course_set])

    def _rewrite(self, position: Position, old_keys: str, keys: set[int], courses: frozenset[str]) -> None:
        """Store what the record at ``position`` now goes by, and index it anew."""
        text = courses_text(courses)
        numbers = self._course_sets.enter(self._connection, [text])
        new_keys = keys_text(keys)
        self._connection.execute(
            "INSERT OR REPLACE INTO inherited VALUES (?, ?, ?)", (position, numbers[text], new_keys)
        )
        self._connection.execute(_UNINDEX, (position, index_terms(old_keys)))
        self._connection.execute(_REINDEX, (position, index_terms(new_keys)))


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
