"""The contract of the document store on SQLite, and what only SQLite promises."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lrs.clock import FixedClock
from lrs.documents import sqlite as adapter
from lrs.documents.documents import DocumentStore
from lrs.documents.sqlite import SqliteDocuments
from lrs.limits import DEFAULT_LIMITS
from lrs.storage.sqlite import Store, open_store
from tests.contracts.document_store import *  # noqa: F403
from tests.contracts.document_store import DOCUMENTS_MAX, STATE, put


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


@pytest.mark.parametrize("query", [adapter._READ, adapter._LISTED, adapter._COUNT, adapter._CLEAR, adapter._DELETE])
def test_documents_are_found_by_index(store: Store, documents: DocumentStore, query: str) -> None:
    with store.reading() as connection:
        rows = connection.execute(f"EXPLAIN QUERY PLAN {query}", [""] * query.count("?")).fetchall()
    plan = " ".join(row[3] for row in rows)
    assert "SEARCH document USING" in plan
    assert "SCAN" not in plan
