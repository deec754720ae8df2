"""How often somebody may try."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.admin.throttle import Throttle
from lrs.errors import RateLimited


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 30)), max_size=60))
def test_nobody_gets_more_than_the_allowance_and_what_came_since(steps: list[tuple[str, float]]) -> None:
    throttle = Throttle(3, 60, 10)
    now_s, taken = 0.0, dict.fromkeys("abc", 0)
    for address, pause_s in steps:
        now_s += pause_s
        with suppress(RateLimited):
            throttle.take(address, now_s)
            taken[address] += 1
        assert taken[address] <= 3 + now_s * 3 / 60 + 0.001


def test_the_time_that_is_told_is_enough() -> None:
    throttle = Throttle(1, 60, 10)
    throttle.take("a", 0)
    with pytest.raises(RateLimited) as refused:
        throttle.take("a", 12.5)
    throttle.take("a", 12.5 + refused.value.retry_after_s)


def test_one_address_does_not_use_up_the_allowance_of_another() -> None:
    throttle = Throttle(1, 60, 10)
    throttle.take("a", 0)
    throttle.take("b", 0)


def test_memory_is_bounded() -> None:
    """Invariant 7: addresses that came longest ago are forgotten."""
    throttle = Throttle(1, 60, 3)
    for number in range(100):
        throttle.take(str(number), 0)
    assert len(throttle) == 3
    with pytest.raises(RateLimited):
        throttle.take("99", 0)
