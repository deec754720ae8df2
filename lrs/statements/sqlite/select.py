"""Reading the log: from a selection and a visibility to SQL, and from rows to records."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any

import orjson

from lrs.statements.log import Page, Selection
from lrs.statements.match import Visibility
from lrs.statements.record import Position, Record, StatementId
from lrs.statements.sqlite.inherit import courses_of
from lrs.statements.sqlite.names import Names

_COLUMNS = """r.position, r.id, r.stored, coalesce(i.courses, r.courses), coalesce(i.keys, r.keys), r.payload"""
_INHERITED = "LEFT JOIN inherited AS i ON i.position = r.position"
_SOURCE = f"record AS r {_INHERITED}"
_VOIDED = "EXISTS (SELECT 1 FROM void AS v WHERE v.target = r.id AND v.effective)"
_FIND = f"SELECT {_COLUMNS}, {_VOIDED} FROM {_SOURCE} WHERE r.id = ?"
_NEWEST = f"SELECT {_COLUMNS}, {_VOIDED} FROM {_SOURCE} WHERE r.position > ? ORDER BY r.position LIMIT ?"
_ROWS_AT_ONCE = 128
_NO_KEYS: frozenset[str] = frozenset()
_LAST = 2**63 - 1


class Reader:
    """Turns what is asked into SQL; holds no state but the caches of names."""

    def __init__(self, keys: Names, course_sets: Names) -> None:
        self._keys = keys
        self._course_sets = course_sets

    def read(self, connection: sqlite3.Connection, selection: Selection, visibility: Visibility) -> Page:
        """See ``StatementLog.read``; ``connection`` holds one snapshot."""
        low, high = self._bounds(connection, selection)
        end = high - 1 if selection.ascending else low + 1
        terms = self._terms(connection, selection.filter.members | visibility.members())
        if terms is None or low + 1 >= high:
            return Page([], more=False, through=Position(end))
        rows = connection.execute(*_statement(terms, low, high, ascending=selection.ascending))
        records: list[Record] = []
        size = 0
        with_keys = visibility.writer is not None
        for record in self._records(connection, rows, selection.limit + 1, with_keys=with_keys):
            if not visibility.permits(record):
                continue
            if len(records) == selection.limit or (records and size + len(record.payload) > selection.bytes_max):
                rows.close()
                return Page(records, more=True, through=records[-1].position)
            records.append(record)
            size += len(record.payload)
        return Page(records, more=False, through=Position(end))

    def newest(self, connection: sqlite3.Connection, after: Position, limit: int, bytes_max: int) -> Page:
        """See ``StatementLog.newest``."""
        records: list[Record] = []
        size = 0
        rows = connection.execute(_NEWEST, (after, limit + 1))
        for record in self._records(connection, rows, limit + 1, with_keys=True):
            if len(records) == limit or (records and size + len(record.payload) > bytes_max):
                rows.close()
                return Page(records, more=True, through=records[-1].position)
            records.append(record)
            size += len(record.payload)
        return Page(records, more=False, through=records[-1].position if records else after)

    def find(
        self, connection: sqlite3.Connection, statement_id: StatementId, visibility: Visibility, *, voided: bool
    ) -> Record | None:
        """See ``StatementLog.find``."""
        row = connection.execute(_FIND, (statement_id,)).fetchone()
        if row is None:
            return None
        (record,) = self._decoded(connection, [row], with_keys=True)
        return record if record.voided is voided and visibility.permits(record) else None

    def _bounds(self, connection: sqlite3.Connection, selection: Selection) -> tuple[int, int]:
        """Positions between which, both exclusive, the selection lies; the upper one is at most head + 1."""
        low, high = 0, head(connection) + 1
        if selection.beyond is not None:
            low, high = (
                (max(low, selection.beyond), high) if selection.ascending else (low, min(high, selection.beyond))
            )
        if selection.since_us is not None:
            low = max(low, place_of(connection, selection.since_us))
        if selection.until_us is not None:
            high = min(high, place_of(connection, selection.until_us) + 1)
        return low, high

    def _terms(self, connection: sqlite3.Connection, members: Iterable[frozenset[str]]) -> str | None:
        """The index expression for ``members``: empty when there are none, None when nothing can match."""
        parts = []
        for member in members:
            numbers = self._keys.numbers(connection, member).values()
            if not numbers:
                return None
            parts.append("(" + " OR ".join(map(str, sorted(numbers))) + ")")
        return " AND ".join(parts)

    def _records(
        self, connection: sqlite3.Connection, rows: sqlite3.Cursor, wanted: int, *, with_keys: bool
    ) -> Iterator[Record]:
        """Records of ``rows``, read in blocks no larger than needed when ``wanted`` of them are enough."""
        while block := rows.fetchmany(min(wanted, _ROWS_AT_ONCE)):
            yield from self._decoded(connection, block, with_keys=with_keys)

    def _decoded(
        self, connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]], *, with_keys: bool
    ) -> list[Record]:
        """Records of ``rows``; names are looked up for all of them at once.

        Keys cost more than the rest of a record together, so a page that was selected by index goes without.
        """
        numbers = {row[3] for row in rows}
        names = self._course_sets.names(connection, numbers)
        courses = {number: courses_of(names[number]) for number in numbers}
        keys = self._key_names(connection, [row[4] for row in rows]) if with_keys else repeat(_NO_KEYS)
        return [
            Record(Position(row[0]), StatementId(row[1]), row[2], names_of_row, courses[row[3]], row[5], bool(row[6]))
            for row, names_of_row in zip(rows, keys, strict=False)
        ]

    def _key_names(self, connection: sqlite3.Connection, texts: Sequence[str]) -> list[frozenset[str]]:
        """The names of the keys in each of ``texts``."""
        numbers = [orjson.loads(text) for text in texts]
        names = self._keys.names(connection, {number for row in numbers for number in row})
        return [frozenset([names[number] for number in row]) for row in numbers]


def _statement(terms: str, low: int, high: int, *, ascending: bool) -> tuple[str, tuple[Any, ...]]:
    """SQL and arguments that find the records between ``low`` and ``high`` by ``terms``."""
    order = "ASC" if ascending else "DESC"
    if terms:
        # The index runs in the order of rowid by itself, so the page ends as soon as it is full.
        return (
            f"""SELECT {_COLUMNS}, FALSE
            FROM record_key CROSS JOIN record AS r ON r.position = record_key.rowid {_INHERITED}
            WHERE record_key MATCH ? AND record_key.rowid > ? AND record_key.rowid < ? AND NOT {_VOIDED}
            ORDER BY record_key.rowid {order}""",
            (terms, low, high),
        )
    return (
        f"""SELECT {_COLUMNS}, FALSE FROM {_SOURCE} WHERE r.position > ? AND r.position < ? AND NOT {_VOIDED}
        ORDER BY r.position {order}""",
        (low, high),
    )


def head(connection: sqlite3.Connection) -> Position:
    """Position of the newest record, 0 for an empty log."""
    (position,) = connection.execute("SELECT coalesce(max(position), 0) FROM record").fetchone()
    return Position(position)


def place_of(connection: sqlite3.Connection, stored_us: int) -> Position:
    """The last position stored at ``stored_us`` or before; by bisection, since ``stored`` grows with position."""
    low, high = 0, int(head(connection))
    while low < high:
        middle = (low + high + 1) // 2
        (found,) = connection.execute("SELECT stored FROM record WHERE position = ?", (middle,)).fetchone()
        if found <= stored_us:
            low = middle
        else:
            high = middle - 1
    return Position(low)
