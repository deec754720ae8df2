"""What every adapter of ``DurableStore`` keeps: one suite, run on each, and on the model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lrs.errors import CursorLimit, EpochChanged, NotFound
from lrs.statements.record import Place
from lrs.storage.sqlite import open_store
from lrs.subscriptions.durables import DurableName, DurableStore
from lrs.subscriptions.sqlite import SqliteDurables
from tests.subscriptions.memory_durables import MemoryDurables

MINE, OTHER, OF_ANOTHER = DurableName(1, "a"), DurableName(1, "b"), DurableName(2, "a")
EPOCH = b"epoch1"


@pytest.fixture(params=["sqlite", "memory"])
def durables(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DurableStore]:
    if request.param == "memory":
        yield MemoryDurables()
        return
    store = open_store(tmp_path / "lrs.sqlite3")
    yield SqliteDurables(store)
    store.close()


def begin(durables: DurableStore, name: DurableName, place: int, **options: Any) -> int:
    given: dict[str, Any] = {"epoch": EPOCH, "now_us": 1, "reset": False, "most": 10} | options
    return durables.begin(name, Place(place), **given)


def places(durables: DurableStore, consumer_id: int | None = None) -> dict[tuple[int, str], int]:
    return {(one.consumer_id, one.name): one.place for one in durables.cursors(consumer_id)}


def test_a_new_name_is_kept_where_it_begins(durables: DurableStore) -> None:
    """At once: what comes before the first acknowledgement must not be lost."""
    assert begin(durables, MINE, 5) == 5
    assert begin(durables, MINE, 9) == 5


def test_a_cursor_moves_forward_and_never_back(durables: DurableStore) -> None:
    begin(durables, MINE, 5)
    durables.move({MINE: Place(7)}, epoch=EPOCH, now_us=2)
    durables.move({MINE: Place(6)}, epoch=EPOCH, now_us=3)
    (kept,) = durables.cursors()
    assert (kept.place, kept.acknowledged_us, kept.epoch) == (7, 2, EPOCH)
    assert begin(durables, MINE, 0) == 7


def test_names_of_other_consumers_are_others(durables: DurableStore) -> None:
    begin(durables, MINE, 1)
    begin(durables, OTHER, 2)
    begin(durables, OF_ANOTHER, 3)
    durables.move({OF_ANOTHER: Place(4), OTHER: Place(9)}, epoch=EPOCH, now_us=1)
    assert places(durables) == {MINE: 1, OTHER: 9, OF_ANOTHER: 4}
    assert places(durables, 1) == {MINE: 1, OTHER: 9}
    assert places(durables, 3) == {}


def test_a_reset_forgets_what_was_kept(durables: DurableStore) -> None:
    begin(durables, MINE, 7)
    assert begin(durables, MINE, 2, reset=True) == 2
    assert begin(durables, MINE, 9) == 2


def test_a_reset_to_where_it_is_writes_nothing(durables: DurableStore) -> None:
    """Clients do so when they come back, maybe all at once."""
    begin(durables, MINE, 7, now_us=1)
    assert begin(durables, MINE, 7, now_us=2, reset=True) == 7
    (kept,) = durables.cursors()
    assert kept.acknowledged_us == 1


def test_what_was_kept_of_an_earlier_history_is_told_until_it_is_reset(durables: DurableStore) -> None:
    begin(durables, MINE, 7, epoch=b"epoch0")
    with pytest.raises(EpochChanged):
        begin(durables, MINE, 0)
    durables.move({MINE: Place(9)}, epoch=EPOCH, now_us=1)
    assert places(durables) == {MINE: 7}
    assert begin(durables, MINE, 0, reset=True) == 0


def test_a_consumer_has_no_more_than_it_may(durables: DurableStore) -> None:
    """Invariant 7."""
    begin(durables, MINE, 1, most=1)
    begin(durables, OF_ANOTHER, 1, most=1)
    with pytest.raises(CursorLimit):
        begin(durables, OTHER, 1, most=1)
    begin(durables, MINE, 3, most=1, reset=True)
    begin(durables, OTHER, 1, most=2)


def test_what_was_dropped_stays_away(durables: DurableStore) -> None:
    """Also when a connection that used it acknowledges something later."""
    begin(durables, MINE, 1)
    durables.drop(MINE)
    durables.move({MINE: Place(9)}, epoch=EPOCH, now_us=1)
    assert places(durables) == {}
    with pytest.raises(NotFound):
        durables.drop(MINE)
