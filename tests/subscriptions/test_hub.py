"""Subscriptions as readers of one log: history, memory, starts and cursors."""

from __future__ import annotations

import pytest

from lrs.errors import CursorInvalid, EpochChanged, LrsError
from lrs.statements.match import EVERYTHING
from lrs.statements.record import Place
from lrs.subscriptions.starts import After, Start, Stored
from tests.samples import COURSE_A, COURSE_B, EVERYONE, sees, statement, voiding
from tests.subscriptions.loops import in_loop, settle
from tests.subscriptions.memory_log import MemoryLog
from tests.subscriptions.reading import all_now, course, ids, ids_now, open_hub, put


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
        assert not len(hub.pages)


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
        (MemoryLog().cursors.seal(Place(6)), CursorInvalid),
        (MemoryLog(epoch=b"epoch0").cursors.seal(Place(1)), EpochChanged),
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
