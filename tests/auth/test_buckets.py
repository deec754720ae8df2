"""How often something may be had."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.auth.buckets import Bucket, Buckets


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(1, 8)), max_size=60))
def test_a_bucket_never_gives_more_than_its_size_and_what_it_has_gained(asked: list[tuple[float, int]]) -> None:
    bucket, now_s, given_out = Bucket(10, 2, 0.0), 0.0, 0
    for pause_s, count in asked:
        now_s += pause_s
        if bucket.take(count, now_s) == 0:
            given_out += count
        assert given_out <= 10 + 2 * now_s + 1e-6


@given(st.integers(1, 10), st.integers(1, 10))
def test_what_is_refused_can_be_had_after_the_time_that_was_told(first: int, second: int) -> None:
    bucket = Bucket(10, 2, 0.0)
    assert bucket.take(first, 0.0) == 0
    wait_s = bucket.take(second, 0.0)
    assert (wait_s > 0) == (first + second > 10)
    if wait_s:
        assert bucket.take(second, wait_s + 1e-6) == 0


def test_more_than_the_whole_bucket_is_had_when_it_is_full_and_then_owed() -> None:
    """A batch that is larger than the quota of a day must not be refused for ever."""
    bucket = Bucket(10, 1, 0.0)
    assert bucket.take(25, 0.0) == 0
    assert bucket.take(1, 0.0) == pytest.approx(16)


def test_asking_how_long_to_wait_takes_nothing() -> None:
    bucket = Bucket(1, 1, 0.0)
    assert bucket.wait_s(1, 0.0) == bucket.wait_s(1, 0.0) == 0
    assert bucket.take(1, 0.0) == 0
    assert bucket.wait_s(1, 0.0) == pytest.approx(1)


def test_what_is_given_back_can_be_had_again_but_never_more_than_there_is_room_for() -> None:
    bucket = Bucket(2, 1, 0.0)
    bucket.take(1, 0.0)
    bucket.give_back(5)
    assert [bucket.take(1, 0.0) > 0 for _ in range(3)] == [False, False, True]


def test_each_name_has_a_bucket_of_its_own() -> None:
    buckets = Buckets(1, 60, 10)
    assert buckets.take("a", 0) == 0
    assert buckets.take("a", 12.5) == pytest.approx(47.5)
    assert buckets.take("b", 12.5) == 0
    assert buckets.take("a", 60) == 0


@given(st.lists(st.text(max_size=3), max_size=50))
def test_names_that_were_asked_for_longest_ago_are_forgotten(names: list[str]) -> None:
    """Invariant 7: memory is bounded, whatever comes."""
    buckets = Buckets(1, 60, 3)
    for name in names:
        buckets.take(name, 0)
        assert len(buckets) <= 3
        assert buckets.wait_s(name, 0)
    for name in list(dict.fromkeys(reversed(names)))[:3]:
        assert buckets.wait_s(name, 0)
