"""Follows the log: reads each new record once, for all subscribers of the process."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from contextlib import suppress
from typing import Protocol

from lrs.errors import LrsError, StoreUnavailable
from lrs.limits import Limits
from lrs.statements.log import Arrivals, StatementLog
from lrs.statements.record import Place
from lrs.telemetry import logger

# A read of so few records is quicker than a change of threads, and does not hold up the event loop.
_DIRECT_STATEMENTS = 64
_DIRECT_BYTES = 256 * 1024
# What follows is read in a worker thread, in pages of this size.
_PAGE_STATEMENTS = 500
_PAGE_BYTES = 1024 * 1024

RETRY_S = 1.0
"""Pause after the log could not be read."""


class Sink(Protocol):
    """Where new records go."""

    @property
    def end(self) -> Place:
        """Place up to which it has them."""

    @property
    def wanted(self) -> bool:
        """Whether anybody waits for records."""

    def feed(self, new: Arrivals) -> None:
        """What arrived after ``end``."""

    def fail(self, error: LrsError) -> None:
        """The log can't be read at the moment."""


class Tail:
    """One task. Commits of this process wake it; those of others, and lost wake-ups, are found by looking often.

    It rests while nobody is subscribed.
    """

    def __init__(self, log: StatementLog, sink: Sink, limits: Limits, executor: Executor) -> None:
        self._log = log
        self._sink = sink
        self._poll_s = limits.tail_poll_s
        self._executor = executor
        self._hinted = False
        self._woken = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin; to be called in the event loop."""
        self._loop = asyncio.get_running_loop()
        self._stop_hints = self._log.on_commit(self._hint)
        self._task = asyncio.create_task(self._run(), name="lrs-tail")

    async def stop(self) -> None:
        self._stop_hints()
        if self._timer is not None:
            self._timer.cancel()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def resume(self) -> None:
        """Somebody has subscribed."""
        self._woken.set()
        if self._timer is None:
            self._timer = self._loop.call_later(self._poll_s, self._poll)

    def _hint(self) -> None:
        """A commit, in whichever thread it is told; one call into the loop may be under way at a time."""
        if self._hinted:
            return
        self._hinted = True
        # A loop that has ended needs no hint.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._take_hint)

    def _take_hint(self) -> None:
        self._hinted = False
        self._woken.set()

    def _poll(self) -> None:
        self._timer = None
        if not self._sink.wanted:
            return
        try:
            if self._log.changed():
                self._woken.set()
        except LrsError:
            # The read that follows will tell, and be retried.
            self._woken.set()
        self._timer = self._loop.call_later(self._poll_s, self._poll)

    async def _run(self) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            if not self._sink.wanted:
                continue
            try:
                await self.read_new()
            except LrsError as error:
                logger.error("tail_failed", code=error.code, message=error.message)
                await self._rest(error)
            except Exception:  # noqa: BLE001
                logger.exception("tail_failed")
                await self._rest(StoreUnavailable("the log can't be followed"))

    async def _rest(self, error: LrsError) -> None:
        self._sink.fail(error)
        await asyncio.sleep(RETRY_S)
        self._woken.set()

    async def read_new(self) -> None:
        """Read what was committed since, and hand it on. Raises what the log raises."""
        # Asked before the read: what is committed in between makes it true again, and is read once more.
        self._log.changed()
        new = self._log.newest(self._sink.end, _DIRECT_STATEMENTS, _DIRECT_BYTES)
        self._sink.feed(new)
        while new.more:
            new = await self._loop.run_in_executor(
                self._executor, self._log.newest, self._sink.end, _PAGE_STATEMENTS, _PAGE_BYTES
            )
            self._sink.feed(new)
