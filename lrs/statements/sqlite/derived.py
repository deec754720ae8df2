"""Proof that what was made from the log agrees with it: references, inheritance, gains, key index, events, attachments.

All of it could be made again from the records, and a fault in it alters none of them; but readers are answered by it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import zip_longest
from typing import Any
from uuid import UUID

import orjson

from lrs.errors import StoreCorrupt
from lrs.statements.events import event_key
from lrs.statements.keys import VOIDED
from lrs.statements.record import Position
from lrs.statements.sqlite.indexed import check_indexes
from lrs.statements.sqlite.inherit import courses_of
from lrs.statements.sqlite.names import Names
from lrs.statements.sqlite.packing import Unpacker
from lrs.statements.sqlite.targets import Targets

_ROWS_AT_ONCE = 500
_PAYLOADS = "SELECT position, payload FROM record WHERE payload <> x'' ORDER BY position"
# Whatever refers to a statement has this in it, and few others have; those are looked at more closely.
_MAY_REFER = b'"StatementRef"'
_REFERENCES = """SELECT position, target, EXISTS (SELECT 1 FROM void AS v WHERE v.position = f.position)
    FROM reference AS f WHERE NOT EXISTS (SELECT 1 FROM tombstone AS t WHERE t.position = f.position)
    ORDER BY position"""
_VOIDS = """SELECT position FROM void AS v WHERE NOT EXISTS
    (SELECT 1 FROM reference AS f WHERE f.target = v.target AND f.position = v.position)"""
_INHERITED = """SELECT f.position, f.target, r.courses, r.keys, i.courses, i.keys, i.first_courses, i.first_keys
    FROM reference AS f JOIN record AS r ON r.position = f.position LEFT JOIN inherited AS i ON i.position = f.position
    ORDER BY f.position"""
_INHERITED_ALONE = """SELECT position FROM inherited AS i
    WHERE NOT EXISTS (SELECT 1 FROM reference AS f WHERE f.position = i.position)"""
# What an erasure under way has still to take from those that have inherited it is known not to agree.
_UNFINISHED = "SELECT EXISTS (SELECT 1 FROM owed), EXISTS (SELECT 1 FROM disowned)"
_GAINS = "SELECT place, at, position FROM gain ORDER BY place"
_GAINS_OF_EACH = """SELECT g.position, g.courses_before, g.keys_before, g.courses, g.keys,
    i.first_courses, i.first_keys, i.courses, i.keys
    FROM gain AS g LEFT JOIN inherited AS i ON i.position = g.position ORDER BY g.position, g.place"""
_GAINED_WITHOUT = """SELECT position FROM inherited AS i WHERE first_keys IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM gain AS g WHERE g.position = i.position)"""
_EVENTS = "SELECT e.event, e.position, r.payload FROM event AS e LEFT JOIN record AS r ON r.position = e.position"
_ATTACHED = """SELECT a.position, a.sha2, r.payload FROM attachment AS a
    LEFT JOIN record AS r ON r.position = a.position"""
_KEPT = "SELECT position FROM {table} WHERE NOT EXISTS (SELECT 1 FROM record AS r WHERE r.position = {table}.position)"


Unpack = Callable[[bytes], bytes]

PARTS = 4
"""How often ``verify_derived`` yields."""


def verify_derived(connection: sqlite3.Connection) -> Iterator[str]:
    """Check it on one snapshot, after ``verify_records``; yields the name of each part that was found good.

    Raises StoreCorrupt with the first thing that does not agree, and where.
    """
    (head,) = connection.execute("SELECT coalesce(max(position), 0) FROM record").fetchone()
    unpack = partial(Unpacker().unpack, connection)
    _check_references(connection, unpack)
    yield "references"
    _check_inheritance(connection, Position(head))
    _check_gains(connection, head)
    yield "inheritance"
    check_indexes(connection, head)
    yield "key index"
    _check_events(connection, unpack)
    _check_attachments(connection, unpack)
    for table in ("repeat", "conflict"):
        for (position,) in connection.execute(_KEPT.format(table=table)):
            raise differs(f"the table of {table}s", f"it names position {position}, which is not there")
    yield "what goes beside"


def differs(where: str, what: str) -> StoreCorrupt:
    """``where`` in the store ``what`` does not agree with the log."""
    return StoreCorrupt(f"{where}: {what}; the log itself is whole")


def _check_references(connection: sqlite3.Connection, unpack: Unpack) -> None:
    payloads = ((position, unpack(packed)) for position, packed in _many(connection.execute(_PAYLOADS)))
    said = _referring(payloads)
    for one, other in zip_longest(said, connection.execute(_REFERENCES)):
        if one != other:
            position = min(entry[0] for entry in (one, other) if entry is not None)
            raise differs(f"position {position}", "what it refers to, or voids, differs from the table of references")
    for (position,) in connection.execute(_VOIDS):
        raise differs(f"position {position}", "it is said to void what it does not refer to")


def _referring(rows: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes, int]]:
    """(position, id of its target, whether it voids that) of the records that refer to a statement."""
    for position, payload in rows:
        if _MAY_REFER not in payload:
            continue
        statement = orjson.loads(payload)
        target = statement["object"]
        if target.get("objectType") == "StatementRef":
            yield position, UUID(target["id"]).bytes, int(statement["verb"]["id"] == VOIDED)


def _check_inheritance(connection: sqlite3.Connection, head: Position) -> None:
    """As far as it was passed on by now; what is left to be done stands in the table of what is owed."""
    course_sets = Names("course_set", "courses")
    targets = Targets(connection, Names("key_name", "name"), course_sets)
    (unfinished, disowned) = connection.execute(_UNFINISHED).fetchone()
    for position, target, own_courses, own_keys, *inherited in _many(connection.execute(_INHERITED)):
        numbers = [number for number in (own_courses, inherited[0], inherited[2]) if number is not None]
        names = course_sets.names(connection, numbers)

        def state(courses: int | None, keys: str | None, names: Any = names) -> tuple[frozenset[str], frozenset[int]]:
            found = frozenset[str]() if courses is None else courses_of(names[courses])
            return found, frozenset(orjson.loads(keys or "[]"))

        own, now, first = state(own_courses, own_keys), state(*inherited[:2]), state(*inherited[2:])
        taken = targets.taken(target, head)
        most = own[0] | taken.courses, own[1] | taken.keys
        if inherited[1] is None:
            now = own
        if inherited[3] is None:
            first = own
        if disowned:
            continue
        if not (own[0] <= first[0] <= now[0] <= most[0] and own[1] <= first[1] <= now[1] <= most[1]):
            raise differs(f"position {position}", "it has inherited what the statement that it refers to does not have")
        if now != most and not unfinished:
            raise differs(f"position {position}", "it has not inherited all that the statement that it refers to has")
    for (position,) in connection.execute(_INHERITED_ALONE):
        raise differs(f"position {position}", "it has inherited something, but refers to nothing")


def _check_gains(connection: sqlite3.Connection, head: int) -> None:
    """They are counted without gaps, each after the record that brought it, and lead from one state to the next."""
    at_before = 0
    for count, (place, at, position) in enumerate(_many(connection.execute(_GAINS)), 1):
        if place - at != count or not (at_before <= at <= head and 0 < position <= at):
            raise differs(f"gain at place {place}", f"of position {position}, brought by {at}: it can't be there")
        at_before = at
    before: Any = None
    for position, *states in _many(connection.execute(_GAINS_OF_EACH)):
        then, now, first, last = states[0:2], states[2:4], states[4:6], states[6:8]
        if before is None or before[0] != position:
            _check_last(before)
            before = (position, first, last)
        if then != before[1]:
            raise differs(f"position {position}", "its gains do not follow from each other")
        before = (position, now, last)
    _check_last(before)
    for (position,) in connection.execute(_GAINED_WITHOUT):
        raise differs(f"position {position}", "it has inherited something late, and there is no gain")


def _check_last(before: Any) -> None:
    """(position, state after its last gain, state of the record)."""
    if before is not None and before[1] != before[2]:
        raise differs(f"position {before[0]}", "its last gain is not what it has inherited")


def _check_events(connection: sqlite3.Connection, unpack: Unpack) -> None:
    for event, position, packed in _many(connection.execute(_EVENTS)):
        if packed is None or event_key(orjson.loads(unpack(packed))) != event:
            raise differs(f"position {position}", "the table of events says that it tells another event")


def _check_attachments(connection: sqlite3.Connection, unpack: Unpack) -> None:
    for position, sha2, packed in _many(connection.execute(_ATTACHED)):
        if packed is None or f'"sha2":"{sha2}"'.encode() not in unpack(packed):
            raise differs(f"position {position}", "the table of attachments names data that it does not")


def _many(rows: sqlite3.Cursor) -> Iterator[Any]:
    """The same rows, fetched by many at once."""
    while block := rows.fetchmany(_ROWS_AT_ONCE):
        yield from block
