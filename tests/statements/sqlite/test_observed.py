"""What is counted of commits: their number, size and time, and what became of the statements."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lrs.errors import Conflict
from lrs.statements.record import Append, Place, SetAside
from lrs.statements.sqlite import SqliteStatementLog
from lrs.storage.sqlite import open_store
from tests.samples import draft, statement


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteStatementLog]:
    store = open_store(tmp_path / "lrs.sqlite3")
    opened = SqliteStatementLog(store)
    yield opened
    opened.close()
    store.close()


def test_each_commit_is_counted_with_its_statements(log: SqliteStatementLog) -> None:
    for size in (1, 3):
        log.append_now(Append([draft(statement()) for _ in range(size)]))
    counts = log.commits
    assert (counts.stored, counts.statements.total, sum(counts.statements.counts)) == (4, 4, 2)
    assert sum(counts.seconds.counts) == 2
    assert counts.seconds.total > 0


def test_what_came_again_is_repeated_and_not_stored(log: SqliteStatementLog) -> None:
    made = statement()
    for _ in range(3):
        log.append_now(Append([draft(made)]))
    assert (log.commits.stored, log.commits.repeated) == (1, 2)


def test_what_is_refused_counts_as_nothing(log: SqliteStatementLog) -> None:
    made = statement()
    log.append_now(Append([draft(made)]))
    with pytest.raises(Conflict):
        log.append_now(Append([draft(statement(statement_id=made["id"], block="other"))]))
    assert (log.commits.stored, log.commits.repeated, log.commits.conflicts) == (1, 0, 0)


def test_conflicts_and_quarantine_of_trusted_writers_are_counted(log: SqliteStatementLog) -> None:
    made = statement()
    other = draft(statement(statement_id=made["id"], block="other"))
    log.append_now(Append([draft(made)], lenient=True))
    log.append_now(Append([other], lenient=True, set_aside=[SetAside(b"{}", b"[]", "lms", "1.0.3")]))
    assert (log.commits.stored, log.commits.conflicts, log.commits.quarantined) == (1, 1, 1)
    assert log.commits.repeated == 0


def test_the_time_of_what_follows_a_place_is_told(log: SqliteStatementLog) -> None:
    log.append_now(Append([draft(statement())]))
    between = log.end()
    log.append_now(Append([draft(statement())]))
    first, second = log.stored_after(Place(0)), log.stored_after(between)
    assert first is not None
    assert second is not None
    assert first < second
    assert log.stored_after(log.end()) is None


def test_the_log_says_whether_it_takes_appends(tmp_path: Path) -> None:
    store = open_store(tmp_path / "other.sqlite3")
    opened = SqliteStatementLog(store)
    assert (opened.takes_appends, opened.queued) == (True, 0)
    opened.close()
    assert not opened.takes_appends
    store.close()
