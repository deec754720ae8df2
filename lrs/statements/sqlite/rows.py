"""Between rows and records: keys and courses stand in rows as numbers, and have names everywhere else."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import repeat

import orjson

from lrs.statements.record import Record
from lrs.statements.sqlite.gather import Row
from lrs.statements.sqlite.inherit import courses_of
from lrs.statements.sqlite.names import Names
from lrs.statements.sqlite.packing import Unpacker

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


class Rows:
    """Holds no state but the caches of names."""

    def __init__(self, keys: Names, course_sets: Names) -> None:
        self._keys = keys
        self._course_sets = course_sets
        self._unpack = Unpacker().unpack_all

    def terms(self, connection: sqlite3.Connection, members: Iterable[frozenset[str]]) -> str | None:
        """The index expression for ``members``: empty when there are none, None when nothing can match."""
        parts = []
        for member in members:
            numbers = self._keys.numbers(connection, member).values()
            if not numbers:
                return None
            parts.append("(" + " OR ".join(map(str, sorted(numbers))) + ")")
        return " AND ".join(parts)

    def records(self, connection: sqlite3.Connection, rows: Sequence[Row], *, with_keys: bool) -> list[Record]:
        """Records of ``rows``; names are looked up for all of them at once.

        Keys cost more than the rest of a record together, so a page that was selected by index goes without.
        """
        numbers = {row[3] for row in rows}
        names = self._course_sets.names(connection, numbers)
        courses = {number: courses_of(names[number]) for number in numbers}
        keys = self._key_names(connection, [row[4] for row in rows]) if with_keys else repeat(_NO_KEYS)
        payloads = self._unpack(connection, [row[5] or _ERASED for row in rows])
        return [
            Record._make((*row[:3], names_of_row, courses[row[3]], payload))
            for row, names_of_row, payload in zip(rows, keys, payloads, strict=False)
        ]

    def _key_names(self, connection: sqlite3.Connection, texts: Sequence[str]) -> list[frozenset[str]]:
        """The names of the keys in each of ``texts``."""
        numbers = orjson.loads(f"[{','.join(texts)}]")
        names = self._keys.names(connection, {number for row in numbers for number in row})
        return [frozenset([names[number] for number in row]) for row in numbers]
