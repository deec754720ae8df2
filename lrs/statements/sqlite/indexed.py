"""Proof that the key indexes hold the keys of each record, and of each gain, and nothing else."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import lru_cache

import orjson

from lrs.errors import StoreCorrupt

_ROWS_AT_ONCE = 2_000
_NUMBERS_REMEMBERED = 65_536
_PRIME = 2**61 - 1
_RECORDS = """SELECT r.position, coalesce(i.keys, r.keys)
    FROM record AS r LEFT JOIN inherited AS i ON i.position = r.position"""
_GAINS = "SELECT place, keys FROM gain"


def check_indexes(connection: sqlite3.Connection, head: int) -> None:
    """Check both on one snapshot; ``head``: position of the newest record. StoreCorrupt names the place."""
    (last,) = connection.execute("SELECT coalesce(max(place), 0) FROM gain").fetchone()
    _check(connection, "record_key", _RECORDS, head, "position {}: the key index holds other keys than the record")
    _check(connection, "gain_key", _GAINS, last, "gain at place {}: the index of gains holds other keys")


def _check(connection: sqlite3.Connection, index: str, keys: str, last: int, words: str) -> None:
    """Add up what the rows say, and what the index says, for each of the numbers up to ``last``; both must agree.

    The index is contentless, and tells its entries by key only. So a number stands for all keys of a record: the sum of
    one for each key, which different keys have in common by chance only.
    """
    difference = array("q", bytes(8 * (last + 1)))
    rows = connection.execute(keys)
    while block := rows.fetchmany(_ROWS_AT_ONCE):
        for number, text in block:
            difference[number] = sum(map(_mixed, orjson.loads(text))) % _PRIME
    with _entries(connection, index) as entries:
        while block := entries.fetchmany(_ROWS_AT_ONCE):
            term, value = "", 0
            for entry, number in block:
                if entry != term:
                    term, value = entry, _mixed(int(entry))
                if not 0 < number <= last:
                    raise StoreCorrupt(f"{words.format(number)}; the log itself is whole")
                difference[number] = (difference[number] - value) % _PRIME
    for number, left in enumerate(difference):
        if left:
            raise StoreCorrupt(f"{words.format(number)}; the log itself is whole")


@lru_cache(_NUMBERS_REMEMBERED)
def _mixed(number: int) -> int:
    return pow(number + 0x9E3779B97F4A7C15, 3, _PRIME)


@contextmanager
def _entries(connection: sqlite3.Connection, index: str) -> Iterator[sqlite3.Cursor]:
    """(key, number) of every entry of ``index``, by key. The view of it is temporary, and of this connection alone."""
    connection.execute("PRAGMA query_only=OFF")
    try:
        connection.execute(f"CREATE VIRTUAL TABLE temp.entry USING fts5vocab(main, {index}, instance)")
        try:
            with closing(connection.execute("SELECT term, doc FROM temp.entry")) as entries:
                yield entries
        finally:
            connection.execute("DROP TABLE temp.entry")
    finally:
        connection.execute("PRAGMA query_only=ON")
