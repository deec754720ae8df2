"""Proof that the log is whole and unaltered: every record is read and its place in the chain computed anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import orjson

from lrs.errors import StoreCorrupt
from lrs.statements.chain import GENESIS, digest, link_of
from lrs.statements.keys import DEFINER, DEVIATION, LEFT_KINDS, RELATED_AGENT, WRITER, course_names, extract
from lrs.statements.record import StatementId
from lrs.statements.sqlite.inherit import courses_of
from lrs.statements.sqlite.names import Names
from lrs.statements.sqlite.packing import Unpacker
from lrs.statements.sqlite.schema import LISTED
from lrs.xapi.timestamps import parse_timestamp

_RECORDS = "SELECT position, id, stored, courses, keys, chain, payload FROM record ORDER BY position"
_TOMBSTONES = "SELECT position, digest FROM tombstone WHERE position BETWEEN ? AND ?"
_ROWS_AT_ONCE = 500
# Kinds of keys that the credential decides, and not the statement.
_BY_CREDENTIAL = (RELATED_AGENT, WRITER, DEFINER, DEVIATION)


def count_records(connection: sqlite3.Connection) -> int:
    """How many records the log has."""
    (count,) = connection.execute("SELECT count(*) FROM record").fetchone()
    return int(count)


def verify_records(connection: sqlite3.Connection) -> Iterator[int]:
    """Check the whole log on one snapshot; yields how many records were found good so far.

    Raises StoreCorrupt with the first position that does not hold: a gap, a broken link of the hash chain, a column
    that contradicts its payload, keys that the payload does not have, or time running backwards.
    """
    keys, course_sets, unpacker = Names("key_name", "name"), Names("course_set", "courses"), Unpacker()
    rows = connection.execute(_RECORDS)
    previous, stored_before, expected = GENESIS, 0, 1
    while block := rows.fetchmany(_ROWS_AT_ONCE):
        names = keys.names(connection, {number for row in block for number in orjson.loads(row[4])})
        sets = course_sets.names(connection, {row[3] for row in block})
        erased = dict(connection.execute(_TOMBSTONES, (block[0][0], block[-1][0])).fetchall())
        for position, statement_id, stored_us, course_set, numbers, chain, packed in block:
            if position != expected:
                raise StoreCorrupt(f"position {expected} is missing")
            payload = b"" if position in erased and not packed else _payload(unpacker, connection, position, packed)
            digested = digest(payload) if payload else erased[position]
            if link_of(previous, position, statement_id, stored_us, digested) != chain:
                raise StoreCorrupt(f"the hash chain breaks at position {position}: this record was altered")
            if stored_us < stored_before:
                raise StoreCorrupt(f"position {position} was stored before the one ahead of it")
            try:
                named, courses = frozenset(names[number] for number in orjson.loads(numbers)), sets[course_set]
            except KeyError as error:
                raise StoreCorrupt(f"position {position}: nothing has the number {error} of its keys") from None
            if payload:
                _check_columns(position, (statement_id, stored_us, named, courses_of(courses)), payload)
            else:
                _check_tombstone(position, named, courses_of(courses))
            previous, stored_before, expected = chain, stored_us, position + 1
        yield expected - 1
    yield expected - 1
    _check_index(connection, expected - 1)


def _payload(unpacker: Unpacker, connection: sqlite3.Connection, position: int, packed: bytes) -> bytes:
    try:
        return unpacker.unpack(connection, packed)
    except StoreCorrupt as error:
        raise StoreCorrupt(f"position {position}: {error.message}") from error


def _check_columns(
    position: int, columns: tuple[StatementId, int, frozenset[str], frozenset[str]], payload: bytes
) -> None:
    """The columns (id, stored, names of keys, courses) must say what the payload says."""
    statement_id, stored_us, named, courses = columns
    statement: dict[str, Any] = orjson.loads(payload)
    found = extract(statement)
    if UUID(statement["id"]).bytes != statement_id or parse_timestamp(statement["stored"]) != stored_us:
        raise StoreCorrupt(f"position {position}: id or stored differ from the payload")
    by_credential = {name for name in named - found.names if name[0] in _BY_CREDENTIAL}
    if named - by_credential != found.names or courses != found.courses:
        raise StoreCorrupt(f"position {position}: keys differ from the payload")


def _check_tombstone(position: int, named: frozenset[str], courses: frozenset[str]) -> None:
    """Of what was erased nothing is left but who stored it, and in which courses."""
    if any(name[0] not in LEFT_KINDS for name in named) or not named >= set(course_names(courses)):
        raise StoreCorrupt(f"position {position}: it was erased, and has other keys than those that are left then")


def _check_index(connection: sqlite3.Connection, records: int) -> None:
    """Every record must be in the key index, each writer's key being in every record of that writer."""
    (writers,) = connection.execute(
        f"SELECT group_concat(number, ' OR ') FROM key_name WHERE {LISTED} AND name GLOB ?",
        (f"{WRITER}*",),
    ).fetchone()
    found = "SELECT count(*) FROM record_key WHERE record_key MATCH ?"
    (indexed,) = connection.execute(found, (writers or "0",)).fetchone()
    if indexed != records:
        raise StoreCorrupt(f"the key index holds {indexed} of {records} records")
