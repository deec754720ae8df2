"""What SQLite itself guards of the consumers, and how the file is kept."""

from __future__ import annotations

import sqlite3
import stat
import threading
from contextlib import closing

import pytest

from lrs.auth.issue import Issuer
from lrs.auth.sqlite import LOOK_S, SqliteConsumers, open_consumers
from lrs.clock import FixedClock
from lrs.storage.sqlite import Store, connect, open_store


def test_only_its_owner_may_read_the_file_with_the_private_key(store: Store, consumers: SqliteConsumers) -> None:
    assert consumers.signing_keys()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in store.path.parent.glob("lrs.sqlite3*")}
    assert set(modes) >= {"lrs.sqlite3", "lrs.sqlite3-wal"}
    assert set(modes.values()) == {0o600}


def test_of_several_processes_that_start_together_one_makes_the_signing_key(store: Store, clock: FixedClock) -> None:
    stores = [open_store(store.path) for _ in range(4)]
    barrier = threading.Barrier(4)

    def start(own: Store) -> None:
        barrier.wait()
        open_consumers(own, clock)

    threads = [threading.Thread(target=start, args=(own,)) for own in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(SqliteConsumers(store).signing_keys()) == 1
    for own in stores:
        own.close()


def test_a_second_start_keeps_the_signing_key(store: Store, consumers: SqliteConsumers, clock: FixedClock) -> None:
    assert open_consumers(store, clock).signing_keys() == consumers.signing_keys()


def test_the_generation_is_read_only_when_the_mark_has_moved(
    store: Store, consumers: SqliteConsumers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every request asks for it."""
    generation = consumers.generation()
    monkeypatch.setattr(store, "reading", None)
    assert consumers.generation() == generation


def test_the_change_of_a_process_that_was_killed_right_after_its_commit_is_found(
    store: Store, consumers: SqliteConsumers, issuer: Issuer, clock: FixedClock
) -> None:
    """Such a process has not moved the mark, and has not answered either."""
    issuer.add_consumer("c")
    generation = consumers.generation()
    with closing(connect(store.path)) as killed:
        killed.execute("UPDATE consumer SET disabled = 1")
    clock.advance(LOOK_S)
    assert consumers.generation() > generation


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE token SET scopes = 'all'",
        "UPDATE token SET courses = '[\"*\"]'",
        "UPDATE token SET consumer_id = 2",
        "UPDATE token SET jti = 'x'",
        "UPDATE consumer_key SET sha256 = x'00'",
        "UPDATE consumer_key SET consumer_id = 2",
        "UPDATE consumer SET name = 'other'",
    ],
)
def test_the_database_refuses_to_change_what_a_remembered_proof_rests_on(
    store: Store, issuer: Issuer, change: str
) -> None:
    issuer.add_consumer("engine")
    issuer.add_key("engine")
    issuer.issue_token("engine")
    with pytest.raises(sqlite3.IntegrityError, match="fixed"), store.writing() as connection:
        connection.execute(change)


def test_a_consumer_with_credentials_can_not_be_deleted_from_under_them(store: Store, issuer: Issuer) -> None:
    issuer.add_consumer("engine")
    issuer.add_key("engine")
    with pytest.raises(sqlite3.IntegrityError), store.writing() as connection:
        connection.execute("DELETE FROM consumer")


@pytest.mark.parametrize("table", ["consumer_key", "token", "signing_key"])
def test_deleting_raises_the_generation(store: Store, consumers: SqliteConsumers, issuer: Issuer, table: str) -> None:
    issuer.add_consumer("engine")
    issuer.add_key("engine")
    issuer.issue_token("engine")
    before = consumers.generation()
    with store.writing() as connection:
        connection.execute(f"DELETE FROM {table}")
    assert consumers.generation() > before


def test_looking_up_a_credential_uses_an_index(store: Store, consumers: SqliteConsumers) -> None:
    with store.reading() as connection:
        for table, column in (("consumer_key", "id"), ("token", "jti")):
            plan = connection.execute(
                f"EXPLAIN QUERY PLAN SELECT * FROM {table} h JOIN consumer c ON c.id = h.consumer_id "
                f"WHERE h.{column} = 'x'"
            ).fetchall()
            assert all("SEARCH" in row[3] for row in plan), plan
