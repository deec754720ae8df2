"""The thread that keeps durable cursors."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from lrs.clock import FixedClock
from lrs.errors import StoreUnavailable
from lrs.statements.record import Place
from lrs.subscriptions import writer as writer_module
from lrs.subscriptions.durables import DurableName
from lrs.subscriptions.writer import CursorWriter
from tests.subscriptions.loops import PATIENCE_S
from tests.subscriptions.memory_durables import MemoryDurables

NAME = DurableName(1, "a")


@pytest.fixture
def durables() -> MemoryDurables:
    return MemoryDurables()


@pytest.fixture
def patient(durables: MemoryDurables, monkeypatch: pytest.MonkeyPatch) -> Iterator[CursorWriter]:
    """A writer that takes its time."""
    monkeypatch.setattr(writer_module, "PAUSE_S", 3600)
    made = CursorWriter(durables, FixedClock(), epoch=b"epoch1", most=2)
    yield made
    durables.failure = None
    made.close()


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_what_comes_together_is_written_together(patient: CursorWriter, durables: MemoryDurables) -> None:
    first, second = patient.named(1, "a"), patient.named(1, "b")
    first.begin(Place(0))
    second.begin(Place(0))
    writes = durables.writes
    for place in range(1, 50):
        first.keep(Place(place))
        second.keep(Place(place))
    first.keep(Place(3))
    patient.flush()
    assert durables.writes == writes + 1
    assert [cursor.place for cursor in durables.cursors()] == [49, 49]


def test_whoever_comes_again_finds_what_is_not_written_yet(patient: CursorWriter) -> None:
    kept = patient.named(1, "a")
    kept.begin(Place(0))
    kept.keep(Place(7))
    assert patient.named(1, "a").begin(Place(0)) == 7


def test_the_end_of_a_subscription_has_it_written_soon(patient: CursorWriter, durables: MemoryDurables) -> None:
    kept = patient.named(1, "a")
    kept.begin(Place(0))
    kept.keep(Place(7))
    kept.release()
    wait_for(lambda: durables.kept[NAME].place == 7)


def test_closing_writes_what_is_pending(durables: MemoryDurables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "PAUSE_S", 3600)
    made = CursorWriter(durables, FixedClock(), epoch=b"epoch1", most=2)
    kept = made.named(1, "a")
    kept.begin(Place(0))
    kept.keep(Place(7))
    made.close()
    assert durables.kept[NAME].place == 7


def test_it_writes_by_itself_and_tries_again_when_the_store_fails(
    durables: MemoryDurables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "PAUSE_S", 0.01)
    made = CursorWriter(durables, FixedClock(), epoch=b"epoch1", most=2)
    kept = made.named(1, "a")
    kept.begin(Place(0))
    durables.failure = StoreUnavailable("full")
    kept.keep(Place(7))
    with pytest.raises(StoreUnavailable):
        made.flush()
    time.sleep(0.05)
    durables.failure = None
    wait_for(lambda: durables.kept[NAME].place == 7)
    made.close()


def test_a_writer_that_nobody_used_has_no_thread(patient: CursorWriter) -> None:
    patient.named(1, "a").begin(Place(0))
    assert patient._thread is None


def test_a_reset_counts_only_what_comes_after_it(patient: CursorWriter, durables: MemoryDurables) -> None:
    kept = patient.named(1, "a")
    kept.begin(Place(0))
    kept.keep(Place(7))
    assert patient.named(1, "a", reset=True).begin(Place(2)) == 2
    patient.flush()
    assert durables.kept[NAME].place == 2
