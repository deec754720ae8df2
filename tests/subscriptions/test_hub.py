from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import orjson
import pytest

from lrs.errors import CursorInvalid, EpochChanged, LrsError, StoreUnavailable
from lrs.limits import Limits
from lrs.statements.match import EVERYTHING, Filter, Visibility
from lrs.statements.record import Position
from lrs.subscriptions.filters import parse_filter
from lrs.subscriptions.hub import Batch, Hub, Subscription
from lrs.subscriptions.starts import After, Start, Stored
from tests.samples import COURSE_A, COURSE_B, EVERYONE, draft, sees, statement, voiding
from tests.subscriptions.loops import Held, Inline, in_loop, settle
from tests.subscriptions.memory_log import MemoryLog

SMALL = Limits(server_frame_statements_max=3, ring_statements_max=5, tail_poll_s=1)


def put(log: MemoryLog, *made: dict[str, Any]) -> list[str]:
    log.append_now([draft(one) for one in made])
    return [one["id"] for one in made]


def ids(batch: Batch | None) -> list[str]:
    assert batch is not None
    return [orjson.loads(payload)["id"] for payload in batch.payloads]


def course(key: str) -> Filter:
    return parse_filter({"course": [key]}, SMALL).filter


@asynccontextmanager
async def open_hub(log: MemoryLog, limits: Limits = SMALL) -> AsyncIterator[Hub]:
    async with Hub(log, limits, executor=Inline()) as hub:
        yield hub


async def all_now(subscription: Subscription) -> list[Batch]:
    """Every batch that is there without waiting."""
    batches = []
    await settle()
    while (batch := await subscription.read()) is not None:
        batches.append(batch)
    return batches


async def ids_now(subscription: Subscription) -> list[str]:
    return [one for batch in await all_now(subscription) for one in ids(batch)]


@in_loop
async def test_history_and_what_comes_after_it_are_one_run() -> None:
    log = MemoryLog()
    old = put(log, *(statement() for _ in range(7)))
    async with open_hub(log) as hub, hub.subscribe(EVERYTHING, EVERYONE, start="beginning") as subscription:
        assert await ids_now(subscription) == old
        new = put(log, statement(), statement())
        assert await ids_now(subscription) == new


@in_loop
async def test_live_is_told_once_at_the_head() -> None:
    log = MemoryLog()
    put(log, *(statement() for _ in range(4)))
    async with open_hub(log) as hub, hub.subscribe(EVERYTHING, EVERYONE, start="beginning") as subscription:
        assert [batch.live for batch in await all_now(subscription)] == [False, False, True]
        put(log, statement())
        assert [batch.live for batch in await all_now(subscription)] == [False]


@in_loop
async def test_live_is_told_again_after_a_long_lag() -> None:
    log = MemoryLog()
    async with open_hub(log) as hub, hub.subscribe(EVERYTHING, EVERYONE) as subscription:
        assert [batch.live for batch in await all_now(subscription)] == [True]
        put(log, *(statement() for _ in range(6)))
        assert [batch.live for batch in await all_now(subscription)] == [False, False, True]


@in_loop
async def test_each_batch_says_where_the_one_before_ended() -> None:
    log = MemoryLog()
    put(log, *(statement() for _ in range(8)))
    async with open_hub(log) as hub, hub.subscribe(EVERYTHING, EVERYONE, start="beginning") as subscription:
        told = subscription.cursor
        for _ in range(3):
            for batch in await all_now(subscription):
                assert batch.prev == told
                told = batch.cursor
            put(log, *(statement() for _ in range(4)))
        assert subscription.cursor == told


@in_loop
async def test_a_reader_at_the_head_reads_memory_and_not_the_log() -> None:
    log = MemoryLog()
    async with open_hub(log) as hub, hub.subscribe(EVERYTHING, EVERYONE) as subscription:
        for _ in range(10):
            new = put(log, statement(), statement())
            assert await ids_now(subscription) == new
        assert log.reads == 0


@in_loop
async def test_a_slow_reader_falls_back_to_the_log_and_misses_nothing() -> None:
    """Invariant 5; and nothing was queued for it."""
    log = MemoryLog()
    async with open_hub(log) as hub, hub.subscribe(EVERYTHING, EVERYONE) as subscription:
        made = [one for _ in range(50) for one in put(log, statement())]
        await settle()
        assert await ids_now(subscription) == made
        assert log.reads > 0


@in_loop
async def test_a_stalled_reader_costs_no_memory() -> None:
    """Invariant 7: what is held does not depend on how much has passed it."""
    log = MemoryLog()
    async with open_hub(log) as hub, hub.subscribe(EVERYTHING, EVERYONE) as stalled:
        for _ in range(300):
            put(log, statement())
            await settle(3)
        channel = stalled._channel
        assert channel is not None
        assert len(hub._channels._ring) == 5
        assert len([payload for payload in channel._payloads if payload]) == 5
        assert len(channel._payloads) < 200
        assert not hub._pages


