"""A store, its log, and what erases from it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lrs.clock import SystemClock
from lrs.documents.sqlite import SqliteDocuments
from lrs.erasure.writer import Erasures
from lrs.statements.sqlite import SqliteStatementLog
from lrs.storage.files import ContentFiles
from lrs.storage.sqlite import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "lrs.sqlite3")
    yield opened
    opened.close()


@pytest.fixture
def log(store: Store) -> Iterator[SqliteStatementLog]:
    opened = SqliteStatementLog(store)
    yield opened
    opened.close()


@pytest.fixture
def erasures(store: Store, log: SqliteStatementLog, tmp_path: Path) -> Erasures:
    return Erasures(store, ContentFiles(tmp_path / "attachments"), SqliteDocuments(store), SystemClock())
