"""Between rows and records: keys and courses stand in rows as numbers, and have names everywhere else."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import repeat
from typing import Any

import orjson

from lrs.statements.keys import rarity
from lrs.statements.record import Record
from lrs.statements.sqlite.gather import Columns, Row
from lrs.statements.sqlite.inherit import courses_of
from lrs.statements.sqlite.names import Names
from lrs.statements.sqlite.packing import Unpacker
from lrs.statements.sqlite.terms import Group, paired

COLUMNS = "r.position, r.id, r.stored, coalesce(i.courses, r.courses), coalesce(i.keys, r.keys), r.payload"
"""A ``Row`` with what the record inherited by now."""

INHERITED = "LEFT JOIN inherited AS i ON i.position = r.position"
SOURCE = f"record AS r {INHERITED}"
# A voiding statement can't be voided itself (Data 2.3.2).
NOT_VOIDED = """(NOT EXISTS (SELECT 1 FROM void AS v WHERE v.target = r.id)
    OR EXISTS (SELECT 1 FROM void AS v WHERE v.position = r.position))"""
NOT_ERASED = "length(r.payload) > 0"
SHOWN = f"({NOT_ERASED} AND {NOT_VOIDED})"

_ERASED = b"{}"
_NO_KEYS: frozenset[str] = frozenset()

# What ``Record._make`` does, for many without a step of Python for each.
_record: Callable[[tuple[Any, ...]], Record] = partial(tuple.__new__, Record)


class Rows:
    """Holds no state but the caches of names."""

    def __init__(self, keys: Names, course_sets: Names) -> None:
        self._keys = keys
        self._course_sets = course_sets
        self._unpack = Unpacker().unpack_all

    def groups(self, connection: sqlite3.Connection, members: Iterable[frozenset[str]]) -> list[Group] | None:
        """What ``members`` are found by, what probably fewest records have first; None when nothing can match."""
        found = [(one, [*self._keys.numbers(connection, one).values()]) for one in sorted(members, key=rarity)]
        return paired(found) if all(numbers for _, numbers in found) else None

    def records(self, connection: sqlite3.Connection, rows: Sequence[Row], *, with_keys: bool) -> list[Record]:
        """Records of ``rows``; names are looked up for all of them at once."""
        return self.of_columns(connection, list(zip(*rows, strict=True)), with_keys=with_keys) if rows else []

    def of_columns(self, connection: sqlite3.Connection, columns: Columns, *, with_keys: bool) -> list[Record]:
        """The same for rows that come in columns.

        Keys cost more than the rest of a record together, so a page that was selected by index goes without.
        """
        positions, ids, stored, numbers, texts, packed, *_ = columns
        names = self._course_sets.names(connection, numbers)
        courses = [courses_of(names[number]) for number in numbers]
        keys = self._key_names(connection, texts) if with_keys else repeat(_NO_KEYS)
        payloads = self._unpack(connection, [one or _ERASED for one in packed])
        return list(map(_record, zip(positions, ids, stored, keys, courses, payloads, strict=False)))

    def _key_names(self, connection: sqlite3.Connection, texts: Sequence[str]) -> list[frozenset[str]]:
        """The names of the keys in each of ``texts``."""
        numbers = orjson.loads(f"[{','.join(texts)}]")
        names = self._keys.names(connection, {number for row in numbers for number in row})
        return [frozenset([names[number] for number in row]) for row in numbers]
