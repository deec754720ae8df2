"""The connections of all server processes on one store: each tells of its own while somebody looks, and each obeys."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from functools import lru_cache
from typing import Any

import orjson

from lrs.admin.connections import Seen, connection_form, with_lags
from lrs.admin.sqlite.disconnections import Disconnections
from lrs.engine import Engine
from lrs.errors import LrsError
from lrs.statements.record import Place
from lrs.storage.siblings import Siblings
from lrs.storage.sqlite import Store
from lrs.telemetry import logger

TICK_S = 0.5

TELL_S = 1.0
"""How often a process tells of its connections while somebody looks."""
FRESH_S = 2.0
"""How old may be what another process tells."""

WATCHED_S = 10.0
"""Each look makes all processes tell for so long."""

WAIT_S = 1.5
"""How long the first look waits for the others."""

LOOK_S = 5.0
"""How often orders are looked for though the mark of the store stays."""

_LAGS_MAX = 1_000


class Workers:
    """This process among the others. ``start`` in the event loop of ``engine``, and ``stop`` before that ends."""

    def __init__(self, engine: Engine, store: Store, disconnections: Disconnections) -> None:
        self._engine = engine
        self._store = store
        self._disconnections = disconnections
        self._siblings: Siblings | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._obeyed = 0
        self._mark = (b"", float("-inf"))
        self._told_at_s = float("-inf")

    async def start(self) -> None:
        """Join the others; without a folder that can be written this process stays alone."""
        try:
            folder = self._engine.settings.data / "connections"
            self._siblings = await asyncio.to_thread(Siblings, folder, "worker")
        except OSError as error:
            logger.warning("connections_not_shared", reason=error.strerror)
        orders = await asyncio.to_thread(self._disconnections.after, 0)
        self._obeyed = orders[-1][0] if orders else 0
        self._ticking = asyncio.create_task(self._tick_on(), name="lrs-connections")

    async def stop(self) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)
        if self._siblings is not None:
            self._siblings.close()
            self._siblings = None

    async def connections(self) -> tuple[list[dict[str, Any]], int]:
        """Those of all processes, and how many processes there are."""
        own = self._own()
        found = await asyncio.to_thread(self._forms, own)
        if self._siblings is None:
            return found, 1
        await asyncio.to_thread(self._siblings.ask)
        others = await self._others(self._siblings)
        for told in others.values():
            with suppress(ValueError):
                found += orjson.loads(told or b"[]")
        return found, 1 + len(others)

    async def obey(self) -> None:
        """End the connections of this process that are ordered to be ended."""
        for number, name in await asyncio.to_thread(self._disconnections.after, self._obeyed):
            self._obeyed = max(self._obeyed, number)
            self._engine.sessions.disconnect(name)

    async def _tick_on(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            try:
                await self._tick()
            except (LrsError, OSError) as error:
                logger.warning("connections_not_told", reason=str(error))
            except Exception:  # noqa: BLE001
                logger.exception("connections_failed")

    async def _tick(self) -> None:
        mark, now_s = self._store.mark(), self._engine.clock.monotonic_s()
        if mark != self._mark[0] or now_s - self._mark[1] >= LOOK_S:
            self._mark = mark, now_s
            await self.obey()
        if self._siblings is None or now_s - self._told_at_s < TELL_S:
            return
        if self._siblings.asked_at_s() > self._ago_s(WATCHED_S):
            self._told_at_s = now_s
            await asyncio.to_thread(self._tell, self._siblings, self._own())

    async def _others(self, siblings: Siblings) -> dict[int, bytes | None]:
        """What the others tell, by number; they are given some time to do so."""
        for _ in range(int(WAIT_S / 0.1)):
            told = await asyncio.to_thread(siblings.told, self._ago_s(FRESH_S))
            if None not in told.values():
                return told
            await asyncio.sleep(0.1)
        return await asyncio.to_thread(siblings.told, self._ago_s(FRESH_S + WAIT_S))

    def _own(self) -> list[Seen]:
        """The connections of this process; to be called in the event loop."""
        sessions = self._engine.sessions
        return [Seen(one, sessions.since_us(one), list(one.subscriptions)) for one in sessions]

    def _forms(self, own: list[Seen]) -> list[dict[str, Any]]:
        log, now_us, seal = self._engine.log, self._engine.clock.now_us(), self._engine.hub.cursors.seal
        end = log.end()

        @lru_cache(maxsize=_LAGS_MAX)
        def lag_s(place: Place) -> float:
            stored_us = log.stored_after(place)
            return 0.0 if stored_us is None else max(0.0, (now_us - stored_us) / 1_000_000)

        process = f"{os.getpid()}-{self._siblings.number if self._siblings else 0}"
        return [with_lags(connection_form(one, process, seal), end, lag_s) for one in own]

    def _tell(self, siblings: Siblings, own: list[Seen]) -> None:
        siblings.tell(orjson.dumps(self._forms(own)))

    def _ago_s(self, seconds: float) -> float:
        """So long ago, in seconds since 1970."""
        return self._engine.clock.now_us() / 1_000_000 - seconds
