"""Refused attempts to log in, as the audit trail tells them: counted, so that whoever guesses can't fill the disk."""

from __future__ import annotations

import asyncio
from collections import Counter

from lrs.admin.service.accounts import AccountActs
from lrs.errors import LrsError
from lrs.telemetry import logger

PAUSE_S = 60.0


class RefusedLogins:
    """Tells the first at once, and what has come since a minute later. For one event loop.

    How many may come until then is bounded by how often anybody may try to log in at all.
    """

    def __init__(self, acts: AccountActs) -> None:
        self._acts = acts
        self._tried: Counter[str] = Counter()
        self._pausing: asyncio.Task[None] | None = None

    async def note(self, name: str) -> None:
        """Somebody tried to log in as ``name``, and was refused."""
        self._tried[name] += 1
        if self._pausing is None or self._pausing.done():
            self._pausing = asyncio.create_task(self._pause(), name="lrs-refused-logins")
            await self._tell()

    async def stop(self) -> None:
        """Tell what is left."""
        if self._pausing is not None:
            self._pausing.cancel()
            await asyncio.gather(self._pausing, return_exceptions=True)
            await self._tell()

    async def _pause(self) -> None:
        await asyncio.sleep(PAUSE_S)
        while self._tried:
            await self._tell()
            await asyncio.sleep(PAUSE_S)

    async def _tell(self) -> None:
        if not self._tried:
            return
        tried, self._tried = self._tried, Counter()
        try:
            await asyncio.to_thread(self._acts.note_refused, tried)
        except LrsError as error:
            self._tried.update(tried)
            logger.warning("refused_logins_not_told", reason=error.message)
