"""Wrong secrets are counted, for a minute, in bounded memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lrs.oauth.attempts import Attempts


def test_the_wait_ends_with_the_minute_that_began_with_the_first() -> None:
    attempts = Attempts(per_period_max=2, remembered_max=10)
    attempts.failed("a", "k", 0)
    assert attempts.wait_s("a", "k", 10) == 0
    attempts.failed("a", "k", 30)
    assert attempts.wait_s("a", "k", 30) == 30
    assert attempts.wait_s("a", "k", 59.5) == 1
    assert attempts.wait_s("a", "k", 60) == 0


def test_another_address_and_another_key_are_counted_apart() -> None:
    attempts = Attempts(per_period_max=1, remembered_max=10)
    attempts.failed("a", "k", 0)
    assert attempts.wait_s("a", "k", 0)
    assert not attempts.wait_s("b", "k", 0)
    assert not attempts.wait_s("a", "l", 0)


@given(st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3), st.floats(0, 1e6)), max_size=50))
def test_memory_stays_bounded_whatever_comes(failures: list[tuple[str, str, float]]) -> None:
    attempts = Attempts(per_period_max=3, remembered_max=5)
    for address, key, now_s in sorted(failures, key=lambda failure: failure[2]):
        attempts.failed(address, key, now_s)
        assert len(attempts) <= 5
        assert 0 <= attempts.wait_s(address, key, now_s) <= 60
