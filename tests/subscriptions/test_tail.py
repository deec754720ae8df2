from __future__ import annotations

import asyncio
import threading

import pytest

from lrs.errors import LrsError, StoreUnavailable
from lrs.limits import Limits
from lrs.statements.log import Arrivals
from lrs.statements.record import Append, Place
from lrs.subscriptions import tail as tail_module
from lrs.subscriptions.tail import Tail
from tests.samples import draft, statement
from tests.subscriptions.loops import Inline, in_loop, settle, until
from tests.subscriptions.memory_log import MemoryLog

PATIENT = Limits(tail_poll_s=1)
QUICK = Limits(tail_poll_s=0.001)


class Bucket:
    def __init__(self) -> None:
        self.end = Place(0)
        self.wanted = True
        self.positions: list[int] = []
        self.failures: list[LrsError] = []
        self.pages = 0

    def feed(self, new: Arrivals) -> None:
        self.pages += 1
        self.positions += [arrival.record.position for arrival in new.arrivals]
        self.end = new.through

    def fail(self, error: LrsError) -> None:
        self.failures.append(error)


def put(log: MemoryLog, number: int = 1) -> None:
    log.append_now(Append([draft(statement()) for _ in range(number)]))


@in_loop
async def test_a_commit_wakes_it() -> None:
    log, bucket = MemoryLog(), Bucket()
    tail = Tail(log, bucket, PATIENT, Inline())
    tail.start()
    put(log, 2)
    await settle()
    assert bucket.positions == [1, 2]
    await tail.stop()


@in_loop
async def test_many_commits_at_once_wake_it_once() -> None:
    log, bucket = MemoryLog(), Bucket()
    tail = Tail(log, bucket, PATIENT, Inline())
    tail.start()
    for _ in range(20):
        put(log)
    await settle()
    assert bucket.positions == list(range(1, 21))
    assert bucket.pages == 1
    await tail.stop()


@in_loop
async def test_commits_in_other_threads_wake_it() -> None:
    log, bucket = MemoryLog(), Bucket()
    tail = Tail(log, bucket, PATIENT, Inline())
    tail.start()
    writers = [threading.Thread(target=put, args=(log, 5)) for _ in range(4)]
    for writer in writers:
        writer.start()
    await until(lambda: len(bucket.positions) == 20)
    for writer in writers:
        writer.join()
    assert bucket.positions == list(range(1, 21))
    await tail.stop()


@in_loop
async def test_with_every_hint_lost_only_time_is_lost() -> None:
    """Invariant 6; also how commits of other processes are noticed."""
    log, bucket = MemoryLog(), Bucket()
    tail = Tail(log, bucket, QUICK, Inline())
    tail.start()
    log.deaf = True
    tail.resume()
    for number in range(1, 4):
        put(log)
        await until(lambda: bucket.positions == list(range(1, number + 1)))  # noqa: B023
    await tail.stop()


@in_loop
async def test_it_rests_while_nobody_is_subscribed() -> None:
    log, bucket = MemoryLog(), Bucket()
    bucket.wanted = False
    tail = Tail(log, bucket, QUICK, Inline())
    tail.start()
    put(log)
    await settle()
    assert bucket.pages == 0
    assert tail._timer is None
    bucket.wanted = True
    tail.resume()
    await settle()
    assert bucket.positions == [1]
    await tail.stop()


@in_loop
async def test_it_stops_looking_when_the_last_subscriber_has_gone() -> None:
    log, bucket = MemoryLog(), Bucket()
    tail = Tail(log, bucket, QUICK, Inline())
    tail.start()
    tail.resume()
    await settle()
    bucket.wanted = False
    await until(lambda: tail._timer is None)
    await tail.stop()


@in_loop
async def test_a_large_commit_is_read_in_pages() -> None:
    log, bucket = MemoryLog(), Bucket()
    tail = Tail(log, bucket, PATIENT, Inline())
    tail.start()
    put(log, 1_200)
    await settle()
    assert bucket.positions == list(range(1, 1_201))
    assert bucket.pages == 4
    await tail.stop()


@in_loop
async def test_a_log_that_can_not_be_read_is_told_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail_module, "RETRY_S", 0.001)
    log, bucket = MemoryLog(), Bucket()
    tail = Tail(log, bucket, QUICK, Inline())
    tail.start()
    put(log)
    log.failure = StoreUnavailable("gone")
    await until(lambda: len(bucket.failures) > 2)
    assert set(bucket.failures) == {log.failure}
    log.failure = None
    await until(lambda: bucket.positions == [1])
    await tail.stop()


@in_loop
async def test_it_lets_go_of_the_log_when_it_stops() -> None:
    log, bucket = MemoryLog(), Bucket()
    tail = Tail(log, bucket, QUICK, Inline())
    tail.start()
    tail.resume()
    await tail.stop()
    assert log._wakes == []
    put(log)
    await asyncio.sleep(0.005)
    assert bucket.positions == []
