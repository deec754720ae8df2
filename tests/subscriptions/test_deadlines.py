from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lrs.subscriptions.deadlines import Deadlines


def test_what_is_due_comes_earliest_first_and_once() -> None:
    deadlines = Deadlines()
    deadlines.bring_forward(1, 3.0)
    deadlines.bring_forward(2, 1.0)
    deadlines.bring_forward(3, 9.0)
    assert deadlines.take_due(3.0) == [2, 1]
    assert deadlines.take_due(3.0) == []
    assert deadlines.take_due(9.0) == [3]


def test_a_deadline_is_only_brought_forward() -> None:
    deadlines = Deadlines()
    deadlines.bring_forward(1, 5.0)
    deadlines.bring_forward(1, 7.0)
    deadlines.bring_forward(1, 2.0)
    assert deadlines.take_due(2.0) == [1]
    assert deadlines.take_due(10.0) == []


def test_what_is_dropped_is_never_due() -> None:
    deadlines = Deadlines()
    deadlines.bring_forward(1, 5.0)
    deadlines.drop(1)
    deadlines.drop(2)
    assert deadlines.take_due(10.0) == []


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 100))), st.floats(0, 100))
def test_the_least_time_given_decides(given_: list[tuple[int, float]], now_s: float) -> None:
    deadlines = Deadlines()
    least: dict[int, float] = {}
    for number, due_s in given_:
        deadlines.bring_forward(number, due_s)
        least[number] = min(due_s, least.get(number, due_s))
    assert set(deadlines.take_due(now_s)) == {number for number, due_s in least.items() if due_s <= now_s}
