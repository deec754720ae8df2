from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lrs.statements.record import Place
from lrs.subscriptions.acknowledging import Acknowledging


class Kept:
    def __init__(self) -> None:
        self.places: list[int] = []
        self.released = False

    def begin(self, place: Place) -> Place:
        return place

    def keep(self, place: Place) -> None:
        self.places.append(place)

    def release(self) -> None:
        self.released = True

    def flush(self) -> None:
        raise AssertionError


def test_what_is_sent_takes_room_and_what_is_acknowledged_gives_it_back() -> None:
    window = Acknowledging(10, None)
    window.sent(Place(3), 3)
    window.sent(Place(9), 5)
    assert window.room == 2
    assert window.acknowledge(Place(3))
    assert window.room == 5
    assert window.acknowledge(Place(9))
    assert window.room == 10


def test_a_batch_counts_until_all_of_it_is_acknowledged() -> None:
    window = Acknowledging(10, None)
    window.sent(Place(9), 5)
    assert window.acknowledge(Place(8))
    assert window.room == 5


def test_without_a_window_there_is_always_room_and_nothing_is_remembered() -> None:
    window = Acknowledging(None, Kept())
    for place in range(1, 1000):
        window.sent(Place(place), 500)
    assert window.room > 10**6
    assert not window._sent


def test_what_is_acknowledged_is_kept_once_and_never_back() -> None:
    kept = Kept()
    acknowledging = Acknowledging(None, kept)
    acknowledging.begin(Place(4))
    assert not acknowledging.acknowledge(Place(4))
    assert acknowledging.acknowledge(Place(6))
    assert not acknowledging.acknowledge(Place(5))
    assert kept.places == [6]
    acknowledging.end()
    assert kept.released


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 30)), max_size=30), st.integers(1, 20))
def test_no_more_is_unacknowledged_than_the_window(steps: list[tuple[int, int]], size: int) -> None:
    """Invariant 7: and no more is held than that."""
    window = Acknowledging(size, None)
    place = 0
    for wanted, acknowledged in steps:
        count = min(wanted, window.room)
        if count:
            place += count
            window.sent(Place(place), count)
        window.acknowledge(Place(min(acknowledged, place)))
        assert 0 <= window.room <= size
        assert len(window._sent) <= size
    window.acknowledge(Place(place))
    assert window.room == size
