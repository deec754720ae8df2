import asyncio
import threading
from collections.abc import Sequence

import pytest

from lrs.errors import Conflict, LrsError, StoreUnavailable
from lrs.storage.writer import ThreadRunner, Writer


class Recorder:
    """A committer that notes its groups, and waits at ``gate`` so that a test decides what arrives meanwhile."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()

    def __call__(self, jobs: Sequence[int], /) -> Sequence[int | LrsError]:
        self.entered.set()
        self.gate.wait(10)
        if 666 in jobs:
            raise RuntimeError("the disk is on fire")
        self.groups.append(list(jobs))
        return [Conflict("refused") if job < 0 else job * 10 for job in jobs]


def writer(recorder: Recorder, group: int = 100, queue: int = 1000) -> Writer[int, int]:
    return Writer(ThreadRunner(recorder), group_size_max=group, queue_size_max=queue)


async def held_group(recorder: Recorder, under_test: Writer[int, int], jobs: list[int]) -> list[int | BaseException]:
    """Submit 0, and while its commit is held up, ``jobs``; the outcomes of ``jobs``."""
    recorder.gate.clear()
    first = asyncio.create_task(under_test.submit(0))
    await asyncio.to_thread(recorder.entered.wait, 10)
    rest = [asyncio.create_task(under_test.submit(job)) for job in jobs]
    await asyncio.sleep(0)
    recorder.gate.set()
    await first
    return await asyncio.gather(*rest, return_exceptions=True)


def test_what_arrives_during_a_commit_is_committed_together() -> None:
    recorder = Recorder()
    under_test = writer(recorder)
    assert asyncio.run(held_group(recorder, under_test, [1, 2, 3])) == [10, 20, 30]
    assert recorder.groups == [[0], [1, 2, 3]]
    under_test.close()


def test_a_group_is_no_larger_than_allowed() -> None:
    recorder = Recorder()
    under_test = writer(recorder, group=2)
    asyncio.run(held_group(recorder, under_test, [1, 2, 3]))
    assert recorder.groups == [[0], [1, 2], [3]]
    under_test.close()


def test_a_refused_job_does_not_harm_its_neighbours() -> None:
    """Invariant 10."""
    recorder = Recorder()
    under_test = writer(recorder)
    good, refused, other = asyncio.run(held_group(recorder, under_test, [1, -1, 2]))
    assert (good, other) == (10, 20)
    assert isinstance(refused, Conflict)
    under_test.close()


def test_when_a_group_fails_as_a_whole_each_job_is_tried_alone() -> None:
    """Invariant 10."""
    recorder = Recorder()
    under_test = writer(recorder)
    good, fatal, other = asyncio.run(held_group(recorder, under_test, [1, 666, 2]))
    assert (good, other) == (10, 20)
    assert isinstance(fatal, RuntimeError)
    under_test.close()


def test_a_full_queue_lets_callers_wait_and_loses_none() -> None:
    """Invariant 7."""
    recorder = Recorder()
    under_test = writer(recorder, group=2, queue=2)
    assert asyncio.run(held_group(recorder, under_test, list(range(1, 30)))) == [n * 10 for n in range(1, 30)]
    under_test.close()


def test_a_thread_without_an_event_loop_can_submit_too() -> None:
    under_test = writer(Recorder())
    assert under_test.submit_now(4) == 40
    under_test.close()


def test_closing_commits_what_was_accepted() -> None:
    recorder = Recorder()
    under_test = writer(recorder)

    async def submit_and_close() -> int:
        recorder.gate.clear()
        submitted = asyncio.create_task(under_test.submit(7))
        await asyncio.to_thread(recorder.entered.wait, 10)
        recorder.gate.set()
        await asyncio.to_thread(under_test.close)
        return await submitted

    assert asyncio.run(submit_and_close()) == 70


def test_a_closed_writer_refuses_jobs() -> None:
    under_test = writer(Recorder())
    under_test.close()
    with pytest.raises(StoreUnavailable, match="closing"):
        under_test.submit_now(1)


def test_waiters_are_answered_after_the_commit_and_wakes_called_before_them() -> None:
    """Invariant 2: the wake-up and the answer both leave after the commit."""
    recorder = Recorder()
    under_test = writer(recorder)
    seen: list[int] = []
    stop = under_test.on_commit(lambda: seen.append(len(recorder.groups)))
    under_test.submit_now(1)
    stop()
    under_test.submit_now(2)
    assert seen == [1]
    under_test.close()
