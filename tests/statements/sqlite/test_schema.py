"""A store of yesterday opens today, with all that it had."""

from __future__ import annotations

from pathlib import Path

from sqlite_utils import Database

from lrs.erasure.erasure import Wanted
from lrs.erasure.sqlite import ErasureRows
from lrs.statements.learners import Learner
from lrs.statements.sqlite import SqliteStatementLog
from lrs.statements.sqlite.aside import Aside
from lrs.statements.sqlite.derived import verify_derived
from lrs.statements.sqlite.names import ERASED_NAME, Names
from lrs.statements.sqlite.schema import migrations
from lrs.storage.sqlite import open_store
from tests.contracts.statement_log import put
from tests.samples import LMS, agent, statement, voiding

ANN = f"aaccount|{LMS}|ann"
RECORDS = """SELECT r.position AS number, coalesce(i.keys, r.keys) AS keys
    FROM record AS r LEFT JOIN inherited AS i ON i.position = r.position"""
GAINS = "SELECT place AS number, keys FROM gain"
WANTED = Wanted(learner=Learner.of(agent("eve-who-goes")))


def yesterday(path: Path) -> None:
    """With names in unique columns, and somebody whom an erasure under way is about."""
    store = open_store(path)
    with store.writing() as connection:
        migrations.apply(Database(connection), stop_before="m010_hashed_names")
        connection.execute("INSERT INTO key_name VALUES (1, ?), (2, 'w1'), (3, '~3'), (4, 'kcourse')", (ANN,))
        connection.execute("INSERT INTO course_set VALUES (1, '[]')")
        for number in range(1, 4):
            connection.execute("INSERT INTO quarantine VALUES (?, 1, 'c', '1.0.3', ?, ?)", (number, b"[]", b"{"))
        connection.execute("DELETE FROM quarantine WHERE number = 3")
        connection.execute("INSERT INTO erasure (at, reason, wanted) VALUES (1, 'r', ?)", (WANTED.text(),))
        connection.execute("INSERT INTO erasure (at, reason, wanted) VALUES (1, 'r', ?)", (Wanted(through=7).text(),))
    store.close()


def test_a_store_of_yesterday_opens_today(tmp_path: Path) -> None:
    yesterday(tmp_path / "lrs.sqlite3")
    store = open_store(tmp_path / "lrs.sqlite3")
    log = SqliteStatementLog(store)
    names = Names("key_name", "name")
    with store.reading() as connection:
        assert names.numbers(connection, [ANN, "w1", "~3"]) == {ANN: 1, "w1": 2}
        assert names.names(connection, [3])[3] == ERASED_NAME
        assert Names("course_set", "courses").numbers(connection, ["[]"]) == {"[]": 1}
    put(log, statement(learner="ann"))
    with store.snapshot() as connection:
        assert connection.execute("SELECT count(*) FROM key_name WHERE name = ?", (ANN,)).fetchone() == (1,)
        list(verify_derived(connection))
    assert [one.number for one in Aside(store).quarantined()] == [1, 2]
    rows = ErasureRows(store)
    assert (rows.wanted(1), rows.wanted(2)) == (WANTED, Wanted(through=7))
    assert rows.add(WANTED, "r", 2) == 3
    with store.writing() as connection:
        connection.execute("INSERT INTO quarantine SELECT NULL, 1, '', '', reason, body FROM quarantine LIMIT 1")
    assert [one.number for one in Aside(store).quarantined()] == [1, 2, 4]
    log.close()
    store.close()


def test_an_index_of_yesterday_gets_its_pairs(tmp_path: Path) -> None:
    store = open_store(tmp_path / "lrs.sqlite3")
    log = SqliteStatementLog(store)
    voided = statement(learner="ann")
    put(log, voiding(voided["id"]))
    put(log, statement(learner="bob"), voided)
    log.close()
    with store.writing() as connection:
        assert connection.execute("SELECT count(*) FROM gain").fetchone() == (1,)
        for index, rows in (("record_key", RECORDS), ("gain_key", GAINS)):
            connection.execute(f"INSERT INTO {index} ({index}) VALUES ('delete-all')")
            terms = "replace(trim(keys, '[]'), ',', ' ')"
            connection.execute(f"INSERT INTO {index} (rowid, keys) SELECT number, {terms} FROM ({rows})")
        connection.execute("DELETE FROM _sqlite_migrations WHERE name = 'm014_pairs'")
    log = SqliteStatementLog(store)
    with store.snapshot() as connection:
        list(verify_derived(connection))
    log.close()
    store.close()
