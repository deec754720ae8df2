"""Many subscriptions together: what they share, what changes for them, and what is left when they go."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from lrs.errors import StoreUnavailable
from lrs.statements.match import EVERYTHING, Visibility
from lrs.subscriptions.filters import parse_filter
from lrs.subscriptions.hub import Batch, Hub
from tests.samples import COURSE_A, COURSE_B, EVERYONE, sees, statement
from tests.subscriptions.loops import Held, Inline, in_loop, settle
from tests.subscriptions.memory_log import MemoryLog
from tests.subscriptions.reading import SMALL, all_now, course, ids, ids_now, open_hub, put


@in_loop
async def test_telling_moves_the_cursor_past_what_does_not_match() -> None:
    log = MemoryLog()
    async with open_hub(log) as hub, hub.subscribe(course(COURSE_A), EVERYONE) as subscription:
        await all_now(subscription)
        put(log, *(statement(course=COURSE_B) for _ in range(9)))
        await settle()
        told = subscription.tell()
        assert log.cursors.open(told) == 9
        (mine,) = put(log, statement(course=COURSE_A))
        (batch,) = await all_now(subscription)
        assert (batch.prev, ids(batch)) == (told, [mine])


@in_loop
async def test_telling_never_moves_past_what_has_not_been_read() -> None:
    """Invariant 5: neither at the head nor on the way to it."""
    log = MemoryLog()
    put(log, *(statement() for _ in range(9)))
    async with open_hub(log) as hub, hub.subscribe(EVERYTHING, EVERYONE, start="beginning") as behind:
        assert log.cursors.open(behind.tell()) == 0
        await behind.read()
        assert log.cursors.open(behind.tell()) == 3
        await all_now(behind)
        put(log, statement())
        await settle()
        assert log.cursors.open(behind.tell()) == 9


@in_loop
async def test_those_who_want_the_same_share_one_frame() -> None:
    log = MemoryLog()
    async with (
        open_hub(log) as hub,
        hub.subscribe(EVERYTHING, EVERYONE) as first,
        hub.subscribe(EVERYTHING, EVERYONE) as second,
        hub.subscribe(EVERYTHING, sees(COURSE_A)) as other,
    ):
        for subscription in (first, second, other):
            await all_now(subscription)
        put(log, statement(course=COURSE_A))
        ((one,), (two,), (three,)) = [await all_now(s) for s in (first, second, other)]
        assert hub.frame("s1", one) is hub.frame("s1", two)
        assert hub.frame("s1", one) is not hub.frame("s2", two)
        assert hub.frame("s1", one) is not hub.frame("s1", three)
        assert hub.frame("s1", one).data == hub.frame("s1", three).data


@in_loop
async def test_those_who_stand_at_the_same_place_share_one_batch_as_long_as_nothing_comes() -> None:
    log = MemoryLog()
    async with (
        open_hub(log) as hub,
        hub.subscribe(EVERYTHING, EVERYONE) as first,
        hub.subscribe(EVERYTHING, EVERYONE) as second,
        hub.subscribe(EVERYTHING, EVERYONE) as slow,
        hub.subscribe(EVERYTHING, EVERYONE, window=2) as acknowledging,
    ):
        for subscription in (first, second, slow, acknowledging):
            await all_now(subscription)
        early = put(log, statement())
        await settle()
        one, two, own = first.read_at_once(), second.read_at_once(), acknowledging.read_at_once()
        assert one is two
        assert one == own
        assert one is not own
        late = put(log, statement())
        await settle()
        assert ids(first.read_at_once()) == late
        assert ids(slow.read_at_once()) == early + late


@in_loop
async def test_those_who_catch_up_together_share_one_read() -> None:
    log = MemoryLog()
    put(log, *(statement() for _ in range(3)))
    held = Held()
    async with Hub(log, SMALL, executor=held) as hub:
        subscriptions = [hub.subscribe(EVERYTHING, EVERYONE, start="beginning") for _ in range(50)]
        for subscription in subscriptions:
            await subscription.open()
        reads = [asyncio.create_task(subscription.read()) for subscription in subscriptions]
        await settle()
        reads[0].cancel()
        assert held.release() == 1
        batches = await asyncio.gather(*reads, return_exceptions=True)
        assert isinstance(batches[0], asyncio.CancelledError)
        assert all(isinstance(batch, Batch) and len(batch.payloads) == 3 for batch in batches[1:])
        assert log.reads == 1


@in_loop
async def test_a_reader_that_waits_is_woken_by_a_match() -> None:
    log = MemoryLog()
    async with open_hub(log) as hub, hub.subscribe(course(COURSE_A), EVERYONE) as subscription:
        assert (await anext(subscription)).live
        waiting = asyncio.ensure_future(anext(subscription))
        put(log, statement(course=COURSE_B))
        await settle()
        assert not waiting.done()
        mine = put(log, statement(course=COURSE_A))
        assert ids(await waiting) == mine


@in_loop
async def test_iterating_ends_when_the_subscription_is_closed() -> None:
    log = MemoryLog()
    async with open_hub(log) as hub:
        subscription = hub.subscribe(EVERYTHING, EVERYONE)
        await subscription.open()

        async def read_on() -> int:
            return len([batch async for batch in subscription])

        reading = asyncio.create_task(read_on())
        await settle()
        subscription.close()
        assert await reading == 1
        assert not hub.wanted


@in_loop
async def test_stopping_the_hub_ends_every_subscription() -> None:
    log = MemoryLog()
    hub = Hub(log, SMALL, executor=Inline())
    subscription = hub.subscribe(EVERYTHING, EVERYONE)
    await subscription.open()
    reading = asyncio.create_task(subscription.next_batch())
    await settle()
    reading.cancel()
    reading = asyncio.create_task(subscription.next_batch())
    await settle()
    await hub.stop()
    assert await reading is None
    with pytest.raises(StoreUnavailable):
        await hub.subscribe(EVERYTHING, EVERYONE).open()


@in_loop
async def test_narrower_sight_counts_at_once_also_for_a_page_that_is_being_read() -> None:
    """Invariant 8."""
    log = MemoryLog()
    put(log, statement(course=COURSE_A), statement(course=COURSE_B))
    held = Held()
    async with Hub(log, SMALL, executor=held) as hub, hub.subscribe(EVERYTHING, EVERYONE, start="beginning") as reader:
        reading = asyncio.create_task(reader.read())
        await settle()
        reader.resight(sees(COURSE_A))
        held.release()
        await settle()
        held.release()
        batch = await reading
        assert batch is not None
        assert [b"Org+A" in payload for payload in batch.payloads] == [True]


@in_loop
async def test_wider_sight_begins_where_the_reader_stands() -> None:
    log = MemoryLog()
    async with open_hub(log) as hub, hub.subscribe(EVERYTHING, sees(COURSE_A)) as reader:
        await all_now(reader)
        put(log, statement(course=COURSE_B))
        await settle()
        reader.tell()
        reader.resight(EVERYONE)
        after = put(log, statement(course=COURSE_B))
        assert await ids_now(reader) == after
        assert len(hub._channels) == 1


@in_loop
async def test_the_same_sight_again_changes_nothing() -> None:
    log = MemoryLog()
    async with open_hub(log) as hub, hub.subscribe(EVERYTHING, sees(COURSE_A)) as reader:
        channel = reader._channel
        reader.resight(sees(COURSE_A))
        assert reader._channel is channel


@in_loop
async def test_sight_that_changes_before_the_start_is_found_counts_too() -> None:
    log = MemoryLog()
    put(log, statement(course=COURSE_B))
    async with open_hub(log) as hub:
        reader = hub.subscribe(EVERYTHING, EVERYONE, start="beginning")
        reader.resight(sees(COURSE_A))
        await reader.open()
        assert await ids_now(reader) == []
        reader.close()


@in_loop
async def test_a_log_that_can_not_be_read_is_told_to_readers_and_they_go_on_after() -> None:
    log = MemoryLog()
    async with open_hub(log) as hub, hub.subscribe(EVERYTHING, EVERYONE) as reader:
        await all_now(reader)
        waiting = asyncio.create_task(reader.next_batch())
        await settle()
        log.failure = StoreUnavailable("gone")
        put(log, statement())
        with pytest.raises(StoreUnavailable):
            await waiting
        with pytest.raises(StoreUnavailable):
            await reader.read()
        log.failure = None
        hub.feed(log.newest(hub.end, 10, 10**6))
        assert len(await ids_now(reader)) == 1


@in_loop
async def test_a_page_that_can_not_be_read_is_told_and_the_cursor_stays_good() -> None:
    log = MemoryLog()
    made = put(log, statement())
    async with open_hub(log) as hub, hub.subscribe(EVERYTHING, EVERYONE, start="beginning") as reader:
        await settle()
        log.failure = StoreUnavailable("gone")
        with pytest.raises(StoreUnavailable):
            await reader.read()
        log.failure = None
        assert await ids_now(reader) == made


@in_loop
async def test_complete_through_is_a_time_up_to_which_live_readers_have_been_served() -> None:
    log = MemoryLog()
    async with open_hub(log) as hub, hub.subscribe(EVERYTHING, EVERYONE):
        before = hub.consistent_through_us()
        assert before == log.consistent_through_us()
        log.deaf = True
        put(log, statement())
        assert hub.consistent_through_us() == before
        hub.feed(log.newest(hub.end, 10, 10**6))
        assert hub.consistent_through_us() == log.consistent_through_us() > before


@in_loop
async def test_after_a_pause_without_subscribers_nothing_old_is_taken_for_new() -> None:
    log = MemoryLog()
    async with open_hub(log) as hub:
        async with hub.subscribe(EVERYTHING, EVERYONE) as first:
            put(log, statement())
            await all_now(first)
        put(log, *(statement() for _ in range(20)))
        await settle()
        assert hub.end == 1
        async with hub.subscribe(EVERYTHING, EVERYONE) as second:
            assert await ids_now(second) == []
            assert hub.end == 21
            new = put(log, statement())
            assert await ids_now(second) == new


@in_loop
async def test_nothing_is_left_of_subscriptions_that_have_gone() -> None:
    """Invariant 7."""
    log = MemoryLog()
    async with open_hub(log) as hub:
        for number in range(50):
            filter_ = parse_filter({"registration": [str(UUID(int=number))]}, SMALL).filter
            async with hub.subscribe(filter_, EVERYONE, start="beginning") as subscription:
                put(log, statement())
                await all_now(subscription)
        assert (len(hub._channels), len(hub._channels._index), len(hub._channels._ring)) == (0, 0, 0)
        assert not len(hub.pages)


@in_loop
async def test_a_reader_of_its_own_gets_only_what_its_consumer_wrote() -> None:
    log = MemoryLog()
    async with open_hub(log) as hub, hub.subscribe(EVERYTHING, Visibility(EVERYONE.grant, writer=7)) as reader:
        put(log, statement())
        assert await ids_now(reader) == []
