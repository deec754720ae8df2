"""The contract of the statement log, with a writer in a process of its own."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from lrs.errors import Conflict
from lrs.statements.record import Append, SetAside
from lrs.statements.sqlite import SqliteStatementLog
from lrs.statements.sqlite.process import log_process
from lrs.storage.child import Call, Child, Line, new_name
from lrs.storage.sqlite import Store, open_store
from tests.contracts.following import *  # noqa: F403
from tests.contracts.statement_log import *  # noqa: F403
from tests.contracts.statement_log import ids, put
from tests.loops import WAIT_S, loop_thread
from tests.samples import draft, statement


@contextmanager
def opened(store: Store, process: Line) -> Iterator[SqliteStatementLog]:
    with loop_thread() as loop:
        made = loop.call(lambda: SqliteStatementLog(store, process=process))
        try:
            yield made
        finally:
            made.close()


@pytest.fixture
def process() -> Child:
    """To be asked for before ``store``: SQLite does not survive a fork."""
    return log_process()


@pytest.fixture
def log(process: Child, store: Store) -> Iterator[SqliteStatementLog]:
    with opened(store, process) as made:
        yield made


def test_commits_are_counted_here(log: SqliteStatementLog) -> None:
    made = statement()
    log.append_now(Append([draft(made), draft(statement())], lenient=True))
    log.append_now(Append([draft(made)], lenient=True, set_aside=[SetAside(b"{}", b"[]", "lms", "1.0.3")]))
    counts = log.commits
    assert (counts.stored, counts.repeated, counts.quarantined, sum(counts.seconds.counts)) == (2, 1, 1, 2)


def test_a_refusal_comes_back_as_what_it_is(log: SqliteStatementLog) -> None:
    made = statement()
    put(log, made)
    with pytest.raises(Conflict, match=f"statement {made['id']} is already stored with another content"):
        put(log, statement(statement_id=made["id"], block="other"))


def test_everybody_is_woken_after_a_commit(log: SqliteStatementLog) -> None:
    heads: list[int] = []
    log.on_commit(lambda: heads.append(log.head()))
    put(log, statement())
    assert heads == [1]


def test_when_the_process_is_killed_nothing_is_lost_and_nothing_comes_twice(
    log: SqliteStatementLog, process: Child
) -> None:
    before, after = statement(), statement()
    put(log, before)
    assert log.process == process.pid
    os.kill(process.pid, signal.SIGKILL)
    assert put(log, after) == [2]
    assert put(log, before, after) == [1, 2]
    assert ids(log) == [before["id"], after["id"]]
    assert log.process is None


def test_what_an_earlier_process_left_to_be_passed_on_is_finished_though_nobody_appends(
    process: Child, store: Store
) -> None:
    SqliteStatementLog(store).close()
    with store.writing() as connection:
        connection.execute("INSERT INTO owed (target, beyond, depth) VALUES (zeroblob(16), 0, 1)")
    with opened(store, process) as log:
        end = time.monotonic() + WAIT_S
        while log.unfinished:
            assert time.monotonic() < end
            time.sleep(0.005)
    with store.reading() as connection:
        assert connection.execute("SELECT count(*) FROM owed").fetchone() == (0,)


def test_a_process_that_can_not_open_the_store_leaves_it_to_this_one(process: Child, store: Store) -> None:
    with store.reading(), opened(store, log_process()) as log:
        # It was made after the store was opened here.
        assert put(log, statement()) == [1]
    with opened(store, process) as log:
        assert put(log, statement()) == [2]


def test_a_process_that_writes_to_another_store_is_not_written_to(tmp_path: Path) -> None:
    name = new_name()
    with (
        closing(log_process(name)),
        closing(open_store(tmp_path / "one")) as first,
        opened(first, Call(name)) as log,
        closing(open_store(tmp_path / "two")) as second,
        opened(second, Call(name)) as other,
    ):
        assert put(log, statement()) == [1]
        assert put(other, statement()) == [1]
        assert log.head() == 1
