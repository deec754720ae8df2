"""Many rows in one: what a statement finds, in a single row of its answer.

The interpreter's lock is let go and waited for again around each row that SQLite gives. With several threads at work
that costs more than reading the row, so a page that comes in one row is twice as cheap as one that comes in fifty.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from lrs.statements.record import Place

Row = Sequence[Any]
"""(position, id, stored, number of the course set, key numbers as JSON, packed payload), and perhaps more. What was
erased has no payload."""

Columns = Sequence[Sequence[Any]]
"""The same for many rows: all positions, all ids, and so on."""

END = """(SELECT coalesce(max(position), 0) FROM record)
    + coalesce((SELECT place - at FROM gain ORDER BY place DESC LIMIT 1), 0)"""
"""Place of the newest arrival, 0 for an empty log; an expression in SQL."""

_ID_BYTES = 16


class Gathered(NamedTuple):
    """``end``: the place of the newest arrival by then.

    ``most``: how many rows were asked for in the end, fewer than were wanted where so many do not fit into one row,
    having many MiB each.
    """

    columns: Columns
    most: int
    end: Place

    @property
    def rows(self) -> list[Row]:
        return list(zip(*self.columns, strict=True))


def gathered(select: str, more: Sequence[str] = ()) -> str:
    """SQL for all rows of ``select``, for ``gather``; its columns are named position, id, stored, courses, keys and
    payload, and as in ``more``.

    ``select`` has an order of its own, which is kept.
    """
    # What is joined counts as text, which may hold any byte, and is a blob again in the end.
    columns = ", ".join(f"json_group_array({name})" for name in ("position", "stored", "courses", "keys", *more))
    return f"""SELECT {END}, CAST(group_concat(id, '') AS BLOB), CAST(group_concat(payload, '') AS BLOB),
        json_group_array(length(payload)), {columns} FROM ({select})"""


def gather(connection: sqlite3.Connection, sql: str, arguments: Sequence[Any], count: int) -> Gathered:
    """The rows that ``sql``, made by ``gathered``, finds with ``arguments`` and a last one: how many at most."""
    while True:
        try:
            end, *answer = connection.execute(sql, (*arguments, count)).fetchone()
        except sqlite3.DataError:
            if count == 1:
                raise
            count //= 2
        else:
            return Gathered(_columns(answer), count, Place(end))


def _columns(answer: Sequence[Any]) -> Columns:
    joined_ids, joined, sizes, *others = answer
    content = joined_ids or b""
    ids = [content[at : at + _ID_BYTES] for at in range(0, len(content), _ID_BYTES)]
    payloads, begin = [], 0
    for size in orjson.loads(sizes):
        payloads.append(joined[begin : begin + size])
        begin += size
    positions, stored, courses, keys, *more = map(orjson.loads, others)
    return [positions, ids, stored, courses, keys, payloads, *more]
