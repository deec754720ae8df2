"""What is made from the log is proven to agree with it; each way in which it may not is found, and said where."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from lrs.errors import StoreCorrupt
from lrs.limits import Limits
from lrs.statements.attachments import named
from lrs.statements.record import Append
from lrs.statements.sqlite import SqliteStatementLog
from lrs.statements.sqlite.derived import PARTS, verify_derived
from lrs.statements.sqlite.verify import verify_records
from lrs.storage.sqlite import Store, open_store
from tests.contracts.following import about
from tests.samples import COURSE_A, COURSE_B, draft, principal, statement, voiding
from tests.subscriptions.served import wait_until


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Position 1 is plain; 2 refers to 1; 3 and 4 refer to 5, which comes late, and 4 voids it; 6 refers to nothing."""
    opened = open_store(tmp_path / "lrs.sqlite3")
    log = SqliteStatementLog(opened)
    plain, late = statement(course=COURSE_A), statement(course=COURSE_B)
    for made in (
        plain,
        about(plain["id"]),
        about(late["id"]),
        voiding(late["id"]),
        late,
        about(str(uuid4())),
    ):
        log.append_now(Append([draft(made)]))
    log.close()
    yield opened
    opened.close()


def checked(store: Store) -> list[str]:
    with store.snapshot() as connection:
        list(verify_records(connection))
        return list(verify_derived(connection))


def test_an_untouched_store_agrees(store: Store) -> None:
    assert len(checked(store)) == PARTS
    with store.reading() as connection:
        assert connection.execute("PRAGMA query_only").fetchone() == (1,)


REFERS = "(SELECT number FROM key_name WHERE name LIKE 'vhttp%commented')"
KEYS = "(SELECT '[' || number || ']' FROM key_name WHERE name LIKE 'vhttp%answered')"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("DELETE FROM key_name_hash WHERE number = 1", "number 1 of key_name: it is not found"),
        ("UPDATE course_set_hash SET hash = 1 WHERE number = 2", "number 2 of course_set: it is not found"),
        ("INSERT INTO key_name_hash VALUES (1, 1)", "hashes stand for"),
        ("DELETE FROM reference WHERE position = 2", "position 2: what it refers to"),
        ("UPDATE reference SET position = 1 WHERE position = 2", "position 1: what it refers to"),
        ("UPDATE reference SET target = randomblob(16) WHERE position = 6", "position 6: what it refers to"),
        ("DELETE FROM void", "position 4: what it refers to, or voids"),
        ("UPDATE void SET position = 3", "position 3: what it refers to, or voids"),
        ("UPDATE void SET target = randomblob(16)", "position 4: it is said to void"),
        ("DELETE FROM inherited WHERE position = 2", "position 2: it has not inherited all"),
        (f"UPDATE inherited SET keys = {KEYS} WHERE position = 3", "position 3: it has inherited what"),
        ("UPDATE inherited SET first_keys = keys WHERE position = 3", "position 3: its gains"),
        (
            "UPDATE inherited SET courses = (SELECT min(number) FROM course_set) WHERE position = 3",
            "position 3: it has",
        ),
        ("INSERT INTO inherited VALUES (1, 1, '[1]', NULL, NULL)", "position 1: it has inherited something"),
        ("INSERT INTO inherited SELECT 6, courses, keys, NULL, NULL FROM inherited WHERE position = 2", "position 6"),
        ("DELETE FROM gain", "position 3: it has inherited something late"),
        ("DELETE FROM gain WHERE position = 3", "gain at place 7"),
        ("UPDATE gain SET at = 2 WHERE position = 3", "gain at place 6"),
        ("UPDATE gain SET keys_before = '[1]' WHERE position = 3", "position 3: its gains do not follow"),
        ("UPDATE gain SET keys = '[1]' WHERE position = 4", "position 4: its last gain"),
        ("UPDATE gain SET position = 3 WHERE position = 4", "position 3: its gains do not follow"),
        ("INSERT INTO record_key (rowid, keys) VALUES (2, '9999')", "position 2: the key index"),
        ("INSERT INTO record_key (rowid, keys) VALUES (99, '9999')", "position 99: the key index"),
        (f"INSERT INTO record_key (record_key, rowid, keys) SELECT 'delete', 6, {REFERS}", "position 6: the key index"),
        ("INSERT INTO gain_key (gain_key) VALUES ('delete-all')", "gain at place 6: the index of gains"),
        ("INSERT INTO event VALUES (randomblob(16), 3)", "position 3: the table of events"),
        ("INSERT INTO event VALUES (randomblob(16), 99)", "position 99: the table of events"),
        ("INSERT INTO attachment VALUES (1, 'abc', 'text/plain')", "position 1: the table of attachments"),
        ("INSERT INTO repeat VALUES (99, 1)", "position 99"),
        ("INSERT INTO conflict (position, received, body) VALUES (99, 0, x'7b7d')", "position 99"),
    ],
)
def test_what_does_not_agree_is_found(store: Store, change: str, found: str) -> None:
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        assert other.execute(change).rowcount
    with pytest.raises(StoreCorrupt, match=found):
        checked(store)


def test_a_name_that_has_two_numbers_is_found(store: Store) -> None:
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("INSERT INTO key_name SELECT 999, name FROM key_name WHERE number = 1")
        other.execute("INSERT INTO key_name_hash SELECT hash, 999 FROM key_name_hash WHERE number = 1")
    with pytest.raises(StoreCorrupt, match="number 999 of key_name: its name has another"):
        checked(store)


def test_what_stands_beside_the_log_agrees_too(tmp_path: Path) -> None:
    """Events of trusted writers, and what came again or in conflict."""
    store = open_store(tmp_path / "lrs.sqlite3")
    log = SqliteStatementLog(store)
    told = statement()
    for made in (told, told, told | {"result": {"success": True}}):
        log.append_now(Append([draft(made, principal())], lenient=True))
    log.close()
    assert len(checked(store)) == PARTS
    store.close()
    assert not named(told)


def test_what_is_still_to_be_passed_on_is_no_fault(tmp_path: Path) -> None:
    store = open_store(tmp_path / "lrs.sqlite3")
    log = SqliteStatementLog(store, limits=Limits(late_inheritance_max=2))
    late = statement()
    log.append_now(Append([draft(about(late["id"])) for _ in range(200)]))
    log.append_now(Append([draft(late)]))
    assert len(checked(store)) == PARTS
    wait_until(lambda: not log.unfinished)
    assert len(checked(store)) == PARTS
    log.close()
    store.close()
