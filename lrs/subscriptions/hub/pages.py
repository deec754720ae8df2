"""Reads of the log for those who are behind: once for all who want the same at the same time."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor

from lrs.limits import Limits
from lrs.statements.log import Changes, StatementLog
from lrs.statements.record import Place
from lrs.subscriptions.channels import Channel


class Pages:
    """The reads that are under way; nothing is kept of those that are over."""

    def __init__(self, log: StatementLog, limits: Limits, executor: Executor) -> None:
        self._log = log
        self._bytes_max = limits.server_frame_bytes_max
        self._executor = executor
        self._reading: dict[tuple[Channel, Place, int], asyncio.Future[Changes]] = {}
        self.begun = 0
        """How many reads there have been."""

    def __len__(self) -> int:
        return len(self._reading)

    async def read(self, channel: Channel, after: Place, limit: int) -> Changes:
        """What the log has for ``channel`` after ``after``, at most ``limit``; raises what the log raises."""
        key = channel, after, limit
        reading = self._reading.get(key)
        if reading is None:
            reading = asyncio.get_running_loop().run_in_executor(self._executor, self._changes, key)
            self._reading[key] = reading
            self.begun += 1
            reading.add_done_callback(lambda done: self._read(key, done))
        # One reader that goes away must not take the page from the others.
        return await asyncio.shield(reading)

    def _changes(self, key: tuple[Channel, Place, int]) -> Changes:
        channel, after, limit = key
        return self._log.changes(
            channel.filter, channel.visibility, after=after, limit=limit, bytes_max=self._bytes_max
        )

    def _read(self, key: tuple[Channel, Place, int], reading: asyncio.Future[Changes]) -> None:
        del self._reading[key]
        if not reading.cancelled():
            # An error counts as noticed even if every reader has gone.
            reading.exception()
