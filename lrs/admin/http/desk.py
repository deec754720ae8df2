"""What all handlers of one server share."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from starlette.requests import Request

from lrs.admin.service import Administration, open_administration
from lrs.admin.service.erasing import Erasing
from lrs.admin.service.refused import RefusedLogins
from lrs.admin.workers import Workers
from lrs.auth.buckets import Bucket, Buckets
from lrs.config import Settings
from lrs.door.addresses import client_address
from lrs.engine import Engine
from lrs.errors import Overloaded, RateLimited
from lrs.statements.sqlite.overview import Overview

P = ParamSpec("P")
T = TypeVar("T")

WAITING_MAX = 16
"""Who may wait for a password to be verified."""


@dataclass(slots=True)
class Desk:
    """The administration of one server, with what counts and bounds its callers."""

    engine: Engine
    administration: Administration
    overview: Overview
    workers: Workers
    erasing: Erasing
    metrics: Callable[[str], Awaitable[tuple[bytes, str]]] | None = None
    """Numbers for the overview, as ``/metrics`` gives them for what ``Accept`` says; the application puts it here."""
    refused_logins: RefusedLogins = field(init=False)
    throttles: Throttles = field(init=False)
    _verifying: asyncio.Semaphore = field(init=False)
    _waiting: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.refused_logins = RefusedLogins(self.administration.accounts)
        self.throttles = Throttles(self.settings, self.now_s())
        self._verifying = asyncio.Semaphore(self.settings.limits.passwords_at_once_max)

    @property
    def settings(self) -> Settings:
        return self.engine.settings

    def now_us(self) -> int:
        return self.engine.clock.now_us()

    def now_s(self) -> float:
        return self.engine.clock.monotonic_s()

    async def with_password(self, act: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What ``act`` gives, which verifies or makes a password; few do at once. Overloaded when too many wait."""
        if self._waiting >= WAITING_MAX:
            raise Overloaded("too many people log in at once; try again")
        self._waiting += 1
        try:
            async with self._verifying:
                return await asyncio.to_thread(act, *args, **kwargs)
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        await self.refused_logins.stop()
        await self.erasing.stop()
        await self.workers.stop()

    def count_login(self, request: Request) -> None:
        """Count an attempt to log in. RateLimited."""
        self._count(self.throttles.logins, request)
        _pass(self.throttles.all_logins.take(1, self.now_s()))

    def count_request(self, request: Request) -> None:
        """Count a request for access. RateLimited."""
        self._count(self.throttles.requests, request)

    def count_look(self, request: Request) -> None:
        """Count a look at a request for access. RateLimited."""
        self._count(self.throttles.looks, request)

    def _count(self, buckets: Buckets, request: Request) -> None:
        _pass(buckets.take(self._address(request), self.now_s()))

    def _address(self, request: Request) -> str:
        """Whom to count: the client, or, where a proxy tells it in a header, what that says last."""
        header = self.settings.client_address_header
        told = request.headers.getlist(header) if header else []
        return client_address(told, request.client.host if request.client else None)


async def open_desk(engine: Engine) -> Desk:
    """The administration of the store of ``engine``, told of by all processes; ``close`` it before the engine."""
    administration = await asyncio.to_thread(
        open_administration,
        engine.store,
        engine.consumers,
        engine.settings,
        clock=engine.clock,
        entropy=secrets.token_bytes,
    )
    workers = Workers(engine, engine.store, administration.followers.disconnections)
    await workers.start()
    erasing = Erasing(administration.erasures, engine.settings.retention_days)
    erasing.start()
    return Desk(engine, administration, Overview(engine.store), workers, erasing)


class Throttles:
    """How often strangers may try what."""

    def __init__(self, settings: Settings, now_s: float) -> None:
        limits = settings.limits
        most = limits.addresses_counted_max
        self.logins = Buckets(limits.logins_per_minute, 60, most)
        self.all_logins = Bucket(limits.logins_all_per_minute, limits.logins_all_per_minute / 60, now_s)
        self.requests = Buckets(limits.access_requests_per_hour, 3600, most)
        self.looks = Buckets(limits.access_looks_per_minute, 60, most)


def _pass(wait_s: float) -> None:
    if wait_s:
        raise RateLimited("too many attempts; try again later", retry_after_s=wait_s)
