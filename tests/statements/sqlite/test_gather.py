"""Many rows in one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.statements.sqlite.gather import gather, gathered

_NUMBERS = st.integers(-(2**63), 2**63 - 1)
_ROWS = st.lists(
    st.tuples(
        _NUMBERS,
        st.binary(min_size=16, max_size=16),
        _NUMBERS,
        _NUMBERS,
        st.lists(_NUMBERS).map(str) | st.none(),
        st.binary(max_size=50),
        st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    ),
    max_size=20,
)
SQL = gathered("SELECT * FROM given ORDER BY number DESC LIMIT ?", ("more",))


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as opened:
        opened.execute(
            "CREATE TABLE given (position, id, stored, courses, keys, payload, more, number INTEGER PRIMARY KEY)"
        )
        opened.executescript("CREATE TABLE record (position); CREATE TABLE gain (at, place)")
        opened.executescript("INSERT INTO record VALUES (1), (5); INSERT INTO gain VALUES (3, 4), (4, 6)")
        yield opened


def fill(connection: sqlite3.Connection, rows: list[tuple[Any, ...]]) -> None:
    connection.execute("DELETE FROM given")
    connection.executemany("INSERT INTO given VALUES (?, ?, ?, ?, ?, ?, ?, NULL)", rows)


@given(rows=_ROWS)
def test_rows_are_those_of_the_select_in_its_order(connection: sqlite3.Connection, rows: list[tuple[Any, ...]]) -> None:
    fill(connection, rows)
    found = gather(connection, SQL, (), 100)
    assert (found.rows, found.most, found.end) == (rows[::-1], 100, 7)


def test_there_are_no_more_rows_than_were_asked_for(connection: sqlite3.Connection) -> None:
    fill(connection, [(at, bytes(16), 0, 0, "[]", b"{}", None) for at in range(5)])
    found = gather(connection, SQL, (), 2)
    assert (found.columns[0], found.most) == ([4, 3], 2)


def test_rows_that_do_not_fit_into_one_come_in_smaller_parts(connection: sqlite3.Connection) -> None:
    fill(connection, [(at, bytes(16), 0, 0, "[]", b"p" * 4_000, None) for at in range(8)])
    before = connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 10_000)
    found = gather(connection, SQL, (), 8)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, before)
    assert (found.columns[0], found.most) == ([7, 6], 2)


def test_a_row_that_does_not_fit_at_all_is_an_error(connection: sqlite3.Connection) -> None:
    fill(connection, [(1, bytes(16), 0, 0, "[]", b"p" * 4_000, None)])
    before = connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 3_000)
    with pytest.raises(sqlite3.DataError):
        gather(connection, SQL, (), 8)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, before)
