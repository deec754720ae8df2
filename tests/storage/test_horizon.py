from pathlib import Path

import pytest

from lrs.clock import FixedClock
from lrs.storage.horizon import Horizon


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(1_000)


@pytest.fixture
def horizon(tmp_path: Path, clock: FixedClock) -> Horizon:
    return Horizon(tmp_path / "horizon", clock)


def test_while_nobody_writes_the_promise_is_now(horizon: Horizon, clock: FixedClock) -> None:
    clock.advance(1)
    assert horizon.promise_us(lambda: 5) == clock.now_us()


def test_while_somebody_writes_the_promise_is_the_head(horizon: Horizon) -> None:
    with horizon.writing():
        assert horizon.promise_us(lambda: 990) == 990


def test_a_writer_stores_later_than_what_was_promised(horizon: Horizon) -> None:
    """Invariant 9."""
    promised = horizon.promise_us(lambda: 0)
    with horizon.writing() as earliest_us:
        assert earliest_us > promised


def test_the_promise_holds_when_the_clock_is_set_back(horizon: Horizon, clock: FixedClock) -> None:
    """Invariant 9: derived from what was committed and promised, never from the wall clock alone."""
    promised = horizon.promise_us(lambda: 0)
    clock.advance(-3600)
    with horizon.writing() as earliest_us:
        assert earliest_us > promised
    assert horizon.promise_us(lambda: 0) >= promised


def test_a_second_process_sees_both_the_writer_and_the_promise(tmp_path: Path, clock: FixedClock) -> None:
    first, second = Horizon(tmp_path / "horizon", clock), Horizon(tmp_path / "horizon", clock)
    clock.advance(1)
    promised = first.promise_us(lambda: 0)
    clock.advance(-1)
    with second.writing() as earliest_us:
        assert earliest_us > promised
        assert first.promise_us(lambda: promised - 5) == promised
