"""What a server erases while nobody waits for it: what was begun over HTTP, left by a crash, or is too old."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from lrs.admin.service.erasures import ErasureActs
from lrs.audit.entry import SYSTEM
from lrs.errors import LrsError
from lrs.telemetry import logger

LOOK_S = 3600.0
"""How often it is looked for what has become too old since, and for what could not be finished."""


class Erasing:
    """One task. ``days``: how long statements are kept; 0 for ever."""

    def __init__(self, acts: ErasureActs, days: int) -> None:
        self._acts = acts
        self._days = days
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; to be called in the event loop."""
        self._task = asyncio.create_task(self._run(), name="lrs-erasing")

    def wake(self) -> None:
        """Something was begun."""
        self._woken.set()

    async def stop(self) -> None:
        """End between two steps; the next server goes on."""
        if self._task is None:
            return
        self._acts.erasures.stopping.set()
        self._woken.set()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        while not self._acts.erasures.stopping.is_set():
            self._woken.clear()
            try:
                await asyncio.to_thread(self._erase)
            except LrsError as error:
                logger.error("erasure_failed", code=error.code, message=error.message)
            except Exception:  # noqa: BLE001
                logger.exception("erasure_failed")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), LOOK_S)

    def _erase(self) -> None:
        if self._days:
            self._acts.begin_retention(SYSTEM, self._days)
        self._acts.erasures.finish_all()
