"""What an erasure does to the log."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from lrs.erasure.erasure import Erasure, Wanted
from lrs.erasure.writer import Erasures
from lrs.errors import Conflict
from lrs.statements.learners import Learner
from lrs.statements.log import Selection
from lrs.statements.match import Filter
from lrs.statements.record import Append, Place
from lrs.statements.sqlite import SqliteStatementLog
from lrs.statements.sqlite.derived import verify_derived
from lrs.statements.sqlite.verify import verify_records
from lrs.storage.sqlite import Store
from lrs.xapi.actors import ifi
from tests.contracts.statement_log import identity, ids, put
from tests.samples import COURSE_A, COURSE_B, EVERYONE, agent, course_activity, draft, principal, statement, voiding

ANN = Learner.of(agent("ann"))


def erase(erasures: Erasures, *agents: dict[str, Any]) -> Erasure:
    learner = Learner.of(list(agents)) if agents else ANN
    return erasures.finish(erasures.begin(Wanted(learner=learner), "request"))


def whole(store: Store) -> int:
    with store.snapshot() as connection:
        records = list(verify_records(connection))[-1]
        list(verify_derived(connection))
    return records


def names(store: Store) -> list[str]:
    with store.reading() as connection:
        return [name for (name,) in connection.execute("SELECT name FROM key_name")]


WAYS: dict[str, dict[str, Any]] = {
    "actor": {"learner": "ann"},
    "member": {"actor": {"objectType": "Group", "member": [agent("bob"), agent("ann")]}},
    "object": {"object": agent("ann")},
    "member of the object": {"object": {"objectType": "Group", **agent("team"), "member": [agent("ann")]}},
    "instructor": {"context": {"instructor": agent("ann")}},
    "team": {"context": {"team": {"objectType": "Group", "member": [agent("ann")]}}},
    "contextAgents": {"context": {"contextAgents": [{"objectType": "contextAgent", "agent": agent("ann")}]}},
    "SubStatement": {
        "object": {
            "objectType": "SubStatement",
            "actor": agent("ann"),
            "verb": {"id": "http://example.com/did"},
            "object": course_activity(COURSE_A),
        }
    },
}


def sample(way: str) -> dict[str, Any]:
    return statement(**({"learner": "bob"} | WAYS[way]))


@pytest.mark.parametrize("way", WAYS)
def test_whatever_names_the_learner_goes(log: SqliteStatementLog, store: Store, erasures: Erasures, way: str) -> None:
    made, other = sample(way), statement(learner="carl")
    put(log, made, other)
    done = erase(erasures)
    assert (done.amounts.statements, done.finished_us is not None) == (1, True)
    assert ids(log) == [other["id"]]
    assert log.find(identity(made), EVERYONE) is None
    assert whole(store) == 2
    assert not any("|ann" in name for name in names(store))


def test_others_keep_all_they_have(log: SqliteStatementLog, store: Store, erasures: Erasures) -> None:
    kept = [statement(learner="anna"), statement(learner="bob"), statement(learner="carl", course=COURSE_B)]
    put(log, *kept, statement(learner="ann"))
    before = [log.find(identity(one), EVERYONE) for one in kept]
    erase(erasures)
    assert [log.find(identity(one), EVERYONE) for one in kept] == before
    everybody = replace(Selection(ascending=True), filter=Filter.of(frozenset({"a" + str(ifi(agent("bob")))})))
    assert ids(log, everybody) == [kept[1]["id"]]


def test_what_referred_to_it_stays_and_is_not_found_by_it_any_more(
    log: SqliteStatementLog, store: Store, erasures: Erasures
) -> None:
    """Early, late, and over two references."""
    target = statement(block="ann's own block", learner="ann")
    early = statement(learner="bob", course=None, object={"objectType": "StatementRef", "id": target["id"]})
    far = statement(learner="bob", course=None, object={"objectType": "StatementRef", "id": early["id"]})
    late = statement(learner="bob", course=None, object={"objectType": "StatementRef", "id": target["id"]})
    for one in (far, early, target, late):
        put(log, one)
    by_ann = replace(Selection(ascending=True), filter=Filter.of(frozenset({"a" + str(ifi(agent("ann")))})))
    in_course = replace(Selection(ascending=True), filter=Filter.of(frozenset({"k" + COURSE_A})))
    assert ids(log, by_ann) == [far["id"], early["id"], target["id"], late["id"]]
    end = log.end()
    erase(erasures)
    assert ids(log, by_ann) == []
    assert ids(log, in_course) == [far["id"], early["id"], late["id"]]
    assert whole(store) == 4
    assert not any("ann" in name for name in names(store))
    assert log.end() == end
    arrived = log.newest(Place(0), 100, 10**6)
    assert arrived.through == end
    assert all(one.record.payload for one in arrived.arrivals)
    changes = log.changes(Filter.of(frozenset({"k" + COURSE_A})), EVERYONE, after=Place(0), limit=100, bytes_max=10**6)
    assert sorted(str(UUID(bytes=one.id)) for one in changes.records) == sorted([far["id"], early["id"], late["id"]])


def test_what_a_learner_voided_stays_void(log: SqliteStatementLog, store: Store, erasures: Erasures) -> None:
    target = statement(learner="bob")
    put(log, target)
    put(log, voiding(target["id"]) | {"actor": agent("ann")})
    erase(erasures)
    assert ids(log) == []
    assert log.find(identity(target), EVERYONE, voided=True) is not None
    assert whole(store) == 2


def test_an_erased_voided_statement_is_not_found_as_voided(
    log: SqliteStatementLog, store: Store, erasures: Erasures
) -> None:
    target = statement(learner="ann")
    put(log, target)
    put(log, voiding(target["id"]))
    erase(erasures)
    assert log.find(identity(target), EVERYONE, voided=True) is None
    assert whole(store) == 2


def test_its_id_is_taken_for_ever(log: SqliteStatementLog, store: Store, erasures: Erasures) -> None:
    """A platform that sends it again is told that it is there; others learn why it is not stored."""
    made = statement(learner="ann")
    put(log, made)
    erase(erasures)
    with pytest.raises(Conflict, match="was erased"):
        put(log, made)
    assert log.append_now(Append([draft(made)], lenient=True)) == [1]
    assert whole(store) == 1
    assert not any("|ann" in name for name in names(store))


def test_a_learner_who_comes_back_is_somebody_new(log: SqliteStatementLog, store: Store, erasures: Erasures) -> None:
    """Also to processes that knew the learner's number."""
    with closing(SqliteStatementLog(store)) as other:
        by_ann = replace(Selection(ascending=True), filter=Filter.of(frozenset({"a" + str(ifi(agent("ann")))})))
        put(log, statement(learner="ann"))
        assert len(ids(other, by_ann)) == len(ids(log, by_ann)) == 1
        erase(erasures)
        again = statement(learner="ann")
        put(other, again)
        assert ids(log, by_ann) == ids(other, by_ann) == [again["id"]]
        assert whole(store) == 2
        erase(erasures)
        third = statement(learner="ann")
        put(log, third)
        assert ids(log, by_ann) == ids(other, by_ann) == [third["id"]]
        assert whole(store) == 3


