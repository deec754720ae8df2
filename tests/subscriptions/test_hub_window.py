"""Subscriptions that acknowledge: windows and durable cursors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from lrs.clock import FixedClock
from lrs.errors import CursorInvalid, EpochChanged, RequestError
from lrs.limits import Limits
from lrs.statements.match import EVERYTHING
from lrs.statements.record import Place
from lrs.subscriptions.durables import DurableName
from lrs.subscriptions.hub import Hub
from lrs.subscriptions.starts import After
from lrs.subscriptions.writer import CursorWriter
from tests.samples import COURSE_A, EVERYONE, statement
from tests.subscriptions.loops import Inline, in_loop
from tests.subscriptions.memory_durables import MemoryDurables
from tests.subscriptions.memory_log import MemoryLog
from tests.subscriptions.reading import SMALL, all_now, course, ids, ids_now, open_hub, put


@asynccontextmanager
async def keeping_hub(log: MemoryLog, durables: MemoryDurables, limits: Limits = SMALL) -> AsyncIterator[Hub]:
    writer = CursorWriter(durables, FixedClock(), epoch=log.cursors.epoch, most=2)
    async with Hub(log, limits, executor=Inline(), durables=writer) as hub:
        yield hub


@in_loop
async def test_no_more_comes_than_the_window_until_it_is_acknowledged() -> None:
    """From the log and from memory."""
    log = MemoryLog()
    old = put(log, *(statement() for _ in range(7)))
    async with open_hub(log) as hub, hub.subscribe(EVERYTHING, EVERYONE, start="beginning", window=4) as subscription:
        first = await all_now(subscription)
        assert [len(batch.payloads) for batch in first] == [3, 1]
        assert not subscription.ready
        assert subscription.acknowledge(first[0].cursor)
        second = await all_now(subscription)
        assert [(len(batch.payloads), batch.live) for batch in second] == [(3, False), (0, True)]
        assert [one for batch in (*first, *second) for one in ids(batch)] == old
        subscription.acknowledge(second[-1].cursor)
        new = put(log, *(statement() for _ in range(5)))
        fourth = await all_now(subscription)
        assert [one for batch in fourth for one in ids(batch)] == new[:4]
        subscription.acknowledge(fourth[-1].cursor)
        assert await ids_now(subscription) == new[4:]


@in_loop
async def test_live_is_told_only_when_nothing_is_held_back() -> None:
    log = MemoryLog()
    async with open_hub(log) as hub, hub.subscribe(EVERYTHING, EVERYONE, window=1) as subscription:
        assert [batch.live for batch in await all_now(subscription)] == [True]
        put(log, *(statement() for _ in range(9)))
        batches = await all_now(subscription)
        put(log, *(statement() for _ in range(9)))
        assert await all_now(subscription) == []
        while not batches[-1].live:
            subscription.acknowledge(batches[-1].cursor)
            batches += await all_now(subscription)
        assert [batch.live for batch in batches] == [False] * 18 + [True]


@in_loop
async def test_a_heartbeat_may_be_acknowledged_too() -> None:
    """So a durable cursor moves on in a quiet course."""
    log, durables = MemoryLog(), MemoryDurables()
    async with keeping_hub(log, durables) as hub:
        kept = hub.durable(1, "quiet")
        async with hub.subscribe(course(COURSE_A), EVERYONE, durable=kept) as subscription:
            await all_now(subscription)
            put(log, *(statement(course=None) for _ in range(3)))
            await all_now(subscription)
            assert subscription.acknowledge(subscription.tell())
    assert durables.kept[DurableName(1, "quiet")].place == 3


@in_loop
async def test_acknowledging_the_same_or_less_is_no_news() -> None:
    log = MemoryLog()
    put(log, *(statement() for _ in range(6)))
    async with open_hub(log) as hub, hub.subscribe(EVERYTHING, EVERYONE, start="beginning", window=9) as subscription:
        first, second, _ = await all_now(subscription)
        assert subscription.acknowledge(second.cursor)
        assert not subscription.acknowledge(second.cursor)
        assert not subscription.acknowledge(first.cursor)


@in_loop
async def test_a_cursor_that_was_not_told_can_not_be_acknowledged() -> None:
    log = MemoryLog()
    put(log, *(statement() for _ in range(6)))
    async with open_hub(log) as hub, hub.subscribe(EVERYTHING, EVERYONE, start="beginning", window=3) as subscription:
        await all_now(subscription)
        for cursor in (log.cursors.seal(Place(6)), "nonsense"):
            with pytest.raises(CursorInvalid):
                subscription.acknowledge(cursor)
        with pytest.raises(EpochChanged):
            subscription.acknowledge(MemoryLog(epoch=b"epoch0").cursors.seal(Place(1)))


@in_loop
async def test_a_durable_cursor_goes_on_after_what_was_acknowledged() -> None:
    """In another hub too; whatever start is given, it counts only the first time."""
    log, durables = MemoryLog(), MemoryDurables()
    made = put(log, *(statement() for _ in range(6)))
    async with keeping_hub(log, durables) as hub:
        async with hub.subscribe(EVERYTHING, EVERYONE, start="beginning", durable=hub.durable(1, "k")) as subscription:
            first, _, _ = await all_now(subscription)
            subscription.acknowledge(first.cursor)
        async with hub.subscribe(EVERYTHING, EVERYONE, durable=hub.durable(1, "k")) as subscription:
            assert subscription.cursor == first.cursor
            assert await ids_now(subscription) == made[3:]
    async with (
        keeping_hub(log, durables) as hub,
        hub.subscribe(EVERYTHING, EVERYONE, start="beginning", durable=hub.durable(1, "k")) as subscription,
    ):
        assert await ids_now(subscription) == made[3:]


@in_loop
async def test_a_durable_cursor_is_kept_from_its_first_subscription_on() -> None:
    """What comes before the first acknowledgement is not lost when the reader is."""
    log, durables = MemoryLog(), MemoryDurables()
    async with keeping_hub(log, durables) as hub:
        async with hub.subscribe(EVERYTHING, EVERYONE, durable=hub.durable(1, "k")) as subscription:
            made = put(log, statement())
            assert await ids_now(subscription) == made
        async with hub.subscribe(EVERYTHING, EVERYONE, durable=hub.durable(1, "k")) as subscription:
            assert await ids_now(subscription) == made


@in_loop
async def test_a_reset_begins_where_it_is_asked_to() -> None:
    log, durables = MemoryLog(), MemoryDurables()
    put(log, *(statement() for _ in range(6)))
    async with keeping_hub(log, durables) as hub:
        async with hub.subscribe(EVERYTHING, EVERYONE, durable=hub.durable(1, "k")):
            pass
        kept = hub.durable(1, "k", reset=True)
        start = After(log.cursors.seal(Place(4)))
        async with hub.subscribe(EVERYTHING, EVERYONE, start=start, durable=kept) as subscription:
            assert len(await ids_now(subscription)) == 2


@in_loop
async def test_a_hub_without_a_store_for_them_has_no_durable_cursors() -> None:
    async with open_hub(MemoryLog()) as hub:
        with pytest.raises(RequestError):
            hub.durable(1, "k")


@in_loop
async def test_one_cursor_too_many_is_refused_before_the_subscription_begins() -> None:
    log, durables = MemoryLog(), MemoryDurables()
    async with keeping_hub(log, durables) as hub:
        for name in "ab":
            async with hub.subscribe(EVERYTHING, EVERYONE, durable=hub.durable(1, name)):
                pass
        with pytest.raises(RequestError):
            await hub.subscribe(EVERYTHING, EVERYONE, durable=hub.durable(1, "c")).open()
        assert not hub.wanted