@in_loop
async def test_a_reader_of_a_quiet_course_stays_in_memory_while_others_are_busy() -> None:
    log = MemoryLog()
    async with (
        open_hub(log) as hub,
        hub.subscribe(course(COURSE_A), EVERYONE) as quiet,
        hub.subscribe(course(COURSE_B), EVERYONE) as busy,
    ):
        await all_now(quiet)
        put(log, *(statement(course=COURSE_B) for _ in range(50)))
        await all_now(busy)
        log.reads = 0
        mine = put(log, statement(course=COURSE_A))
        assert await ids_now(quiet) == mine
        assert log.reads == 0


@in_loop
async def test_only_what_is_asked_for_and_may_be_seen_comes() -> None:
    """Invariant 4, from the log and from memory."""
    log = MemoryLog()
    kinds = {"a": COURSE_A, "b": COURSE_B, "none": None}
    before = {name: put(log, statement(course=key))[0] for name, key in kinds.items()}
    async with (
        open_hub(log) as hub,
        hub.subscribe(EVERYTHING, sees(COURSE_A), start="beginning") as restricted,
        hub.subscribe(course(COURSE_B), EVERYONE, start="beginning") as asking,
        hub.subscribe(course(COURSE_B), sees(COURSE_A), start="beginning") as neither,
    ):
        assert await ids_now(restricted) == [before["a"]]
        assert await ids_now(asking) == [before["b"]]
        after = {name: put(log, statement(course=key))[0] for name, key in kinds.items()}
        assert await ids_now(restricted) == [after["a"]]
        assert await ids_now(asking) == [after["b"]]
        assert await ids_now(neither) == []


@in_loop
async def test_a_voiding_statement_reaches_those_who_see_what_it_voids() -> None:
    log = MemoryLog()
    async with (
        open_hub(log) as hub,
        hub.subscribe(course(COURSE_A), sees(COURSE_A)) as mine,
        hub.subscribe(course(COURSE_B), sees(COURSE_B)) as other,
    ):
        (made,) = put(log, statement(course=COURSE_A))
        await settle()
        (void,) = put(log, voiding(made))
        assert await ids_now(mine) == [made, void]
        assert await ids_now(other) == []


@in_loop
async def test_catching_up_leaves_out_what_has_been_voided() -> None:
    log = MemoryLog()
    made, kept = put(log, statement(), statement())
    (void,) = put(log, voiding(made))
    async with open_hub(log) as hub, hub.subscribe(EVERYTHING, EVERYONE, start="beginning") as subscription:
        assert await ids_now(subscription) == [kept, void]


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("now", []),
        ("beginning", [1, 2, 3, 4]),
        (Stored(1_790_000_000_002_000), [2, 3, 4]),
        (Stored(1_790_000_000_002_001), [3, 4]),
        (Stored(0), [1, 2, 3, 4]),
        (Stored(1_890_000_000_000_000), []),
    ],
)
def test_a_subscription_starts_where_it_is_asked_to(start: Start, expected: list[int]) -> None:
    @in_loop
    async def run() -> None:
        log = MemoryLog()
        made = put(log, *(statement() for _ in range(4)))
        async with open_hub(log) as hub, hub.subscribe(EVERYTHING, EVERYONE, start=start) as subscription:
            assert await ids_now(subscription) == [made[n - 1] for n in expected]
            assert await ids_now(subscription) == []
            new = put(log, statement())
            assert await ids_now(subscription) == new

    run()


@in_loop
async def test_a_cursor_is_exclusive_and_good_in_another_hub() -> None:
    log = MemoryLog()
    made = put(log, *(statement() for _ in range(5)))
    async with open_hub(log) as hub, hub.subscribe(EVERYTHING, EVERYONE, start="beginning") as subscription:
        batch = await subscription.read()
    assert ids(batch) == made[:3]
    assert batch is not None
    async with (
        open_hub(log) as hub,
        hub.subscribe(EVERYTHING, EVERYONE, start=After(batch.cursor)) as subscription,
    ):
        assert await ids_now(subscription) == made[3:]


@pytest.mark.parametrize(
    ("cursor", "error"),
    [
        ("nonsense", CursorInvalid),
        ("", CursorInvalid),
        (MemoryLog().cursors.seal(Position(6)), CursorInvalid),
        (MemoryLog(epoch=b"epoch0").cursors.seal(Position(1)), EpochChanged),
    ],
)
def test_a_cursor_that_does_not_fit_this_log_is_refused(cursor: str, error: type[LrsError]) -> None:
    @in_loop
    async def run() -> None:
        log = MemoryLog()
        put(log, *(statement() for _ in range(5)))
        async with open_hub(log) as hub:
            with pytest.raises(error):
                await hub.subscribe(EVERYTHING, EVERYONE, start=After(cursor)).open()
            assert not hub.wanted

    run()


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
        assert not hub._pages


@in_loop
async def test_a_reader_of_its_own_gets_only_what_its_consumer_wrote() -> None:
    log = MemoryLog()
    async with open_hub(log) as hub, hub.subscribe(EVERYTHING, Visibility(EVERYONE.grant, writer=7)) as reader:
        put(log, statement())
        assert await ids_now(reader) == []
