"""THE one writer: it commits together whatever arrived while its last commit ran.

It knows nothing of what is written. Callers hand in jobs; a ``Committer`` writes a group of them in one transaction and
says for each what came of it. Where that happens is up to a ``Runner``: in a thread (``ThreadRunner``), or in a process
of its own (``lrs.storage.child``). Every waiter is answered after the commit, never before (invariant 2).
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from lrs.errors import LrsError, StoreUnavailable

Job = TypeVar("Job")
JobIn_contra = TypeVar("JobIn_contra", contravariant=True)
Result = TypeVar("Result")
ResultOut_co = TypeVar("ResultOut_co", covariant=True)

ROOM_PAUSE_S = 0.002


class Committer(Protocol[JobIn_contra, ResultOut_co]):
    """Writes a group of jobs in one transaction."""

    def __call__(self, jobs: Sequence[JobIn_contra], /) -> Sequence[ResultOut_co | LrsError]:
        """One outcome for each job, in order; a refused job leaves no trace and does not harm the others.

        Returns after the transaction is durable. Raising means that nothing of the group was written.
        """


class Entry(NamedTuple, Generic[Job, Result]):
    """A job that waits. ``tell`` is called with what came of it in ``loop``, or anywhere without one."""

    job: Job
    size: int
    tell: Callable[[Result | Exception], None]
    loop: asyncio.AbstractEventLoop | None


class Work(Protocol):
    """What there is to commit, as a ``Runner`` sees it."""

    def take(self) -> Sequence[Entry[Any, Any]]:
        """The next group; empty when nothing waits. Then ``Runner.wake`` is called for what comes after."""

    def finish(self, group: Sequence[Entry[Any, Any]], outcomes: Sequence[Any]) -> None:
        """Answer everybody in ``group``, which is durable by now, or refused."""


class Runner(Protocol):
    """Has groups of ``work`` committed, one after the other."""

    def start(self, work: Work) -> None:
        """Called once, before all others."""

    def wake(self) -> None:
        """There is something to take. From any thread; must not block."""

    @property
    def alive(self) -> bool:
        """Whether what is woken will come."""

    def close(self) -> None:
        """Returns when all that there was to take is finished. Not to be called in an event loop that is told of it."""


class Writer(Generic[Job, Result]):
    """Group commit. The size of a job is in the unit of ``group_size_max`` and ``queue_size_max`` (statements)."""

    def __init__(self, runner: Runner, *, group_size_max: int, queue_size_max: int) -> None:
        self._runner = runner
        self._group_size_max = group_size_max
        self._queue_size_max = queue_size_max
        self._queue: deque[Entry[Job, Result]] = deque()
        self._queued_size = 0
        self._lock = threading.Lock()
        self._awake = self._closed = False
        self._wakes: tuple[Callable[[], None], ...] = ()
        runner.start(self)

    async def submit(self, job: Job, size: int = 1) -> Result:
        """What came of ``job``, once it is durable; raises the LrsError with which it was refused.

        Waits for room when the queue is full, so memory stays bounded and nobody is turned away (invariant 7).
        """
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[Result] = loop.create_future()
        entry = Entry(job, size, partial(settle, waiter), loop)
        # A full queue means that thousands of statements wait for the disk: two milliseconds more are nothing, and
        # the runner is spared from waking event loops.
        while not self._put(entry):  # noqa: ASYNC110
            await asyncio.sleep(ROOM_PAUSE_S)
        return await waiter

    def submit_soon(self, job: Job, tell: Callable[[Result | Exception], None], size: int = 1) -> bool:
        """Have ``tell`` called in the running event loop with what came of ``job``; False when there is no room now."""
        return self._put(Entry(job, size, tell, asyncio.get_running_loop()))

    def submit_now(self, job: Job, size: int = 1) -> Result:
        """The same for a thread without an event loop; blocks."""
        waiter: Future[Result] = Future()
        pause = threading.Event()
        while not self._put(Entry(job, size, partial(settle, waiter), None)):
            pause.wait(ROOM_PAUSE_S)
        return waiter.result()

    @property
    def alive(self) -> bool:
        """Whether jobs are taken, and come to something."""
        return self._runner.alive and not self._closed

    @property
    def queued_size(self) -> int:
        """The size of what waits for a commit or is in one."""
        return self._queued_size

    def on_commit(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call ``wake`` after each commit, where it was told; returns how to stop it."""
        with self._lock:
            self._wakes = (*self._wakes, wake)

        def stop() -> None:
            with self._lock:
                self._wakes = tuple(other for other in self._wakes if other is not wake)

        return stop

    def close(self) -> None:
        """Commit what was accepted, then end. Later jobs are refused with StoreUnavailable."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._runner.close()

    def take(self) -> Sequence[Entry[Job, Result]]:
        """See ``Work``."""
        group: list[Entry[Job, Result]] = []
        size = 0
        with self._lock:
            while self._queue and size < self._group_size_max:
                entry = self._queue.popleft()
                group.append(entry)
                size += entry.size
            self._awake = bool(group)
        return group

    def finish(self, group: Sequence[Entry[Job, Result]], outcomes: Sequence[Result | Exception]) -> None:
        """See ``Work``."""
        with self._lock:
            self._queued_size -= sum(entry.size for entry in group)
            wakes = self._wakes
        for wake in wakes:
            wake()
        _answer(group, outcomes)

    def _put(self, entry: Entry[Job, Result]) -> bool:
        """Take ``entry`` unless the queue is full; a job larger than the whole queue is taken when it is empty."""
        with self._lock:
            if self._closed:
                raise StoreUnavailable("the store is closing")
            if self._queued_size and self._queued_size + entry.size > self._queue_size_max:
                return False
            self._queued_size += entry.size
            self._queue.append(entry)
            asleep, self._awake = not self._awake, True
        if asleep:
            self._runner.wake()
        return True


class ThreadRunner:
    """``Runner`` in a thread."""

    def __init__(self, commit: Committer[Any, Any]) -> None:
        self._commit = commit
        self._woken: SimpleQueue[bool] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self, work: Work) -> None:
        """See ``Runner``."""
        self._thread = threading.Thread(target=self._run, args=(work,), name="lrs-writer", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """See ``Runner``."""
        self._woken.put(True)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def close(self) -> None:
        """See ``Runner``."""
        self._woken.put(False)
        if self._thread is not None:
            self._thread.join()

    def _run(self, work: Work) -> None:
        going_on = True
        while going_on:
            going_on = self._woken.get()
            while group := work.take():
                work.finish(group, commit_each(self._commit, [entry.job for entry in group]))


def commit_each(commit: Committer[Job, Result], jobs: Sequence[Job]) -> Sequence[Result | Exception]:
    """Commit ``jobs`` together; if that fails as a whole, each alone, so that no neighbour pays (invariant 10)."""
    try:
        return commit(jobs)
    except Exception as error:  # noqa: BLE001
        if len(jobs) == 1:
            return [error]
    outcomes: list[Result | Exception] = []
    for job in jobs:
        try:
            outcomes.extend(commit([job]))
        except Exception as error:  # noqa: BLE001
            outcomes.append(error)
    return outcomes


def _answer(group: Sequence[Entry[Job, Result]], outcomes: Sequence[Result | Exception]) -> None:
    """Tell everybody who waits, with one call into each event loop but the one that this is called in."""
    here = asyncio._get_running_loop()  # noqa: SLF001 - documented, and the one way to ask without an exception.
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Callable[[Result | Exception], None], Result | Exception]]]
    by_loop = defaultdict(list)
    for entry, outcome in zip(group, outcomes, strict=True):
        if entry.loop is None or entry.loop is here:
            entry.tell(outcome)
        else:
            by_loop[entry.loop].append((entry.tell, outcome))
    for loop, answers in by_loop.items():
        # A loop that has ended has nobody left to tell.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_tell, answers)


def _tell(answers: Sequence[tuple[Callable[[Result | Exception], None], Result | Exception]]) -> None:
    for tell, outcome in answers:
        tell(outcome)


def settle(waiter: asyncio.Future[Result] | Future[Result], outcome: Result | Exception) -> None:
    """Give ``outcome`` to somebody who awaits it, and may have gone."""
    if waiter.done():
        return
    if isinstance(outcome, Exception):
        waiter.set_exception(outcome)
    else:
        waiter.set_result(outcome)
