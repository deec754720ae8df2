"""Reading the log: from a selection and a visibility to SQL, and from rows to records."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

from lrs.statements.log import Page, Selection
from lrs.statements.match import Visibility
from lrs.statements.record import Position, Record, StatementId
from lrs.statements.sqlite.rows import COLUMNS, INHERITED, NOT_ERASED, NOT_VOIDED, SHOWN, SOURCE, Rows, blocks

_FIND = f"SELECT {COLUMNS}, NOT {NOT_VOIDED} FROM {SOURCE} WHERE r.id = ? AND {NOT_ERASED}"


class Reader:
    """Turns what is asked into SQL."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def read(self, connection: sqlite3.Connection, selection: Selection, visibility: Visibility) -> Page:
        """See ``StatementLog.read``; ``connection`` holds one snapshot."""
        low, high = self._bounds(connection, selection)
        end = high - 1 if selection.ascending else low + 1
        terms = self._rows.terms(connection, selection.filter.members | visibility.members())
        if terms is None or low + 1 >= high:
            return Page([], more=False, through=Position(end))
        found = connection.execute(*statement(terms, low, high, ascending=selection.ascending))
        records: list[Record] = []
        size = 0
        with_keys = visibility.asks_keys
        with closing(blocks(found, selection.limit + 1)) as read:
            for block in read:
                for record in self._rows.records(connection, block, with_keys=with_keys):
                    if not visibility.permits(record):
                        continue
                    if len(records) == selection.limit or (
                        records and size + len(record.payload) > selection.bytes_max
                    ):
                        return Page(records, more=True, through=records[-1].position)
                    records.append(record)
                    size += len(record.payload)
        return Page(records, more=False, through=Position(end))

    def find(
        self, connection: sqlite3.Connection, statement_id: StatementId, visibility: Visibility, *, voided: bool
    ) -> Record | None:
        """See ``StatementLog.find``."""
        row = connection.execute(_FIND, (statement_id,)).fetchone()
        if row is None or bool(row[-1]) is not voided:
            return None
        (record,) = self._rows.records(connection, [row], with_keys=True)
        return record if visibility.permits(record) else None

    def _bounds(self, connection: sqlite3.Connection, selection: Selection) -> tuple[int, int]:
        """Positions between which, both exclusive, the selection lies; the upper one is at most head + 1."""
        low, high = 0, head(connection) + 1
        if selection.beyond is not None:
            low, high = (
                (max(low, selection.beyond), high) if selection.ascending else (low, min(high, selection.beyond))
            )
        if selection.since_us is not None:
            low = max(low, position_by(connection, selection.since_us))
        if selection.until_us is not None:
            high = min(high, position_by(connection, selection.until_us) + 1)
        return low, high


def statement(terms: str, low: int, high: int, *, ascending: bool, more: str = "") -> tuple[str, tuple[Any, ...]]:
    """SQL and arguments that find the records between ``low`` and ``high`` by ``terms``; ``more``: further columns."""
    order = "ASC" if ascending else "DESC"
    if terms:
        # The index runs in the order of rowid by itself, so the page ends as soon as it is full.
        return (
            f"""SELECT {COLUMNS}{more}
            FROM record_key CROSS JOIN record AS r ON r.position = record_key.rowid {INHERITED}
            WHERE record_key MATCH ? AND record_key.rowid > ? AND record_key.rowid < ? AND {SHOWN}
            ORDER BY record_key.rowid {order}""",
            (terms, low, high),
        )
    return (
        f"""SELECT {COLUMNS}{more} FROM {SOURCE} WHERE r.position > ? AND r.position < ? AND {SHOWN}
        ORDER BY r.position {order}""",
        (low, high),
    )


def head(connection: sqlite3.Connection) -> Position:
    """Position of the newest record, 0 for an empty log."""
    (position,) = connection.execute("SELECT coalesce(max(position), 0) FROM record").fetchone()
    return Position(position)


def position_by(connection: sqlite3.Connection, stored_us: int) -> Position:
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
