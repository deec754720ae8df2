"""Several rooms write in one transaction when they do so in one thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from lrs.storage.sqlite import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = open_store(tmp_path / "store.sqlite3")
    with made.writing() as connection:
        connection.execute("CREATE TABLE thing (name TEXT UNIQUE)")
    yield made
    made.close()


def put(store: Store, name: str) -> None:
    with store.writing() as connection:
        connection.execute("INSERT INTO thing VALUES (?)", (name,))


def names(store: Store) -> list[str]:
    with store.reading() as connection:
        return [name for (name,) in connection.execute("SELECT name FROM thing ORDER BY name")]


def in_another_thread(store: Store) -> list[str]:
    found: list[list[str]] = []
    thread = threading.Thread(target=lambda: found.append(names(store)))
    thread.start()
    thread.join()
    return found[0]


def test_nothing_is_committed_before_the_outermost_ends(store: Store) -> None:
    with store.writing():
        put(store, "a")
        put(store, "b")
        assert in_another_thread(store) == []
    assert in_another_thread(store) == ["a", "b"]


def test_all_of_it_is_undone_when_the_outermost_fails(store: Store) -> None:
    with suppress(KeyError), store.writing():
        put(store, "a")
        raise KeyError
    assert names(store) == []
    put(store, "c")
    assert names(store) == ["c"]


def test_a_part_that_fails_leaves_no_trace_and_harms_no_other(store: Store) -> None:
    with store.writing():
        put(store, "a")
        with suppress(KeyError), store.writing():
            put(store, "b")
            raise KeyError
        put(store, "c")
    assert names(store) == ["a", "c"]


def test_the_writer_reads_what_it_wrote_also_in_a_snapshot(store: Store) -> None:
    with store.writing():
        put(store, "a")
        assert names(store) == ["a"]
        with store.snapshot() as connection:
            assert connection.execute("SELECT count(*) FROM thing").fetchone() == (1,)
        put(store, "b")
    assert names(store) == ["a", "b"]


def test_the_mark_moves_once_and_only_after_the_commit(store: Store) -> None:
    before = store.mark()
    with store.writing():
        put(store, "a")
        assert store.mark() == before
    assert store.mark() != before


def test_another_thread_waits_for_its_turn(store: Store) -> None:
    thread = threading.Thread(target=lambda: put(store, "b"))
    with store.writing():
        put(store, "a")
        thread.start()
        thread.join(0.1)
        assert thread.is_alive()
        assert names(store) == ["a"]
    thread.join()
    assert names(store) == ["a", "b"]
