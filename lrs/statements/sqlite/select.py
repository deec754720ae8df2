"""Reading the log: from a selection and a visibility to SQL, and from rows to records."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, chain
from typing import NamedTuple

from lrs.statements.log import Page, Selection
from lrs.statements.match import Visibility
from lrs.statements.record import Place, Position, Record, StatementId
from lrs.statements.sqlite.gather import END, Gathered, gather, gathered
from lrs.statements.sqlite.narrow import Terms, condition, narrow
from lrs.statements.sqlite.rows import COLUMNS, INHERITED, NOT_ERASED, NOT_VOIDED, SHOWN, SOURCE, Rows

_POSITION_BY = """WITH RECURSIVE half (low, high) AS (
        SELECT 0, coalesce(max(position), 0) FROM record
        UNION ALL
        SELECT iif(stored <= ?1, (low + high + 1) / 2, low), iif(stored <= ?1, high, (low + high + 1) / 2 - 1)
        FROM half CROSS JOIN record ON position = (low + high + 1) / 2 WHERE low < high
    ) SELECT low FROM half WHERE low = high"""
_END = f"SELECT {END}"
_ROWS_AT_ONCE = 128
_NO_BOUND = 2**63 - 1
_FIND = f"SELECT {COLUMNS}, NOT {NOT_VOIDED} FROM {SOURCE} WHERE r.id = ? AND {NOT_ERASED}"


class Reader:
    """Turns what is asked into SQL."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def read(self, connection: sqlite3.Connection, selection: Selection, visibility: Visibility) -> Page:
        """See ``StatementLog.read``. ``connection`` need not hold one snapshot: what is committed meanwhile comes after
        all that is read here, or is told of by ``end`` as not read yet.
        """
        low, high = self._bounds(connection, selection)
        # Who goes down is at the end when there is nothing more, whatever the head is; who goes up has to know it.
        bound = high - 1 if selection.ascending else low + 1
        groups = self._rows.groups(connection, selection.filter.members | visibility.members())
        if groups is None or low + 1 >= high:
            return Page([], more=False, through=Position(bound), end=end(connection))
        run = Run(narrow(connection, groups, low, high), low, high, selection.ascending)
        with_keys = visibility.asks_keys
        blocks = run.blocks(connection, selection.limit + 1, with_keys=with_keys)
        first = next(blocks)
        permitted = (
            visibility.permitted(self._rows.of_columns(connection, found.columns, with_keys=with_keys))
            for found in chain((first,), blocks)
        )
        records, more = fill(permitted, selection.limit, selection.bytes_max)
        return Page(records, more=more, through=records[-1].position if more else Position(bound), end=first.end)

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
        """Positions between which, both exclusive, the selection lies; when ascending, the upper one is at most head
        + 1.
        """
        low, high = 0, head(connection) + 1 if selection.ascending else _NO_BOUND
        if selection.beyond is not None:
            low, high = (
                (max(low, selection.beyond), high) if selection.ascending else (low, min(high, selection.beyond))
            )
        if selection.since_us is not None:
            low = max(low, position_by(connection, selection.since_us))
        if selection.until_us is not None:
            high = min(high, position_by(connection, selection.until_us) + 1)
        return low, high


def fill(blocks: Iterable[Sequence[Record]], limit: int, bytes_max: int) -> tuple[list[Record], bool]:
    """The first of the records in ``blocks``, at most ``limit`` with ``bytes_max`` bytes of payload, but at least one;
    and whether there are more.
    """
    records: list[Record] = []
    size = 0
    for block in blocks:
        taken = block[: limit - len(records)]
        records += taken
        size += sum(len(record.payload) for record in taken)
        left_out = len(block) - len(taken)
        if size > bytes_max:
            fitting = _within(records, bytes_max)
            left_out += len(records) - len(fitting)
            records = fitting
        if left_out:
            return records, True
    return records, False


def _within(records: Sequence[Record], bytes_max: int) -> list[Record]:
    """The first of ``records`` whose payloads have so many bytes, but at least one."""
    sizes = accumulate(len(record.payload) for record in records)
    return [record for at, (record, size) in enumerate(zip(records, sizes, strict=True)) if not at or size <= bytes_max]


class Run(NamedTuple):
    """Records between ``low`` and ``high``, both exclusive, found by ``terms``; all if they are empty."""

    terms: Terms
    low: int
    high: int
    ascending: bool

    def blocks(
        self, connection: sqlite3.Connection, wanted: int, *, with_keys: bool, more: tuple[str, ...] = ()
    ) -> Iterator[Gathered]:
        """Their rows, in blocks no larger than needed when ``wanted`` of them are enough; at least one block, which may
        be empty. ``more``: further columns.
        """
        expression, sizes, keys = self.terms
        sql = _select(bool(expression), sizes, self.ascending, with_keys, more)
        found_by = (expression,) if expression else ()
        low, high, count = self.low, self.high, min(wanted, _ROWS_AT_ONCE)
        while True:
            found = gather(connection, sql, (*found_by, low, high, *keys), count)
            yield found
            positions, count = found.columns[0], found.most
            if len(positions) < count:
                return
            low, high = (positions[-1], high) if self.ascending else (low, positions[-1])


@lru_cache
def _select(by_index: bool, sizes: Sequence[int], ascending: bool, with_keys: bool, more: tuple[str, ...]) -> str:
    """SQL for the rows of a run; its arguments are the terms of the index, if there are any, both bounds, the keys of
    ``condition`` and how many rows.
    """
    columns = f"""r.position AS position, r.id AS id, r.stored AS stored, coalesce(i.courses, r.courses) AS courses,
        {"coalesce(i.keys, r.keys)" if with_keys else "NULL"} AS keys, r.payload AS payload"""
    columns = ", ".join((columns, *(f"i.{name} AS {name}" for name in more)))
    order = "ASC" if ascending else "DESC"
    if by_index:
        # The index runs in the order of rowid by itself, so the page ends as soon as it is full.
        return gathered(
            f"""SELECT {columns}
            FROM record_key CROSS JOIN record AS r ON r.position = record_key.rowid {INHERITED}
            WHERE record_key MATCH ? AND record_key.rowid > ? AND record_key.rowid < ?
                AND {condition(sizes, "coalesce(i.keys, r.keys)")}{SHOWN}
            ORDER BY record_key.rowid {order} LIMIT ?""",
            more,
        )
    return gathered(
        f"""SELECT {columns} FROM {SOURCE} WHERE r.position > ? AND r.position < ? AND {SHOWN}
        ORDER BY r.position {order} LIMIT ?""",
        more,
    )


def head(connection: sqlite3.Connection) -> Position:
    """Position of the newest record, 0 for an empty log."""
    (position,) = connection.execute("SELECT coalesce(max(position), 0) FROM record").fetchone()
    return Position(position)


def end(connection: sqlite3.Connection) -> Place:
    """Place of the newest arrival, 0 for an empty log."""
    (place,) = connection.execute(_END).fetchone()
    return Place(place)


def position_by(connection: sqlite3.Connection, stored_us: int) -> Position:
    """The last position stored at ``stored_us`` or before; by bisection, since ``stored`` grows with position."""
    (position,) = connection.execute(_POSITION_BY, (stored_us,)).fetchone()
    return Position(position)
