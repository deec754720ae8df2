"""The connections of all server processes on one store: each tells of its own while somebody looks, and each obeys.

They meet in a folder beside the store. A process holds a lock on a file there for as long as it runs, and writes what
it has to tell into another, which it replaces; nothing of it has to outlive the process.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from lrs.admin.connections import Seen, connection_form, with_lags
from lrs.admin.sqlite.disconnections import Disconnections
from lrs.engine import Engine
from lrs.errors import LrsError
from lrs.statements.record import Place
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
        self._folder = engine.settings.data / "connections"
        self.name = f"{os.getpid()}-{secrets.token_hex(2)}"
        self._lock: int | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._obeyed = 0
        self._mark = (b"", float("-inf"))

    async def start(self) -> None:
        """Join the others; without a folder that can be written this process stays alone."""
        try:
            await asyncio.to_thread(self._join)
        except OSError as error:
            logger.warning("connections_not_shared", reason=error.strerror)
        orders = await asyncio.to_thread(self._disconnections.after, 0)
        self._obeyed = orders[-1][0] if orders else 0
        self._ticking = asyncio.create_task(self._tick_on(), name="lrs-connections")

    async def stop(self) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)
        if self._lock is not None:
            for suffix in (".json", ".lock"):
                self._path(self.name, suffix).unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None

    async def connections(self) -> tuple[list[dict[str, Any]], int]:
        """Those of all processes, and how many processes there are."""
        own = self._own()
        found = await asyncio.to_thread(self._forms, own)
        if self._lock is None:
            return found, 1
        others = await asyncio.to_thread(self._ask)
        for _ in range(int(WAIT_S / 0.1)):
            if all(self._fresh(name) for name in others):
                break
            await asyncio.sleep(0.1)
        for told in await asyncio.to_thread(lambda: [self._told(name) for name in others]):
            found += told
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
        watched = self._lock is not None and self._age_s(self._folder / "asked") < WATCHED_S
        if watched and not self._fresh(self.name, TELL_S):
            await asyncio.to_thread(self._tell, self._own())

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

        return [with_lags(connection_form(one, self.name, seal), end, lag_s) for one in own]

    def _tell(self, own: list[Seen]) -> None:
        fresh = self._path(self.name, ".new")
        fresh.write_bytes(orjson.dumps(self._forms(own)))
        fresh.replace(self._path(self.name, ".json"))

    def _told(self, name: str) -> list[dict[str, Any]]:
        """What another process told last, unless that is long ago."""
        if not self._fresh(name, FRESH_S + WAIT_S):
            return []
        with suppress(OSError, ValueError):
            told: list[dict[str, Any]] = orjson.loads(self._path(name, ".json").read_bytes())
            return told
        return []

    def _ask(self) -> list[str]:
        """Make the others tell, and name them."""
        (self._folder / "asked").touch()
        return list(self._others())

    def _others(self) -> Iterator[str]:
        """The other processes that run; what those have left that ended badly is removed."""
        for path in sorted(self._folder.glob("*.lock")):
            name = path.stem
            if name == self.name:
                continue
            with suppress(FileNotFoundError):
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    yield name
                else:
                    for suffix in (".json", ".new", ".lock"):
                        self._path(name, suffix).unlink(missing_ok=True)
                finally:
                    os.close(descriptor)

    def _join(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(self.name, ".lock")
        while self._lock is None:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # Before it was locked, another process may have taken it for left behind, and removed it.
            if path.exists() and path.stat().st_ino == os.fstat(descriptor).st_ino:
                self._lock = descriptor
            else:
                os.close(descriptor)

    def _path(self, name: str, suffix: str) -> Path:
        return self._folder / f"{name}{suffix}"

    def _fresh(self, name: str, within_s: float = FRESH_S) -> bool:
        return self._age_s(self._path(name, ".json")) < within_s

    def _age_s(self, path: Path) -> float:
        """How long ago the file was written; for ever if it is not there."""
        try:
            return self._engine.clock.now_us() / 1_000_000 - path.stat().st_mtime
        except OSError:
            return float("inf")
