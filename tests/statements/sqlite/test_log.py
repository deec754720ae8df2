"""The contract of the statement log on SQLite, and what only SQLite promises."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import textwrap
from typing import Any

import pytest

from lrs.clock import FixedClock
from lrs.errors import StoreCorrupt
from lrs.statements.log import Selection, StatementLog
from lrs.statements.record import Place
from lrs.statements.sqlite import SqliteStatementLog, select
from lrs.statements.sqlite.gather import gather
from lrs.statements.sqlite.packing import Unpacker
from lrs.statements.sqlite.verify import verify_records
from lrs.storage.sqlite import Store
from tests.contracts.following import *  # noqa: F403
from tests.contracts.statement_log import *  # noqa: F403
from tests.contracts.statement_log import ids, put
from tests.samples import EVERYONE, statement


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE record SET payload = x'7b7d' WHERE position = 1",
        "UPDATE record SET stored = 0",
        "DELETE FROM record WHERE position = 1",
        "INSERT OR REPLACE INTO record SELECT 1, randomblob(16), stored, courses, keys, chain, payload FROM record",
    ],
)
def test_the_database_itself_refuses_to_change_a_record(log: StatementLog, store: Store, change: str) -> None:
    """Invariant 3."""
    put(log, statement())
    other = sqlite3.connect(store.path)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        other.execute(change)
    other.close()


def checked(store: Store) -> int:
    with store.snapshot() as connection:
        return list(verify_records(connection))[-1]


def test_an_untouched_log_is_proven_whole(log: StatementLog, store: Store) -> None:
    for _ in range(3):
        put(log, statement(), statement())
    assert checked(store) == 6


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE record SET payload = renamed(payload) WHERE position = 2", "position 2"),
        ("UPDATE record SET payload = substr(payload, 1, 40) WHERE position = 2", "position 2: a payload can't"),
        ("UPDATE record SET payload = CAST(x'05' || payload AS BLOB) WHERE position = 2", "position 2: a payload is"),
        ("UPDATE record SET payload = x'' WHERE position = 2", "position 2: a payload is"),
        ("UPDATE record SET stored = stored + 1 WHERE position = 2", "position 2"),
        ("UPDATE record SET keys = '[1]' WHERE position = 3", "keys differ"),
        ("DELETE FROM record WHERE position = 2", "position 2 is missing"),
        ("UPDATE record SET courses = (SELECT max(number) FROM course_set) + 0 WHERE position = 1", "keys differ"),
        ("INSERT INTO record_key (record_key) VALUES ('delete-all')", "key index"),
    ],
)
def test_any_change_behind_the_back_of_the_store_is_found(
    log: StatementLog, store: Store, change: str, found: str
) -> None:
    put(log, *(statement(course=None) for _ in range(3)))
    put(log, statement())
    other = sqlite3.connect(store.path, isolation_level=None)
    other.create_function("renamed", 1, lambda packed: Unpacker().unpack(other, packed).replace(b"ann", b"bob"))
    for trigger in ("update", "delete", "replace"):
        other.execute(f"DROP TRIGGER record_refuses_{trigger}")
    other.execute(change)
    other.close()
    with pytest.raises(StoreCorrupt, match=found):
        checked(store)


def test_two_processes_on_one_file_append_to_one_log(log: StatementLog, store: Store) -> None:
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from lrs.statements.sqlite import SqliteStatementLog
        from lrs.storage.sqlite import open_store
        from tests.contracts.statement_log import put, statement

        store = open_store(Path(sys.argv[1]))
        log = SqliteStatementLog(store)
        for number in range(30):
            put(log, statement(learner=f"other {number}", course=f"course-v1:Org+X{number}+1"))
        log.close()
        store.close()
        """
    )
    other = subprocess.Popen([sys.executable, "-c", program, str(store.path)])
    for number in range(30):
        put(log, statement(learner=f"mine {number}", course=f"course-v1:Org+Y{number}+1"))
    assert other.wait(60) == 0
    assert checked(store) == len(ids(log)) == 60
    assert log.changed()


def test_stored_does_not_run_backwards_with_the_clock(store: Store) -> None:
    """Invariant 9."""
    clock = FixedClock()
    log = SqliteStatementLog(store, clock=clock)
    put(log, statement())
    clock.advance(-3600)
    put(log, statement())
    first, second = (one.record for one in log.newest(Place(0), 10, 10**6).arrivals)
    assert second.stored_us > first.stored_us
    log.close()


def test_a_query_by_key_reads_the_index_and_not_the_log(log: StatementLog, store: Store) -> None:
    with store.reading() as connection:
        plan = connection.execute(
            """EXPLAIN QUERY PLAN SELECT r.position FROM record_key CROSS JOIN record AS r
            ON r.position = record_key.rowid WHERE record_key MATCH '1' AND record_key.rowid < 9
            ORDER BY record_key.rowid DESC"""
        ).fetchall()
    steps = [row[3] for row in plan]
    assert any("VIRTUAL TABLE INDEX" in step for step in steps)
    assert any("SEARCH r USING INTEGER PRIMARY KEY" in step for step in steps)
    assert not any("TEMP B-TREE" in step for step in steps)


def test_a_reader_is_not_kept_waiting_by_a_writer(log: StatementLog, store: Store) -> None:
    put(log, statement())
    with store.writing() as connection:
        connection.execute("DELETE FROM inherited")
        assert len(ids(log)) == 1


def test_what_is_committed_while_a_page_is_read_comes_after_the_end_that_it_tells(
    log: StatementLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages are read without a snapshot, in several statements where there are many records."""
    monkeypatch.setattr(select, "_ROWS_AT_ONCE", 2)
    put(log, *(statement() for _ in range(5)))

    def gathering(*asked: Any) -> Any:
        found = gather(*asked)
        put(log, statement())
        return found

    monkeypatch.setattr(select, "gather", gathering)
    page = log.read(Selection(limit=10), EVERYONE)
    assert [record.position for record in page.records] == [5, 4, 3, 2, 1]
    assert page.end == 5 < log.end()
