"""The audit trail keeps what it was told, in order, and lets nobody change it."""

from __future__ import annotations

import sqlite3
from contextlib import suppress

import pytest

from lrs.audit.entry import DETAILS_BYTES_MAX, SYSTEM, VISITOR, Actor
from lrs.audit.sqlite import AuditTrail, Wanted
from lrs.clock import FixedClock
from lrs.storage.sqlite import Store


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def trail(store: Store, clock: FixedClock) -> AuditTrail:
    return AuditTrail(store, clock)


def test_an_entry_says_who_did_what_when(trail: AuditTrail, clock: FixedClock) -> None:
    trail.note(Actor("admin", "anna"), "consumer.add", "consumer:engine", {"scopes": ["stream"]})
    (entry,) = trail.entries()
    assert (entry.actor, entry.act, entry.about) == ("admin:anna", "consumer.add", "consumer:engine")
    assert entry.details == {"scopes": ["stream"]}
    assert entry.at_us == clock.now_us()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit SET actor = 'system'",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit VALUES (1, 0, 'system', 'x', 'y', '{}')",
    ],
)
def test_the_database_refuses_every_change(trail: AuditTrail, store: Store, sql: str) -> None:
    """Invariant 3, for the trail as for the log."""
    trail.note(SYSTEM, "x", "y")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"), store.writing() as connection:
        connection.execute(sql)
    assert [entry.act for entry in trail.entries()] == ["x"]


def test_an_act_that_fails_leaves_no_entry(trail: AuditTrail, store: Store) -> None:
    with suppress(KeyError), store.writing():
        trail.note(SYSTEM, "x", "y")
        raise KeyError
    assert trail.entries() == []


def test_the_newest_is_first_and_pages_do_not_overlap(trail: AuditTrail) -> None:
    for number in range(5):
        trail.note(VISITOR, f"act.{number}", "y")
    first = trail.entries(limit=3)
    second = trail.entries(before=first[-1].number)
    assert [entry.act for entry in first + second] == [f"act.{number}" for number in (4, 3, 2, 1, 0)]


def test_entries_are_found_by_actor_act_subject_and_time(trail: AuditTrail, clock: FixedClock) -> None:
    trail.note(Actor("admin", "anna"), "consumer.add", "consumer:a")
    clock.advance(10)
    later_us = clock.now_us()
    trail.note(Actor("cli", "root"), "consumer.change", "consumer:ab")
    trail.note(Actor("admin", "annabel"), "consumers", "consumer:a.b")

    def found(**wanted: str | int) -> list[str]:
        return [entry.act for entry in trail.entries(Wanted(**wanted))]  # type: ignore[arg-type]

    assert found(act="consumer") == ["consumer.change", "consumer.add"]
    assert found(actor="admin") == ["consumers", "consumer.add"]
    assert found(actor="admin:anna") == ["consumer.add"]
    assert found(about="consumer:a") == ["consumer.add"]
    assert found(about="consumer") == ["consumers", "consumer.change", "consumer.add"]
    assert found(since_us=later_us) == ["consumers", "consumer.change"]
    assert found(until_us=later_us - 1) == ["consumer.add"]
    assert found(act="%") == []


def test_details_that_are_too_long_are_cut_to_their_names(trail: AuditTrail) -> None:
    """Invariant 7: everything is bounded."""
    trail.note(SYSTEM, "x", "y", {"b": "x" * DETAILS_BYTES_MAX, "a": 1})
    assert trail.entries()[0].details == {"too_long": ["a", "b"]}
