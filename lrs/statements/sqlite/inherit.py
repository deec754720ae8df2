"""What a statement takes over from the statement that it refers to.

A query that finds a statement also finds those that refer to it (Communication 2.1.3), and a voiding statement reaches
whoever may see what it voids. So the keys and courses of a target pass to its referrers, along chains, and also
when the target comes later than they do. What was passed on stands in ``inherited``, and in ``gain`` what was passed on
late, with the place at which those who follow the log learn of it; records stay as they were written.

Any number of statements may refer to one that is not there yet, and when it comes, all of them are found by more. The
writer does so many in one commit as ``late_inheritance_max`` says; what is left stands in ``owed``, for the next ones.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import NamedTuple

import orjson

from lrs.limits import REFERENCE_DEPTH_MAX
from lrs.statements.record import Draft, Position, StatementId
from lrs.statements.sqlite.names import Names
from lrs.statements.sqlite.targets import Taken, Targets
from lrs.statements.sqlite.terms import stored_text

_EFFECTIVE = "coalesce(i.courses, r.courses), coalesce(i.keys, r.keys)"
_AT = f"SELECT {_EFFECTIVE} FROM record AS r LEFT JOIN inherited AS i ON i.position = r.position WHERE r.position = ?"
_REFERRERS = f"""SELECT r.id, r.position, EXISTS (SELECT 1 FROM reference AS g WHERE g.target = r.id), {_EFFECTIVE}
    FROM reference AS f JOIN record AS r ON r.position = f.position LEFT JOIN inherited AS i ON i.position = f.position
    WHERE f.target = ? AND f.position > ? ORDER BY f.position LIMIT ?"""
_INHERIT = """INSERT INTO inherited (position, courses, keys, first_courses, first_keys) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (position) DO UPDATE SET courses = excluded.courses, keys = excluded.keys,
        first_courses = coalesce(first_courses, excluded.first_courses),
        first_keys = coalesce(first_keys, excluded.first_keys)"""
_OWE = "INSERT INTO owed (target, beyond, depth) VALUES (?, ?, ?)"
_OWES = "SELECT EXISTS (SELECT 1 FROM owed)"
_OWED = "DELETE FROM owed WHERE number = (SELECT min(number) FROM owed) RETURNING target, beyond, depth"
_GAINS = "SELECT place - at FROM gain ORDER BY place DESC LIMIT 1"
_GAIN = "INSERT INTO gain VALUES (?, ?, ?, ?, ?, ?, ?)"
_INDEX_GAIN = "INSERT INTO gain_key (rowid, keys) VALUES (?, ?)"
_UNINDEX = "INSERT INTO record_key (record_key, rowid, keys) VALUES ('delete', ?, ?)"
_REINDEX = "INSERT INTO record_key (rowid, keys) VALUES (?, ?)"


class _State(NamedTuple):
    """What a record is found by: the number of a course set, and key numbers as JSON."""

    courses: int
    keys: str


class _Owed(NamedTuple):
    """Those who refer to ``target`` from positions after ``beyond`` have something to take over; and so have those who
    refer to them, ``depth`` references deep in all.
    """

    target: StatementId
    beyond: int
    depth: int


class Inheritance:
    """Passes keys on; used inside the writer's transaction. ``late_max``: how many records may inherit late in one."""

    def __init__(self, connection: sqlite3.Connection, keys: Names, course_sets: Names, *, late_max: int) -> None:
        self._connection = connection
        self._keys = keys
        self._course_sets = course_sets
        self._targets = Targets(connection, keys, course_sets)
        self._late_max = late_max
        self._left = late_max
        self.owes = owes(connection)
        """Whether something is left to do, for a transaction that has nothing else to do."""

    def go_on(self, at: Position) -> None:
        """Begin a transaction with what earlier ones have left; ``at``: the newest record.

        Half of the allowance is kept for what comes now.
        """
        self._left = self._late_max
        if self.owes:
            kept = self._late_max // 2
            while self._left > kept:
                row = self._connection.execute(_OWED).fetchone()
                if row is None:
                    self.owes = False
                    return
                self._pass_on(at, deque([_Owed(*row)]), kept=kept)

    def settle(self, new: Iterable[tuple[Position, Draft]], referred: Collection[StatementId]) -> None:
        """Note the references that ``new`` makes, and pass on what there is to give: one record after the other, so
        that it does not matter which of them came together. The new records are inserted by now.

        ``referred``: ids among the new records to which earlier ones refer.
        """
        awaited = set(referred)
        for position, draft in new:
            if draft.refers_to is not None:
                self._connection.execute("INSERT INTO reference VALUES (?, ?)", (draft.refers_to, position))
                awaited.add(draft.refers_to)
                if draft.voids:
                    self._connection.execute("INSERT INTO void VALUES (?, ?)", (draft.refers_to, position))
                self._take(position, draft.refers_to)
            if draft.id in awaited:
                self._pass_on(position, deque([_Owed(draft.id, 0, REFERENCE_DEPTH_MAX)]))

    def forget(self) -> None:
        """The transaction has failed."""
        self._targets.forget()
        self.owes = True

    def _take(self, position: Position, target: StatementId) -> None:
        """Give the new record at ``position`` what its target has, if that is there already."""
        taken = self._targets.taken(target, position)
        if taken.keys:
            state = _State(*self._connection.execute(_AT, (position,)).fetchone())
            self._give(taken, position, state, at=position)

    def _pass_on(self, at: Position, owed: deque[_Owed], *, kept: int = 0) -> None:
        """Do what is ``owed`` since the record at ``at`` is there, and note the rest.

        The rest is what there is when only ``kept`` is left of the allowance.
        """
        gains: list[tuple[Position, _State, _State]] = []
        while owed and self._left > kept:
            target, beyond, depth = owed.popleft()
            wanted = self._left - kept
            rows = self._connection.execute(_REFERRERS, (target, beyond, wanted)).fetchall()
            self._left -= max(1, len(rows))
            if len(rows) == wanted:
                owed.append(_Owed(target, rows[-1][1], depth))
            taken = self._targets.taken(target, at)
            for referrer, position, referred, *columns in rows:
                before = _State(*columns)
                after = self._give(taken, position, before, at=at)
                if after is not None and position < at:
                    gains.append((position, after, before))
                if referred and depth > 1:
                    owed.append(_Owed(referrer, 0, depth - 1))
        if gains:
            self._note_gains(at, sorted(gains))
        if owed:
            self._connection.executemany(_OWE, owed)
            self.owes = True

    def _note_gains(self, at: Position, gains: Iterable[tuple[Position, _State, _State]]) -> None:
        """Give places to ``gains``, of records that are found by more since the one at ``at`` has arrived."""
        (known,) = self._connection.execute(_GAINS).fetchone() or (0,)
        for place, (position, after, before) in enumerate(gains, at + known + 1):
            self._connection.execute(_GAIN, (place, at, position, *after, *before))
            self._connection.execute(_INDEX_GAIN, (place, self._terms(after)))

    def _give(self, taken: Taken, position: Position, before: _State, *, at: Position) -> _State | None:
        """Have the record at ``position`` go by what it takes over too; None when it did before."""
        keys = set(orjson.loads(before.keys))
        courses = courses_of(self._course_sets.names(self._connection, [before.courses])[before.courses])
        if taken.keys <= keys and taken.courses <= courses:
            return None
        text = courses_text(courses | taken.courses)
        after = _State(self._course_sets.enter(self._connection, [text])[text], keys_text(keys | taken.keys))
        # What it has when it is stored is no gain.
        first = before if position < at else (None, None)
        self._connection.execute(_INHERIT, (position, *after, *first))
        self._connection.execute(_UNINDEX, (position, self._terms(before)))
        self._connection.execute(_REINDEX, (position, self._terms(after)))
        return after

    def _terms(self, state: _State) -> str:
        return stored_text(self._connection, self._keys, state.keys)


def courses_text(courses: Iterable[str]) -> str:
    """The name of a course set: a JSON array, sorted, so that equal sets have equal names."""
    return orjson.dumps(sorted(courses)).decode()


@lru_cache(maxsize=10_000)
def courses_of(text: str) -> frozenset[str]:
    """The courses in the name of a course set."""
    return frozenset(orjson.loads(text))


def owes(connection: sqlite3.Connection) -> bool:
    """Whether something is left to be passed on."""
    (found,) = connection.execute(_OWES).fetchone()
    return bool(found)


def keys_text(numbers: Iterable[int]) -> str:
    """Key numbers as a record holds them: a JSON array, sorted."""
    return orjson.dumps(sorted(numbers)).decode()
