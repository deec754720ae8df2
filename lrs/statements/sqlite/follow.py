"""Following the log: what arrived, in the order in which it became known.

Each record has a place in that order, and so has each gain: when a record inherits something late it is found by more,
and those who follow learn of it at once, right after the record that brought it. A place is a position and the number
of gains before it, so without gains the two are the same.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from heapq import merge
from typing import Any, NamedTuple

import orjson

from lrs.statements.log import Arrivals, Changes
from lrs.statements.match import Filter, Visibility
from lrs.statements.record import Arrival, Place, Record
from lrs.statements.sqlite.gather import Row, gather, gathered
from lrs.statements.sqlite.narrow import Terms
from lrs.statements.sqlite.rows import COLUMNS, INHERITED, SHOWN, SOURCE, Rows
from lrs.statements.sqlite.select import Run, end, fill, head, position_by
from lrs.statements.sqlite.terms import expression

_FIRST = ("first_courses", "first_keys")
_FIRST_KEYS = 7
_AFTER = "r.position, r.id, r.stored, g.courses, g.keys, r.payload"
_GAINED = "gain AS g JOIN record AS r ON r.position = g.position"

_NEW = gathered(
    f"""SELECT r.position AS position, r.id AS id, r.stored AS stored,
    coalesce(i.first_courses, i.courses, r.courses) AS courses, coalesce(i.first_keys, i.keys, r.keys) AS keys,
    r.payload AS payload, {SHOWN} AS shown
    FROM {SOURCE} WHERE r.position > ? ORDER BY r.position LIMIT ?""",
    ("shown",),
)
_NEW_GAINS = f"""SELECT {_AFTER}, {SHOWN}, g.at, g.place, g.courses_before, g.keys_before
    FROM {_GAINED} WHERE g.place > ? ORDER BY g.place LIMIT ?"""

_GAINS_MATCHING = f"""SELECT {_AFTER}, g.at, g.place, g.courses_before, g.keys_before, i.courses, i.keys
    FROM {{source}} JOIN record AS r ON r.position = g.position JOIN inherited AS i ON i.position = g.position
    WHERE {{condition}} AND {SHOWN} ORDER BY g.place"""
_BY_INDEX = _GAINS_MATCHING.format(
    source="gain_key CROSS JOIN gain AS g ON g.place = gain_key.rowid",
    condition="gain_key MATCH ?2 AND gain_key.rowid > ?1",
).replace("ORDER BY g.place", "ORDER BY gain_key.rowid")
_BY_PLACE = _GAINS_MATCHING.format(source="gain AS g", condition="g.place > ?1")

_GAINS_THROUGH = "SELECT place - at FROM gain WHERE place <= ? ORDER BY place DESC LIMIT 1"
_GAINS_BEFORE = "SELECT place - at FROM gain WHERE at < ? ORDER BY at DESC, place DESC LIMIT 1"
_STORED_AFTER = "SELECT stored FROM record WHERE position > ? ORDER BY position LIMIT 1"
_ERASED = "SELECT records FROM erased_state"
_ERASED_AFTER = f"""SELECT t.number, {COLUMNS}, s.keys
    FROM tombstone AS t JOIN record AS r ON r.position = t.position {INHERITED}
    LEFT JOIN kept_set AS s ON s.number = t.kept
    WHERE t.number > ? ORDER BY t.number LIMIT ?"""


class _Found(NamedTuple):
    """A record to show at the arrival of the record at ``at``; ``place`` is known of gains."""

    at: int
    place: int
    record: Record


class Follower:
    """Reads the order of arrival; every ``connection`` holds one snapshot."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def changes(
        self,
        connection: sqlite3.Connection,
        filter_: Filter,
        visibility: Visibility,
        *,
        after: Place,
        limit: int,
        bytes_max: int,
    ) -> Changes:
        """See ``StatementLog.changes``."""
        last = max(after, end(connection))
        groups = self._rows.groups(connection, filter_.members | visibility.members())
        if groups is None or after == last:
            return Changes([], more=False, through=last)
        question = _Question(self._rows, filter_, visibility, expression(groups), limit + 1)
        gains = _gains_through(connection, after)
        if gains == _gains_through(connection, _LAST):
            # From here on places are positions and the same number more.
            with closing(question.blocks(connection, after - gains)) as blocks:
                found, more = fill(blocks, limit, bytes_max)
            return Changes(found, more=more, through=Place(found[-1].position + gains) if more else last)
        records: list[Record] = []
        size, shown = 0, None
        with (
            closing(question.new(connection, after - gains)) as new,
            closing(question.gained(connection, after)) as gained,
        ):
            for one in merge(new, gained):
                if len(records) == limit or (records and size + len(one.record.payload) > bytes_max):
                    assert shown is not None
                    through = shown.place or shown.at + _gains_before(connection, shown.at)
                    return Changes(records, more=True, through=Place(through))
                records.append(one.record)
                size += len(one.record.payload)
                shown = one
        return Changes(records, more=False, through=last)

    def newest(self, connection: sqlite3.Connection, after: Place, limit: int, bytes_max: int) -> Arrivals:
        """See ``StatementLog.newest``."""
        new = gather(connection, _NEW, (after - _gains_through(connection, after),), limit)
        gains = connection.execute(_NEW_GAINS, (after, limit)).fetchall()
        records = self._rows.of_columns(connection, new.columns, with_keys=True)
        gained = self._rows.records(connection, gains, with_keys=True)
        before = self._rows.records(connection, [_with_state(row, row[9:11]) for row in gains], with_keys=True)
        order: list[tuple[int, int, bool, Record, Record | None]] = [
            (position, 0, shown, record, None)
            for position, shown, record in zip(new.columns[0], new.columns[6], records, strict=True)
        ]
        order += [
            (row[7], row[8], row[6], record, earlier)
            for row, record, earlier in zip(gains, gained, before, strict=True)
        ]
        order.sort(key=lambda entry: entry[:2])
        arrivals: list[Arrival] = []
        size, place = 0, after
        for _, _, shown, record, earlier in order[: new.most]:
            if arrivals and size + len(record.payload) > bytes_max:
                break
            # Places have no gaps, and what is voided has one too.
            place = Place(place + 1)
            if shown:
                arrivals.append(Arrival(place, record, earlier))
                size += len(record.payload)
        (erased,) = connection.execute(_ERASED).fetchone()
        return Arrivals(arrivals, more=place < new.end, through=place, erased=erased)

    def erased(self, connection: sqlite3.Connection, after: int, limit: int) -> list[tuple[int, Record]]:
        """See ``StatementLog.erased``."""
        rows = connection.execute(_ERASED_AFTER, (after, limit)).fetchall()
        records = self._rows.records(connection, [row[1:] for row in rows], with_keys=True)
        return [
            (row[0], record._replace(keys=record.keys | frozenset(orjson.loads(row[-1] or "[]"))))
            for row, record in zip(rows, records, strict=True)
        ]


