"""How much each consumer may ask for: buckets, defaults, what was set for one, and trusted writers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lrs.auth.allowances import ACCOUNTS_MAX, LOOK_S, Allowance, Allowances
from lrs.auth.grants import UNRESTRICTED
from lrs.auth.sqlite import SqliteConsumers
from lrs.auth.sqlite.allowances import LOOKS_MAX, AllowanceRows
from lrs.clock import FixedClock
from lrs.errors import NotFound, RateLimited, StoreUnavailable
from lrs.limits import Limits
from lrs.storage.sqlite import open_store
from tests.samples import principal

READER = principal("reader", number=1)
WRITER = replace(principal("open-edx", number=2), trusted=True)
OFF = Limits()
STRICT = Limits(consumer_requests_per_s=10, consumer_requests_burst=20, consumer_statements_per_day=1_000)


class Counting:
    """Allowances with a clock and overrides that a test can change."""

    def __init__(self, limits: Limits, **overrides: Allowance) -> None:
        self.clock = FixedClock()
        self.overrides = {int(name[1:]): one for name, one in overrides.items()}
        self.made = Allowances(limits, self.clock, lambda: dict(self.overrides))

    def requests(self, count: int, who: object = READER) -> int:
        """How many of ``count`` requests at once are let through."""
        return sum(self._passes(who) for _ in range(count))

    def _passes(self, who: object) -> bool:
        try:
            self.made.request(who)  # type: ignore[arg-type]
        except RateLimited:
            return False
        return True


def test_without_limits_everything_passes() -> None:
    counting = Counting(OFF)
    assert counting.requests(10_000) == 10_000
    counting.made.statements(READER, 10**9)
    assert not counting.made.limited(READER)


def test_the_default_counts_for_each_consumer_by_itself() -> None:
    counting = Counting(STRICT)
    assert counting.requests(30) == 20
    assert counting.requests(30, principal("other", number=7)) == 20
    counting.clock.advance(1)
    assert counting.requests(30) == 10
    assert counting.made.refused == {"requests": 10 + 10 + 20}


def test_a_refusal_says_when_to_come_again() -> None:
    counting = Counting(Limits(consumer_requests_per_s=0.2, consumer_requests_burst=1))
    counting.made.request(READER)
    with pytest.raises(RateLimited, match="reader") as caught:
        counting.made.request(READER)
    assert caught.value.retry_after_s == 5


def test_statements_of_a_day_are_counted() -> None:
    counting = Counting(STRICT)
    counting.made.statements(READER, 1_000)
    with pytest.raises(RateLimited) as caught:
        counting.made.statements(READER, 100)
    assert caught.value.retry_after_s == 8_640
    counting.clock.advance(8_640)
    counting.made.statements(READER, 100)
    assert counting.made.refused == {"statements": 1}


def test_what_is_set_for_a_consumer_comes_before_the_default() -> None:
    counting = Counting(STRICT, c1=Allowance(requests_per_s=1, requests_burst=2), c7=Allowance(requests_per_s=0))
    assert counting.requests(10) == 2
    assert counting.requests(1_000, principal("other", number=7)) == 1_000


def test_a_change_counts_soon() -> None:
    counting = Counting(OFF)
    assert counting.requests(10) == 10
    counting.overrides = {1: Allowance(requests_per_s=1, requests_burst=1)}
    counting.clock.advance(LOOK_S)
    assert counting.requests(10) == 1
    counting.overrides = {}
    counting.clock.advance(LOOK_S)
    assert counting.requests(10) == 10


def test_a_trusted_writer_knows_neither_default_nor_quota() -> None:
    """Open edX drops what was refused a few times."""
    counting = Counting(STRICT, c2=Allowance(statements_per_day=1))
    assert counting.requests(5_000, WRITER) == 5_000
    counting.made.statements(WRITER, 10_000_000)


def test_a_trusted_writer_is_never_held_below_the_least_rate() -> None:
    counting = Counting(STRICT, c2=Allowance(requests_per_s=1, requests_burst=1))
    assert counting.requests(5_000, WRITER) == STRICT.trusted_requests_per_s_min
    counting.clock.advance(1)
    assert counting.requests(5_000, WRITER) == STRICT.trusted_requests_per_s_min


def test_the_process_itself_has_no_limit() -> None:
    assert Counting(STRICT).requests(1_000, principal("owner", number=0)) == 1_000


def test_buckets_are_bounded() -> None:
    """Invariant 7."""
    counting = Counting(STRICT)
    for number in range(1, ACCOUNTS_MAX + 10):
        counting.made.request(principal("x", number=number))
    assert len(counting.made._accounts) <= ACCOUNTS_MAX


def test_what_was_known_goes_on_to_count_while_the_store_cannot_be_read() -> None:
    clock = FixedClock()
    answers = iter([{1: Allowance(requests_per_s=1, requests_burst=1)}])

    def read() -> dict[int, Allowance]:
        try:
            return next(answers)
        except StopIteration:
            raise StoreUnavailable("gone") from None

    made = Allowances(OFF, clock, read)
    made.request(READER)
    clock.advance(0.5)
    for _ in range(2):
        with pytest.raises(RateLimited):
            made.request(READER)
        clock.advance(0.4)


def test_what_is_set_is_kept_and_seen_by_other_processes(tmp_path: Path) -> None:
    store, other = open_store(tmp_path / "s"), open_store(tmp_path / "s")
    consumer = SqliteConsumers(store).add_consumer(
        "lms", scopes=frozenset(), grant=UNRESTRICTED, created_at_us=1, expires_at_us=None
    )
    rows, elsewhere = AllowanceRows(store), AllowanceRows(other)
    assert elsewhere.all() == {}
    allowance = Allowance(requests_per_s=2.5, statements_per_day=100)
    rows.set(consumer.id, allowance)
    assert elsewhere.all() == {consumer.id: allowance}
    assert elsewhere.of(consumer.id) == allowance
    rows.set(consumer.id, Allowance())
    assert elsewhere.all() == {}
    assert rows.of(consumer.id) == Allowance()
    with pytest.raises(NotFound):
        rows.set(999, allowance)
    store.close()
    other.close()


def test_the_table_is_read_once_in_a_while_though_the_mark_stays(tmp_path: Path) -> None:
    """A process that was killed right after its commit has not moved it."""
    store = open_store(tmp_path / "s")
    SqliteConsumers(store).add_consumer(
        "lms", scopes=frozenset(), grant=UNRESTRICTED, created_at_us=1, expires_at_us=None
    )
    rows = AllowanceRows(store)
    rows.all()
    store._writer.execute("INSERT INTO allowance VALUES (1, 5, NULL, NULL)")
    assert any(rows.all() for _ in range(LOOKS_MAX))
    store.close()
