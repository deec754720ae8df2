"""What a database tells of itself, without being changed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from lrs.cli.check import MIGRATIONS
from lrs.monitoring.sqlite import database, features
from lrs.storage.sqlite import open_store
from tests.door.client import serving
from tests.samples import statement

NOW_US = 1_795_000_000_000_000


def test_sqlite_has_what_is_needed_here() -> None:
    assert features() == (True, True)


def test_where_there_is_none_none_is_made(tmp_path: Path) -> None:
    assert database(tmp_path / "lrs.sqlite3", MIGRATIONS, NOW_US) is None
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_is_served_is_read_beside_the_server(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        lms = server.client("lms", "all")
        lms.post("statements", json=statement())
        found = database(tmp_path / "lrs.sqlite3", MIGRATIONS, NOW_US)
        assert found is not None
        assert (found.in_use, found.fault, found.consumers) == (True, None, 1)
        assert (found.signing, found.signing_keys, found.expired_signing_keys) == (1, 1, 0)
        assert found.newest_stored_us is not None
        assert found.unknown_migrations == []
        assert found.wal_bytes > 0


def test_a_store_that_nobody_has_open_is_told_as_such(tmp_path: Path) -> None:
    with serving(tmp_path):
        pass
    found = database(tmp_path / "lrs.sqlite3", MIGRATIONS, NOW_US)
    assert found is not None
    assert not found.in_use


def test_what_is_no_database_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "lrs.sqlite3").write_bytes(b"not a database at all" * 100)
    found = database(tmp_path / "lrs.sqlite3", MIGRATIONS, NOW_US)
    assert found is not None
    assert found.fault == "file is not a database"


def test_a_store_of_a_later_version_is_noticed(tmp_path: Path) -> None:
    with serving(tmp_path):
        pass
    with closing(sqlite3.connect(tmp_path / "lrs.sqlite3", isolation_level=None)) as connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('statements', 'm999', 'x')"
        )
    found = database(tmp_path / "lrs.sqlite3", MIGRATIONS, NOW_US)
    assert found is not None
    assert found.unknown_migrations == ["statements.m999"]


def test_every_room_that_keeps_something_is_known(tmp_path: Path) -> None:
    """No set of migrations stands in a store that ``lrs check`` would not know."""
    with serving(tmp_path):
        pass
    store = open_store(tmp_path / "lrs.sqlite3")
    with store.reading() as connection:
        sets = {name for (name,) in connection.execute("SELECT DISTINCT migration_set FROM _sqlite_migrations")}
    store.close()
    assert sets <= {one.name for one in MIGRATIONS}