class _Question(NamedTuple):
    """What one reader asks for and may see. ``terms``: the same for the index; ``wanted``: how many rows will do."""

    rows: Rows
    filter: Filter
    visibility: Visibility
    terms: str
    wanted: int

    def new(self, connection: sqlite3.Connection, beyond: int) -> Generator[_Found, None, None]:
        """Records after the position ``beyond`` that matched when they were stored."""
        for block in self.blocks(connection, beyond):
            for record in block:
                yield _Found(record.position, 0, record)

    def blocks(self, connection: sqlite3.Connection, beyond: int) -> Generator[Sequence[Record], None, None]:
        """The same, many at once."""
        run = Run(Terms(self.terms), beyond, head(connection) + 1, ascending=True)
        with_keys = self.visibility.asks_keys
        for found in run.blocks(connection, self.wanted, with_keys=with_keys, more=_FIRST):
            records = self.rows.of_columns(connection, found.columns, with_keys=with_keys)
            if any(found.columns[_FIRST_KEYS]):
                records = self._matched(connection, found.rows, records)
            yield self.visibility.permitted(records)

    def _matched(self, connection: sqlite3.Connection, rows: Sequence[Row], records: list[Record]) -> list[Record]:
        """Those of ``records`` that matched when they were stored, by what they had then."""
        late = [_with_state(row, row[6:8]) for row in rows if row[_FIRST_KEYS] is not None]
        first = iter(self.rows.records(connection, late, with_keys=True))
        return [
            record
            for row, record in zip(rows, records, strict=True)
            if row[_FIRST_KEYS] is None or self._matches(next(first))
        ]

    def gained(self, connection: sqlite3.Connection, after: Place) -> Generator[_Found, None, None]:
        """Records that first matched by a gain after ``after``."""
        sql, arguments = (_BY_INDEX, (after, self.terms)) if self.terms else (_BY_PLACE, (after,))
        for block in _blocks(connection.execute(sql, arguments), self.wanted):
            gained = self.rows.records(connection, block, with_keys=True)
            before = self.rows.records(connection, [_with_state(row, row[8:10]) for row in block], with_keys=True)
            now = self.rows.records(connection, [_with_state(row, row[10:12]) for row in block], with_keys=True)
            for row, record, earlier, present in zip(block, gained, before, now, strict=True):
                if self._matches(record) and not self._matches(earlier) and self.visibility.permits(present):
                    yield _Found(row[6], row[7], present)

    def _matches(self, record: Record) -> bool:
        return self.filter.matches(record) and self.visibility.permits(record)


def _blocks(gains: sqlite3.Cursor, wanted: int) -> Iterator[Sequence[Row]]:
    with closing(gains):
        while block := gains.fetchmany(wanted):
            yield block


_LAST = Place(2**63 - 1)


def place_by(connection: sqlite3.Connection, stored_us: int) -> Place:
    """Place through which all has arrived that was stored at ``stored_us`` or before."""
    position = position_by(connection, stored_us)
    return Place(position + _gains_before(connection, position + 1))


def stored_after(connection: sqlite3.Connection, place: Place) -> int | None:
    """When the first record after ``place`` was stored, in microseconds; None when there is none."""
    row = connection.execute(_STORED_AFTER, (place - _gains_through(connection, place),)).fetchone()
    return None if row is None else int(row[0])


def _gains_through(connection: sqlite3.Connection, place: Place) -> int:
    (count,) = connection.execute(_GAINS_THROUGH, (place,)).fetchone() or (0,)
    return int(count)


def _gains_before(connection: sqlite3.Connection, position: int) -> int:
    """How many gains there were before the record at ``position`` arrived."""
    (count,) = connection.execute(_GAINS_BEFORE, (position,)).fetchone() or (0,)
    return int(count)


def _with_state(row: Any, state: Any) -> Any:
    """``row`` with other courses and keys."""
    return (*row[:3], *state, row[5])
