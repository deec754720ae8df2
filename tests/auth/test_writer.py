"""The thread that notes last use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

import pytest

from lrs.auth import writer
from lrs.auth.consumers import ConsumerStore
from lrs.auth.writer import UseWriter
from lrs.errors import StoreUnavailable

MINUTE_US = 60_000_000


class Notes:
    """A store that only takes notes of use, or fails to."""

    def __init__(self) -> None:
        self.taken: list[dict[str, int]] = []
        self.full = False

    def note_uses(self, uses: Mapping[str, int]) -> None:
        if self.full:
            raise StoreUnavailable("full")
        self.taken.append(dict(uses))


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def uses(notes: Notes, monkeypatch: pytest.MonkeyPatch) -> Iterator[UseWriter]:
    """A writer whose thread writes nothing until it is closed."""
    monkeypatch.setattr(writer, "PAUSE_S", 3600)
    made = writer_of(notes)
    yield made
    made.close()


def writer_of(notes: Any) -> UseWriter:
    return UseWriter(cast("ConsumerStore", notes), last_used_s=60, credentials_max=16)


def test_uses_within_the_precision_are_one_note(uses: UseWriter, notes: Notes) -> None:
    for at_us in (MINUTE_US, MINUTE_US + 1, 2 * MINUTE_US - 1):
        uses.note("key:a", at_us)
    uses.flush()
    uses.note("key:a", 2 * MINUTE_US - 1)
    uses.flush()
    assert notes.taken == [{"key:a": MINUTE_US}]
    uses.note("key:a", 2 * MINUTE_US)
    uses.flush()
    assert notes.taken == [{"key:a": MINUTE_US}, {"key:a": 2 * MINUTE_US}]


def test_uses_of_many_credentials_are_one_write(uses: UseWriter, notes: Notes) -> None:
    uses.note("key:a", MINUTE_US)
    uses.note("token:b", MINUTE_US)
    uses.flush()
    uses.flush()
    assert notes.taken == [{"key:a": MINUTE_US, "token:b": MINUTE_US}]


def test_a_clock_that_is_set_back_does_not_stop_the_notes(uses: UseWriter, notes: Notes) -> None:
    uses.note("key:a", 10 * MINUTE_US)
    uses.note("key:a", 2 * MINUTE_US)
    uses.flush()
    assert notes.taken == [{"key:a": 2 * MINUTE_US}]


def test_a_store_that_is_full_costs_a_note_and_nothing_else(uses: UseWriter, notes: Notes) -> None:
    notes.full = True
    uses.note("key:a", MINUTE_US)
    uses.flush()
    notes.full = False
    uses.note("key:a", 3 * MINUTE_US)
    uses.flush()
    assert notes.taken == [{"key:a": 3 * MINUTE_US}]


def test_what_is_remembered_is_bounded(uses: UseWriter) -> None:
    """Invariant 7."""
    for number in range(100):
        uses.note(f"key:{number}", MINUTE_US)
        assert len(uses._noted) <= 16


def test_closing_writes_what_is_pending(notes: Notes) -> None:
    made = writer_of(notes)
    made.note("key:a", MINUTE_US)
    made.close()
    assert notes.taken == [{"key:a": MINUTE_US}]


def test_the_thread_writes_by_itself(notes: Notes, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    written = threading.Event()
    monkeypatch.setattr(writer, "PAUSE_S", 0)
    monkeypatch.setattr(notes, "note_uses", lambda _uses: written.set())
    made = writer_of(notes)
    made.note("key:a", MINUTE_US)
    assert written.wait(30)
    made.close()
