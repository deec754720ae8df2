"""Proof that the key indexes hold the terms of each record, and of each gain, and nothing else; and those of names."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import lru_cache

import orjson

from lrs.errors import StoreCorrupt
from lrs.statements.sqlite.names import ERASED_NAME, Names, hasher_of
from lrs.statements.sqlite.terms import index_terms, sides

_ROWS_AT_ONCE = 2_000
_TERMS_REMEMBERED = 65_536
_PRIME = 2**61 - 1
_RECORDS = """SELECT r.position, coalesce(i.keys, r.keys)
    FROM record AS r LEFT JOIN inherited AS i ON i.position = r.position"""
_GAINS = "SELECT place, keys FROM gain"
_UNHASHED = """SELECT min(number) FROM {table} AS n WHERE {column} <> ? AND NOT EXISTS
    (SELECT 1 FROM {table}_hash AS h WHERE h.hash = name_hash(n.{column}) AND h.number = n.number)"""
_HASHED_TWICE = """SELECT min(other.number) FROM {table}_hash AS one
    JOIN {table}_hash AS other ON other.hash = one.hash AND other.number > one.number
    JOIN {table} AS n ON n.number = one.number JOIN {table} AS m ON m.number = other.number
    WHERE n.{column} = m.{column}"""
_COUNTS = "SELECT (SELECT count(*) FROM {table} WHERE {column} <> ?), (SELECT count(*) FROM {table}_hash)"


def check_indexes(connection: sqlite3.Connection, head: int) -> None:
    """Check all on one snapshot; ``head``: position of the newest record. StoreCorrupt names the place."""
    (last,) = connection.execute("SELECT coalesce(max(place), 0) FROM gain").fetchone()
    _check(connection, "record_key", _RECORDS, head, "position {}: the key index holds other keys than the record")
    _check(connection, "gain_key", _GAINS, last, "gain at place {}: the index of gains holds other keys")
    connection.create_function("name_hash", 1, hasher_of(connection), deterministic=True)
    try:
        for table, column in (("key_name", "name"), ("course_set", "courses"), ("kept_set", "keys")):
            _check_names(connection, table, column)
    finally:
        connection.create_function("name_hash", 1, None)


def _check_names(connection: sqlite3.Connection, table: str, column: str) -> None:
    """Every name that is somebody's has one number, and is found by its hash; nothing else is found by one."""
    unhashed, twice, counts = (sql.format(table=table, column=column) for sql in (_UNHASHED, _HASHED_TWICE, _COUNTS))
    (number,) = connection.execute(unhashed, (ERASED_NAME,)).fetchone()
    if number is not None:
        raise StoreCorrupt(f"number {number} of {table}: it is not found by its name; the log itself is whole")
    (number,) = connection.execute(twice).fetchone()
    if number is not None:
        raise StoreCorrupt(f"number {number} of {table}: its name has another number too; the log itself is whole")
    names, hashes = connection.execute(counts, (ERASED_NAME,)).fetchone()
    if names != hashes:
        raise StoreCorrupt(f"{hashes} hashes stand for {names} names of {table}; the log itself is whole")


def _check(connection: sqlite3.Connection, index: str, sql: str, last: int, words: str) -> None:
    """Add up what the rows say, and what the index says, for each of the numbers up to ``last``; both must agree.

    The index is contentless, and tells its entries by term only. So a number stands for all terms of a record: the sum
    of one for each term, which different terms have in common by chance only.
    """
    names = Names("key_name", "name")
    difference = array("q", bytes(8 * (last + 1)))
    rows = connection.execute(sql)
    while block := rows.fetchmany(_ROWS_AT_ONCE):
        keys_of = [(number, orjson.loads(text)) for number, text in block]
        numbers = {key for _, keys in keys_of for key in keys}
        known = names.names(connection, numbers)
        paired = sides((known[key], key) for key in numbers)
        for number, keys in keys_of:
            difference[number] = sum(map(_mixed, index_terms(keys, paired))) % _PRIME
    with _entries(connection, index) as entries:
        while block := entries.fetchmany(_ROWS_AT_ONCE):
            term, value = "", 0
            for entry, number in block:
                if entry != term:
                    term, value = entry, _mixed(entry)
                if not 0 < number <= last:
                    raise StoreCorrupt(f"{words.format(number)}; the log itself is whole")
                difference[number] = (difference[number] - value) % _PRIME
    for number, left in enumerate(difference):
        if left:
            raise StoreCorrupt(f"{words.format(number)}; the log itself is whole")


@lru_cache(_TERMS_REMEMBERED)
def _mixed(term: str) -> int:
    return pow(int.from_bytes(term.encode()) + 0x9E3779B97F4A7C15, 3, _PRIME)


@contextmanager
def _entries(connection: sqlite3.Connection, index: str) -> Iterator[sqlite3.Cursor]:
    """(term, number) of every entry of ``index``, by term. The view of it is temporary, of this connection alone."""
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
