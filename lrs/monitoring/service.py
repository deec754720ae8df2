"""Health and metrics of one process, and of its siblings on the same store."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from lrs.auth.failures import failures
from lrs.engine import Engine
from lrs.errors import LrsError
from lrs.monitoring import files, readings
from lrs.monitoring.exposition import exposition, form
from lrs.monitoring.readings import Reading
from lrs.monitoring.requests import Requests
from lrs.statements.record import Place
from lrs.storage.siblings import Siblings
from lrs.telemetry import logger

PUBLISH_S = 2.0
"""How old the numbers of one process may be when another one is asked for them."""

STALE_S = 10.0
"""Older numbers of another process are left out."""

SCRAPE_S = 0.5
"""A scrape that follows another so soon is answered with the same."""

ANSWER_S = 5.0
"""How long the store may take to show that it can be read."""

LAGS_MAX = 1_000
"""Of subscribers that are behind, so many places are looked up in one scrape."""


class Monitoring:
    """What ``/health`` and ``/metrics`` tell of ``engine``; an asynchronous context manager inside that of the engine.

    ``requests`` is fed by whoever serves. With several worker processes each can tell of all.
    """

    def __init__(self, engine: Engine, version: str) -> None:
        """``version`` of this software."""
        self._engine = engine
        self._version = version
        self._settings = engine.settings
        self.requests = Requests()
        self._started_s = engine.clock.now_us() / 1_000_000
        self._siblings: Siblings | None = None
        self._publisher: asyncio.Task[None] | None = None
        self._scraped: dict[str, tuple[float, tuple[bytes, str]]] = {}
        # What is told, to whomever, is told in the order in which it was read.
        self._telling = asyncio.Lock()

    async def __aenter__(self) -> Self:
        if self._settings.workers > 1:
            try:
                self._siblings = Siblings(self._settings.data / "workers", f"worker-{self._settings.port}")
            except OSError as error:
                logger.warning("workers_not_joined", reason=error.strerror)
            else:
                self._publisher = asyncio.create_task(self._publish(), name="lrs-metrics")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._publisher is not None:
            self._publisher.cancel()
            await asyncio.gather(self._publisher, return_exceptions=True)
        if self._siblings is not None:
            self._siblings.close()

    async def unready(self) -> str | None:
        """Why this process can't serve at the moment, in plain words; None if it can."""
        if not self._engine.log.takes_appends:
            return "the writer has ended"
        try:
            async with asyncio.timeout(ANSWER_S):
                return await asyncio.to_thread(self._unreadable)
        except TimeoutError:
            return f"the store did not answer within {ANSWER_S:g} s"

    async def metrics(self, accept: str) -> tuple[bytes, str]:
        """(body, media type) of a scrape; see ``exposition``."""
        async with self._telling:
            now_s = self._engine.clock.monotonic_s()
            wanted = form(accept)
            known = self._scraped.get(wanted)
            if known is not None and now_s - known[0] < SCRAPE_S:
                return known[1]
            own, places = self._own(), self._places()
            found = await asyncio.to_thread(self._exposition, own, places, accept)
            self._scraped[wanted] = now_s, found
            return found

    def _unreadable(self) -> str | None:
        try:
            self._engine.log.head()
            free = files.free_bytes(self._settings.data)
        except LrsError as error:
            return error.message
        except OSError as error:
            return f"the folder of the store can't be read: {error.strerror}"
        least = self._settings.limits.disk_free_bytes_min
        return f"the disk is full: {free} bytes are free, {least} are wanted" if free < least else None

    def _own(self) -> list[Reading]:
        """The numbers of this process; to be called in the event loop."""
        engine = self._engine
        traffic = engine.sessions.traffic
        found = [
            Reading("lrs_info", (self._version,), 1),
            Reading("lrs_start_time_seconds", (), self._started_s),
            *readings.of_requests(self.requests.seconds),
            *readings.of_commits(engine.log.commits, engine.log.queued),
            *readings.counted("lrs_statements_refused_total", engine.statements.refused),
            *readings.of_doors(traffic.sent, ((one.door, len(one.subscriptions)) for one in engine.sessions)),
            *readings.counted("lrs_stream_closes_total", traffic.closes),
            Reading("lrs_stream_catch_up_reads_total", (), engine.hub.pages.begun),
            *readings.counted("lrs_authentication_failures_total", failures.by_reason),
            *readings.counted("lrs_rate_limited_total", engine.allowances.refused),
        ]
        used = files.process(engine.log.process)
        if used is not None:
            found.append(Reading("lrs_process_cpu_seconds_total", (), used.cpu_s))
            found.append(Reading("lrs_process_resident_bytes", (), used.resident_bytes))
            found.append(Reading("lrs_process_descriptors", (), used.descriptors))
        return found

    def _places(self) -> list[Place | None]:
        """Where each subscription of this process stands; None for one that has come to the end."""
        return [
            one.place if one.behind else None for guest in self._engine.sessions for one in list(guest.subscriptions)
        ]

    def _lags_s(self, places: Sequence[Place | None]) -> Iterator[float]:
        """How far each of ``places`` is behind; reads the store."""
        now_us = self._engine.clock.now_us()
        known: dict[Place, float] = {}
        last_s = 0.0
        for place in sorted({one for one in places if one is not None})[:LAGS_MAX]:
            stored_us = self._engine.log.stored_after(place)
            last_s = 0.0 if stored_us is None else max(0.0, (now_us - stored_us) / 1_000_000)
            known[place] = last_s
        # Places beyond the bound are ahead of the last that was looked up, so none of them is further behind.
        return (0.0 if one is None else known.get(one, last_s) for one in places)

    def _with_lags(self, own: list[Reading], places: Sequence[Place | None]) -> list[Reading]:
        with suppress(LrsError):
            return [*own, *readings.of_lags(self._lags_s(places))]
        return own

    def _of_store(self) -> Iterator[Reading]:
        """What all processes on the store would say; what can't be read is left out."""
        database = self._settings.database
        yield Reading("lrs_store_bytes", (), files.size_bytes(database))
        yield Reading("lrs_wal_bytes", (), files.size_bytes(database.with_name(database.name + "-wal")))
        with suppress(OSError):
            yield Reading("lrs_disk_free_bytes", (), files.free_bytes(self._settings.data))
        with suppress(LrsError):
            yield Reading("lrs_head_position", (), self._engine.log.head())
            counts = self._engine.aside.counts()
            yield Reading("lrs_quarantine_entries", (), counts["quarantined"])
            yield Reading("lrs_conflict_entries", (), counts["conflicts"])

    def _exposition(self, own: list[Reading], places: Sequence[Place | None], accept: str) -> tuple[bytes, str]:
        by_worker: dict[str, Sequence[Reading]] = {}
        number = 0
        told = self._with_lags(own, places)
        if self._siblings is not None:
            number = self._siblings.number
            with suppress(OSError):
                # What is told now must not be taken back when the next scrape meets another worker.
                self._siblings.tell(readings.to_json(told))
            since_s = self._engine.clock.now_us() / 1_000_000 - STALE_S
            for other, content in self._siblings.told(since_s).items():
                with suppress(ValueError, TypeError):
                    by_worker[str(other)] = readings.from_json(content or b"")
        by_worker[str(number)] = told
        return exposition(list(self._of_store()), dict(sorted(by_worker.items())), accept)

    async def _publish(self) -> None:
        """Leave the numbers of this process where the others find them, again and again."""
        assert self._siblings is not None
        while True:
            try:
                async with self._telling:
                    await asyncio.to_thread(self._publish_once, self._own(), self._places())
            except OSError as error:
                logger.warning("metrics_not_published", reason=error.strerror)
            await asyncio.sleep(PUBLISH_S)

    def _publish_once(self, own: list[Reading], places: Sequence[Place | None]) -> None:
        assert self._siblings is not None
        self._siblings.tell(readings.to_json(self._with_lags(own, places)))
