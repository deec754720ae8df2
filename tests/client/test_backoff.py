"""Pauses between connections."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lrs.client.backoff import FIRST_S, MOST_S, Backoff


def test_the_bound_doubles_up_to_a_limit() -> None:
    backoff = Backoff(lambda: 1.0, first_s=0.5, most_s=3.0)
    assert [backoff.next_s() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_after_a_connection_of_use_it_begins_anew() -> None:
    backoff = Backoff(lambda: 1.0)
    first = [backoff.next_s() for _ in range(4)]
    backoff.reset()
    assert [backoff.next_s() for _ in range(4)] == first


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=20))
def test_a_pause_is_anything_up_to_the_bound(chances: list[float]) -> None:
    """Full jitter: a server that comes back is not run over by all clients at once."""
    given_chances = iter(chances)
    backoff = Backoff(lambda: next(given_chances))
    for number, chance in enumerate(chances):
        assert backoff.next_s() == chance * min(MOST_S, FIRST_S * 2**number)
