"""THE one writer: a thread that commits together whatever arrived while its last commit ran.

It knows nothing of what is written. Callers hand in jobs; a ``Committer`` writes a group of them in one transaction and
says for each what came of it. Every waiter is answered after the commit, never before (invariant 2).
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Generic, NamedTuple, Protocol, TypeVar

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


class _Entry(NamedTuple, Generic[Job, Result]):
    """A job that waits. ``tell`` is called with what came of it in ``loop``, or in the writer's thread without one."""

    job: Job
    size: int
    tell: Callable[[Result | Exception], None]
    loop: asyncio.AbstractEventLoop | None


class Writer(Generic[Job, Result]):
    """Group commit. The size of a job is in the unit of ``group_size_max`` and ``queue_size_max`` (statements)."""

    def __init__(self, commit: Committer[Job, Result], *, group_size_max: int, queue_size_max: int) -> None:
        self._commit = commit
        self._group_size_max = group_size_max
        self._queue_size_max = queue_size_max
        self._queue: SimpleQueue[_Entry[Job, Result] | None] = SimpleQueue()
        self._queued_size = 0
        self._lock = threading.Lock()
        self._closed = False
        self._wakes: tuple[Callable[[], None], ...] = ()
        self._thread = threading.Thread(target=self._run, name="lrs-writer", daemon=True)
        self._thread.start()

    async def submit(self, job: Job, size: int = 1) -> Result:
        """What came of ``job``, once it is durable; raises the LrsError with which it was refused.

        Waits for room when the queue is full, so memory stays bounded and nobody is turned away (invariant 7).
        """
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[Result] = loop.create_future()
        entry = _Entry(job, size, partial(settle, waiter), loop)
        # A full queue means that thousands of statements wait for the disk: two milliseconds more are nothing, and
        # the writer's thread is spared from waking event loops.
        while not self._put(entry):  # noqa: ASYNC110
            await asyncio.sleep(ROOM_PAUSE_S)
        return await waiter

    def submit_soon(self, job: Job, tell: Callable[[Result | Exception], None], size: int = 1) -> bool:
        """Have ``tell`` called in the running event loop with what came of ``job``; False when there is no room now."""
        return self._put(_Entry(job, size, tell, asyncio.get_running_loop()))

    def submit_now(self, job: Job, size: int = 1) -> Result:
        """The same for a thread without an event loop; blocks."""
        waiter: Future[Result] = Future()
        pause = threading.Event()
        while not self._put(_Entry(job, size, partial(settle, waiter), None)):
            pause.wait(ROOM_PAUSE_S)
        return waiter.result()

    @property
    def alive(self) -> bool:
        """Whether the thread runs, and takes jobs."""
        return self._thread.is_alive() and not self._closed

    @property
    def queued_size(self) -> int:
        """The size of what waits for a commit or is in one."""
        return self._queued_size

    def on_commit(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call ``wake`` in the writer's thread after each commit; returns how to stop it."""
        with self._lock:
            self._wakes = (*self._wakes, wake)

        def stop() -> None:
            with self._lock:
                self._wakes = tuple(other for other in self._wakes if other is not wake)

        return stop

    def close(self) -> None:
        """Commit what was accepted, then end the thread. Later jobs are refused with StoreUnavailable."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._thread.join()

    def _put(self, entry: _Entry[Job, Result]) -> bool:
        """Take ``entry`` unless the queue is full; a job larger than the whole queue is taken when it is empty."""
        with self._lock:
            if self._closed:
                raise StoreUnavailable("the store is closing")
            if self._queued_size and self._queued_size + entry.size > self._queue_size_max:
                return False
            self._queued_size += entry.size
            self._queue.put(entry)
            return True

    def _next_group(self) -> list[_Entry[Job, Result]]:
        """Wait for a job, then take whatever else is there up to the size of a group; empty when it is time to end."""
        group: list[_Entry[Job, Result]] = []
        size = 0
        with suppress(Empty):
            entry = self._queue.get()
            while entry is not None:
                group.append(entry)
                size += entry.size
                if size >= self._group_size_max:
                    return group
                entry = self._queue.get_nowait()
            # The end mark was read: put it back for the next round when there is still something to commit.
            if group:
                self._queue.put(None)
        return group

    def _run(self) -> None:
        while group := self._next_group():
            outcomes = self._outcomes(group)
            with self._lock:
                self._queued_size -= sum(entry.size for entry in group)
                wakes = self._wakes
            for wake in wakes:
                wake()
            _answer(group, outcomes)

    def _outcomes(self, group: list[_Entry[Job, Result]]) -> Sequence[Result | Exception]:
        """Commit ``group``; if it fails as a whole, each job alone, so that no neighbour pays (invariant 10)."""
        try:
            return self._commit([entry.job for entry in group])
        except Exception as error:  # noqa: BLE001
            if len(group) == 1:
                return [error]
        outcomes: list[Result | Exception] = []
        for entry in group:
            try:
                outcomes.extend(self._commit([entry.job]))
            except Exception as error:  # noqa: BLE001
                outcomes.append(error)
        return outcomes


def _answer(group: Sequence[_Entry[Job, Result]], outcomes: Sequence[Result | Exception]) -> None:
    """Tell everybody who waits, with one call into each event loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Callable[[Result | Exception], None], Result | Exception]]]
    by_loop = defaultdict(list)
    for entry, outcome in zip(group, outcomes, strict=True):
        if entry.loop is None:
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
