"""A store, its log, and what erases from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lrs.clock import SystemClock
from lrs.documents.sqlite import SqliteDocuments
from lrs.erasure.writer import Erasures
from lrs.statements.sqlite import SqliteStatementLog
from lrs.storage.files import ContentFiles
from lrs.storage.sqlite import Store


@pytest.fixture
def erasures(store: Store, log: SqliteStatementLog, tmp_path: Path) -> Erasures:
    return Erasures(store, ContentFiles(tmp_path / "attachments"), SqliteDocuments(store), SystemClock())
