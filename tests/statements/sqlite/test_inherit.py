"""However many refer to one statement before it is there, no commit takes long: counted in work, not in time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest

from lrs.clock import FixedClock
from lrs.limits import INHERITED_KEYS_MAX, REFERENCE_DEPTH_MAX, Limits
from lrs.statements.log import StatementLog
from lrs.statements.record import Append, Place
from lrs.statements.sqlite import SqliteStatementLog
from lrs.statements.sqlite.append import Appender
from lrs.statements.sqlite.names import Names
from lrs.statements.sqlite.schema import migrations
from lrs.storage.horizon import Horizon, horizon_path
from lrs.storage.sqlite import Store, connect
from tests.contracts.following import about, changed, ids_of, verb
from tests.samples import ANSWERED, EVERYONE, LMS, agent, draft, statement, voiding
from tests.subscriptions.served import wait_until

LATE = 20
MANY = 1_000
LIMITS = Limits(late_inheritance_max=LATE)


class Counting:
    """Commits on ``store``, each with the number of steps that the database took for it."""

    def __init__(self, store: Store) -> None:
        store.migrate(migrations)
        self.connection = connect(store.path)
        self._horizon = Horizon(horizon_path(store.path), FixedClock())
        names = Names("key_name", "name"), Names("course_set", "courses")
        self._appender = Appender(self.connection, self._horizon, *names, late_max=LATE)
        self._steps = 0

    def commit(self, *made: dict[str, Any]) -> int:
        """Hundreds of steps."""
        self._steps = 0
        self.connection.set_progress_handler(self._count, 100)
        self._appender([Append([draft(one) for one in made])] if made else [])
        self.connection.set_progress_handler(None, 0)
        return self._steps

    def finish(self) -> list[int]:
        steps = []
        while self._appender.unfinished:
            steps.append(self.commit())
        return steps

    def count(self, table: str) -> int:
        (count,) = self.connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        return int(count)

    def close(self) -> None:
        self.connection.close()
        self._horizon.close()

    def _count(self) -> int:
        self._steps += 1
        return 0


@pytest.fixture
def counting(store: Store) -> Iterator[Counting]:
    made = Counting(store)
    yield made
    made.close()


@pytest.mark.parametrize("refer", [about, voiding])
def test_the_thousandth_early_reference_costs_what_the_tenth_costs(counting: Counting, refer: Any) -> None:
    target = str(uuid4())
    few = [counting.commit(refer(target)) for _ in range(10)][-1]
    counting.commit(*(refer(target) for _ in range(MANY)))
    assert counting.commit(refer(target)) < 2 * few + 10


@pytest.mark.parametrize(
    ("make", "refer"),
    [(statement, about), (lambda **members: voiding(str(uuid4()), **members) | {"actor": agent("bob")}, voiding)],
    ids=["statement", "voiding statement"],
)
def test_the_arrival_of_what_many_refer_to_costs_no_more_than_that_of_what_some_refer_to(
    counting: Counting, make: Any, refer: Any
) -> None:
    """Invariant 7: a commit has so many inherit late as it may; the next ones do the rest."""
    some, many = str(uuid4()), str(uuid4())
    counting.commit(*(refer(some) for _ in range(2 * LATE)), *(refer(many) for _ in range(MANY)))
    cost_of_some = counting.commit(make(statement_id=some))
    counting.finish()
    gains = counting.count("gain")
    assert counting.commit(make(statement_id=many)) < 2 * cost_of_some + 10
    assert counting.count("gain") == gains + LATE
    assert max(counting.finish()) < 2 * cost_of_some + 10
    assert counting.count("gain") == gains + MANY
    assert counting.count("owed") == 0


def test_what_is_left_does_not_keep_new_statements_from_being_passed_on(counting: Counting) -> None:
    old, new = str(uuid4()), str(uuid4())
    counting.commit(*(about(old) for _ in range(MANY)), about(new))
    counting.commit(statement(statement_id=old))
    counting.commit(statement(statement_id=new))
    assert counting.count(f"inherited WHERE position = {MANY + 1}") == 1


def test_a_late_chain_costs_each_link_no_more_than_its_depth(counting: Counting) -> None:
    """Each refers to the next, which comes after it: without a bound, the work would grow with the square."""
    chain = [str(uuid4()) for _ in range(201)]
    steps = []
    for own, target in pairwise(chain):
        steps.append(counting.commit(about(target, f"http://example.com/{own}", statement_id=own)))
    assert max(steps[-20:]) < 2 * max(steps[20:40])
    counting.finish()
    assert counting.count("gain") <= len(chain) * REFERENCE_DEPTH_MAX


@pytest.mark.parametrize("backwards", [False, True])
def test_it_goes_so_many_references_deep_in_whatever_order_they_come(store: Store, backwards: bool) -> None:
    chain = [str(uuid4()) for _ in range(REFERENCE_DEPTH_MAX + 3)]
    made = [statement(statement_id=chain[0])]
    made += [about(target, statement_id=own) for target, own in pairwise(chain)]
    log = SqliteStatementLog(store, limits=LIMITS)
    for one in reversed(made) if backwards else made:
        log.append_now(Append([draft(one)]))
    wait_until(lambda: not log.unfinished)
    assert sorted(changed(log, verb(ANSWERED))) == sorted(chain[: REFERENCE_DEPTH_MAX + 1])
    log.close()


@pytest.mark.parametrize("late", [False, True])
def test_what_has_too_many_keys_gives_none(store: Store, late: bool) -> None:
    """Otherwise one large statement and many small ones that refer to it would fill the disk."""
    others = [{"id": f"{LMS}/other/{number}"} for number in range(INHERITED_KEYS_MAX)]
    large = statement(context={"contextActivities": {"other": others}})
    pair = [large, about(large["id"])]
    log = SqliteStatementLog(store)
    for one in reversed(pair) if late else pair:
        log.append_now(Append([draft(one)]))
    assert changed(log, verb(ANSWERED)) == [large["id"]]
    log.close()


def _followed(log: StatementLog) -> Iterator[str]:
    """What one who follows is told, each time that it asks."""
    through = Place(0)
    while True:
        page = log.changes(verb(ANSWERED), EVERYONE, after=through, limit=7, bytes_max=10**9)
        through = page.through
        yield from ids_of(page.records)
        if not page.more:
            yield ""


def _until_none(followed: Iterator[str]) -> Sequence[str]:
    return list(iter(lambda: next(followed), ""))


def test_nobody_has_to_wait_and_each_who_follows_is_told_of_every_one_once(store: Store) -> None:
    log = SqliteStatementLog(store, limits=LIMITS)
    target = statement()
    early = [about(target["id"]) for _ in range(10 * LATE)]
    log.append_now(Append([draft(one) for one in early]))
    followed = _followed(log)
    log.append_now(Append([draft(target)]))
    told = list(_until_none(followed))
    wait_until(lambda: not log.unfinished)
    told += _until_none(followed)
    assert told[0] == target["id"]
    assert sorted(told) == sorted(one["id"] for one in [target, *early])
    log.close()


def test_what_is_left_when_the_store_is_closed_is_done_when_it_is_open_again(store: Store, counting: Counting) -> None:
    target = statement()
    early = [about(target["id"]) for _ in range(5 * LATE)]
    counting.commit(*early)
    counting.commit(target)
    assert counting.count("owed") == 1
    log = SqliteStatementLog(store, limits=LIMITS)
    wait_until(lambda: not log.unfinished)
    assert len(changed(log, verb(ANSWERED))) == len(early) + 1
    log.close()