def test_several_identifiers_are_one_learner(log: SqliteStatementLog, store: Store, erasures: Erasures) -> None:
    """And a mailbox stands for its hash."""
    mbox = {"objectType": "Agent", "mbox": "mailto:ann@example.com"}
    hashed = {"mbox_sha1sum": hashlib.sha1(b"mailto:ann@example.com", usedforsecurity=False).hexdigest()}
    put(log, statement(learner="ann"), statement(actor=mbox), statement(actor=hashed), statement(learner="bob"))
    assert erase(erasures, agent("ann"), mbox).amounts.statements == 3
    assert whole(store) == 4
    assert not any("ann@" in name or "sha1" in name for name in names(store))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE record SET payload = x'' WHERE position = 1",
        "UPDATE record SET payload = x'7b7d' WHERE position = 2",
        "UPDATE record SET keys = '[1]' WHERE position = 2",
        "DELETE FROM record WHERE position = 2",
        "UPDATE tombstone SET digest = x'00'",
        "DELETE FROM tombstone",
    ],
)
def test_outside_of_an_erasure_the_log_is_append_only_as_before(
    log: SqliteStatementLog, store: Store, erasures: Erasures, change: str
) -> None:
    """Invariant 3."""
    put(log, statement(learner="bob"), statement(learner="ann"))
    erase(erasures)
    with closing(sqlite3.connect(store.path)) as other, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        other.execute(change)


def test_within_an_erasure_nothing_else_of_a_record_changes(
    log: SqliteStatementLog, store: Store, erasures: Erasures
) -> None:
    put(log, statement(learner="bob"))
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("INSERT INTO tombstone (position, erasure, digest) VALUES (1, 7, x'00')")
        other.execute("INSERT INTO erasing VALUES (7)")
        for change in ("payload = x'7b7d'", "payload = x'', stored = 0", "payload = x'', id = x'00'"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                other.execute(f"UPDATE record SET {change}")


def test_events_of_erased_statements_are_not_known_any_more(
    log: SqliteStatementLog, store: Store, erasures: Erasures
) -> None:
    """A table of them would tell who did what to whoever asks it."""
    trusted = replace(principal(), trusted=True)
    log.append_now(Append([draft(statement(learner="ann"), trusted)], lenient=True))
    erase(erasures)
    with store.reading() as connection:
        assert connection.execute("SELECT count(*) FROM event").fetchone() == (0,)


def test_many_who_refer_to_one_are_done_step_by_step(log: SqliteStatementLog, store: Store, erasures: Erasures) -> None:
    target = statement(learner="ann")
    put(log, target)
    put(
        log,
        *(
            statement(learner="bob", course=None, object={"objectType": "StatementRef", "id": target["id"]})
            for _ in range(75)
        ),
    )
    erase(erasures)
    assert whole(store) == 76
    assert not any("|ann" in name for name in names(store))


def test_what_is_too_old_goes(log: SqliteStatementLog, store: Store, erasures: Erasures) -> None:
    put(log, statement(learner="ann"), statement(learner="bob"))
    put(log, kept := statement(learner="carl"))
    record = log.find(identity(kept), EVERYONE)
    assert record is not None
    wanted, count = erasures.too_old(record.stored_us)
    assert count == 2
    erasures.finish(erasures.begin(wanted, "retention"))
    assert ids(log) == [kept["id"]]
    assert erasures.too_old(record.stored_us)[1] == 0
    assert whole(store) == 3
    assert sum("|bob" in name or "|ann" in name for name in names(store)) == 0
