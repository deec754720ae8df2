"""The contract of the document store on SQLite, and what only SQLite promises."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from sqlite_utils import Database

from lrs.clock import FixedClock
from lrs.documents import sqlite as adapter
from lrs.documents.documents import Content, Context, Document, DocumentStore, Kind
from lrs.documents.sqlite import SqliteDocuments
from lrs.limits import DEFAULT_LIMITS
from lrs.storage.sqlite import Store, open_store
from tests.contracts.document_store import *  # noqa: F403
from tests.contracts.document_store import DOCUMENTS_MAX, STATE, TEXT, put


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


def opened_on(store: Store, clock: FixedClock) -> SqliteDocuments:
    return SqliteDocuments(store, limits=replace(DEFAULT_LIMITS, documents_max=DOCUMENTS_MAX), clock=clock)


@pytest.fixture
def documents(store: Store, clock: FixedClock) -> DocumentStore:
    return opened_on(store, clock)


def test_documents_survive_closing_and_are_seen_by_other_processes(
    tmp_path: Path, documents: DocumentStore, clock: FixedClock
) -> None:
    stored = put(documents, STATE, "s")
    other = open_store(tmp_path / "lrs.sqlite3")
    assert opened_on(other, clock).read(STATE, "s") == stored
    other.close()


QUERIES = [adapter._READ, adapter._LISTED, adapter._COUNT, adapter._OF_PLACE, adapter._OF_AGENTS, adapter._TAKE]


@pytest.mark.parametrize("query", QUERIES)
def test_documents_are_found_by_index(store: Store, documents: DocumentStore, query: str) -> None:
    with store.writing() as connection:
        rows = connection.execute(f"EXPLAIN QUERY PLAN {query}", [""] * query.count("?")).fetchall()
    plan = " ".join(row[3] for row in rows)
    assert "SEARCH" in plan
    assert "SCAN" not in plan


def test_documents_of_yesterday_are_there_with_their_times(tmp_path: Path, clock: FixedClock) -> None:
    """What was stored in the table of before, whose pages are overwritten."""
    store = open_store(tmp_path / "old.sqlite3")
    with store.writing() as connection:
        connection.execute(adapter._TABLE)
        connection.execute(
            "INSERT INTO document VALUES ('state', ?, ?, '', 'id of yesterday', 5, ?, ?)",
            (STATE.activity, STATE.agent, TEXT.content_type, TEXT.body),
        )
        done = {"migration_set": "documents", "name": "m001_documents", "applied_at": "then"}
        Database(connection).table("_sqlite_migrations").insert(done)
    documents = opened_on(store, clock)
    assert documents.read(STATE, "id of yesterday") == Document(TEXT, 5)
    assert documents.listed(STATE) == (["id of yesterday"], 5)
    assert documents.drop(documents.of_agents([str(STATE.agent)])) == 1
    assert store.empty_wal()
    assert b"yesterday" not in store.path.read_bytes()
    store.close()


def test_slots_are_used_again(store: Store, documents: DocumentStore) -> None:
    """By the next document of about the same size, and by the same one that grows by little."""
    for number in range(50):
        put(documents, STATE, "s", Content("text/plain", b"x" * (200 + number % 7)))
        put(documents, STATE, "long", Content("text/plain", b"y" * 5_000))
        documents.clear(STATE)
    with store.reading() as connection:
        assert connection.execute("SELECT count(*) FROM document_slot").fetchone() == (2,)


def test_nothing_is_left_of_documents_that_are_changed_and_deleted(store: Store, clock: FixedClock) -> None:
    """Of many in any order, neither of them nor of their ids and agents."""
    random = Random(3)
    documents = SqliteDocuments(store, clock=clock)
    made = ["".join(random.choices("ghijklmnopqrstuv", k=20)) for _ in range(1_500)]

    def fill(word: str) -> None:
        content = Content("text/plain", b"." + word.encode() + b"." * random.randrange(1_500))
        put(documents, Context(Kind.STATE, "http://x.org/a", f"openid|http://x.org/{word}"), f".{word}", content)

    with store.writing():
        for word in [*made, *random.sample(made, 1_500)]:
            fill(word)
    gone = made[::2]
    numbers = documents.of_agents([f"openid|http://x.org/{word}" for word in gone])
    assert documents.drop(numbers) == len(gone)
    assert store.empty_wal()
    found = {word.decode() for word in re.findall(rb"[g-v]{20}", store.path.read_bytes())}
    assert found == set(made[1::2])


def test_sweeping_leaves_documents_alone(store: Store, documents: DocumentStore) -> None:
    put(documents, STATE, "s")
    put(documents, STATE, "t", Content("text/plain", b"x" * 1_000))
    documents.change(STATE, "t", lambda _: None)
    with store.writing() as connection:
        adapter.sweep(connection)
        assert connection.execute("SELECT count(*) FROM document_slot").fetchone() == (1,)
    put(documents, STATE, "t", Content("text/plain", b"x" * 1_000))
    assert documents.listed(STATE).ids == ["s", "t"]


def test_long_ids_are_listed(documents: DocumentStore) -> None:
    put(documents, STATE, "i" * 3_000)
    assert documents.listed(STATE).ids == ["i" * 3_000]
