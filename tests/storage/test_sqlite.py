import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
import sqlite_utils

from lrs.errors import StoreCorrupt, StoreUnavailable
from lrs.storage.sqlite import open_store


@pytest.fixture
def migrations() -> sqlite_utils.Migrations:
    ordered = sqlite_utils.Migrations("test")

    @ordered()
    def m001(db: sqlite_utils.Database) -> None:
        db.execute("CREATE TABLE thing (name TEXT UNIQUE)")

    return ordered


def test_what_is_written_is_read(tmp_path: Path, migrations: sqlite_utils.Migrations) -> None:
    store = open_store(tmp_path / "new" / "store.sqlite3")
    store.migrate(migrations)
    with store.writing() as connection:
        connection.execute("INSERT INTO thing VALUES ('a')")
    with store.reading() as connection:
        assert connection.execute("SELECT name FROM thing").fetchall() == [("a",)]
    store.close()


def test_a_write_that_fails_leaves_no_trace(tmp_path: Path, migrations: sqlite_utils.Migrations) -> None:
    store = open_store(tmp_path / "store.sqlite3")
    store.migrate(migrations)

    def fail_after_writing() -> None:
        with store.writing() as connection:
            connection.execute("INSERT INTO thing VALUES ('a')")
            raise KeyError

    with pytest.raises(KeyError):
        fail_after_writing()
    with store.reading() as connection:
        assert connection.execute("SELECT count(*) FROM thing").fetchone() == (0,)
    store.close()


def test_a_snapshot_does_not_change_while_it_is_read(tmp_path: Path, migrations: sqlite_utils.Migrations) -> None:
    store = open_store(tmp_path / "store.sqlite3")
    store.migrate(migrations)
    with store.snapshot() as snapshot:
        before = snapshot.execute("SELECT count(*) FROM thing").fetchone()
        with store.writing() as connection:
            connection.execute("INSERT INTO thing VALUES ('a')")
        assert snapshot.execute("SELECT count(*) FROM thing").fetchone() == before
    store.close()


def test_a_reader_can_not_write(tmp_path: Path, migrations: sqlite_utils.Migrations) -> None:
    store = open_store(tmp_path / "store.sqlite3")
    store.migrate(migrations)
    with pytest.raises(StoreUnavailable, match="readonly"), store.reading() as connection:
        connection.execute("INSERT INTO thing VALUES ('a')")
    store.close()


def test_migrations_are_applied_once_when_several_start_together(
    tmp_path: Path, migrations: sqlite_utils.Migrations
) -> None:
    stores = [open_store(tmp_path / "store.sqlite3") for _ in range(4)]
    failures: list[BaseException] = []

    def migrate(number: int) -> None:
        try:
            stores[number].migrate(migrations)
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=migrate, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for store in stores:
        store.close()


def test_damage_found_while_reading_is_told_as_such(tmp_path: Path, migrations: sqlite_utils.Migrations) -> None:
    path = tmp_path / "store.sqlite3"
    store = open_store(path)
    store.migrate(migrations)
    store.close()
    damaged = bytearray(path.read_bytes())
    damaged[4096:] = b"\xff" * (len(damaged) - 4096)
    path.write_bytes(damaged)
    store = open_store(path)
    with pytest.raises(StoreCorrupt), store.reading() as connection:
        connection.execute("SELECT * FROM thing").fetchall()
    store.close()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    path.write_text("this is not a database, but long enough to be looked at" * 20)
    with pytest.raises(StoreUnavailable, match=r"store\.sqlite3"):
        open_store(path)


def test_a_copy_is_the_store_at_one_moment_whatever_is_written_meanwhile(tmp_path: Path) -> None:
    store = open_store(tmp_path / "lrs.sqlite3")
    with store.writing() as connection:
        connection.execute("CREATE TABLE thing (number INTEGER, ballast BLOB)")
        connection.executemany("INSERT INTO thing VALUES (?, zeroblob(40000))", [(n,) for n in range(400)])
    told: list[tuple[int, int]] = []

    def write_on(done: int, total: int) -> None:
        told.append((done, total))
        with store.writing() as connection:
            connection.execute("INSERT INTO thing VALUES (-1, zeroblob(40000))")
            connection.execute("UPDATE thing SET number = -2 WHERE number = ?", (len(told),))

    copy = tmp_path / "copy.sqlite3"
    store.copy(copy, write_on)
    store.close()
    assert len(told) > 2
    assert told[-1][0] == told[-1][1]
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT count(*), min(number), sum(number) FROM thing").fetchone() == (400, 0, 79800)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert sorted(path.name for path in tmp_path.glob("copy*")) == ["copy.sqlite3"]
    assert copy.stat().st_mode & 0o777 == 0o600


def test_a_copy_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    store = open_store(tmp_path / "lrs.sqlite3")
    with pytest.raises(StoreUnavailable):
        store.copy(tmp_path / "nowhere" / "copy.sqlite3", lambda _done, _total: None)
    store.close()
