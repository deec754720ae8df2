"""The thread that fetches and renews the keys of external issuers, so that no request waits for the network."""

from __future__ import annotations

import asyncio
import importlib
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from lrs.clock import Clock
from lrs.config import Settings
from lrs.errors import ConfigError
from lrs.limits import Limits
from lrs.oauth.discovery import configuration_url, jwks_url, key_set
from lrs.oauth.external import external_issuers
from lrs.oauth.issuers import ExternalIssuer
from lrs.oauth.keys import IssuerKeys
from lrs.oauth.signatures import VerifyingKey
from lrs.telemetry import logger

if TYPE_CHECKING:
    import httpx

JOIN_S = 5
"""How long a thread is waited for that hangs in the resolver of the system; it ends with the process."""

# What a compressed answer would grow to can't be seen before.
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "lrs-lite"}

Issuers = Mapping[str, tuple[ExternalIssuer, IssuerKeys]]


def require_issuers(settings: Settings, clock: Clock) -> None:
    """Raises ConfigError if tokens of other issuers can't be taken as ``settings`` say; touches nothing."""
    if external_issuers(settings, clock) is not None:
        _require_library()


def key_fetcher(issuers: Issuers, limits: Limits, clock: Clock) -> KeyFetcher:
    """A running fetcher for ``issuers``. ConfigError if the library for it is not installed."""
    _require_library()
    return KeyFetcher(issuers, limits, clock)


def _require_library() -> None:
    try:
        importlib.import_module("httpx")
    except ImportError:
        raise ConfigError("LRS_OIDC_ISSUERS needs httpx: pip install 'lrs-lite[oidc]'") from None


class KeyFetcher:
    """Fetches at once, then as often as ``IssuerKeys`` ask for it, until ``close``. Failures are logged, never raised.

    What it fetches is bounded in size and time; it follows no redirect, and goes only where ``is_trusted_url`` says.
    """

    def __init__(self, issuers: Issuers, limits: Limits, clock: Clock) -> None:
        self._issuers = issuers
        self._limits = limits
        self._clock = clock
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="lrs-issuers", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread, whatever it waits for."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._cancel)
        self._thread.join(JOIN_S)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner, suppress(asyncio.CancelledError):
            runner.run(self._main())

    def _cancel(self) -> None:
        self._closing = True
        if self._task is not None:
            self._task.cancel()

    async def _main(self) -> None:
        if self._closing:
            return
        self._task = asyncio.current_task()
        httpx = importlib.import_module("httpx")
        async with (
            httpx.AsyncClient(headers=_HEADERS, follow_redirects=False, timeout=self._limits.oidc_fetch_s) as client,
            asyncio.TaskGroup() as group,
        ):
            for issuer, keys in self._issuers.values():
                group.create_task(self._follow(client, issuer, keys))

    async def _follow(self, client: httpx.AsyncClient, issuer: ExternalIssuer, keys: IssuerKeys) -> None:
        """Keep the keys of one issuer fresh, for ever."""
        woken = asyncio.Event()

        def wake() -> None:
            # The loop may have ended while a last request still asks.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(woken.set)

        keys.wake = wake
        while True:
            woken.clear()
            pause_s = keys.due_s() - self._clock.monotonic_s()
            if pause_s > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause_s):
                        await woken.wait()
                continue
            await self._renew(client, issuer, keys)

    async def _renew(self, client: httpx.AsyncClient, issuer: ExternalIssuer, keys: IssuerKeys) -> None:
        keys.began(self._clock.monotonic_s())
        try:
            async with asyncio.timeout(self._limits.oidc_fetch_s):
                found = await self._fetched(client, issuer)
        except Exception as error:  # noqa: BLE001 - The network, TLS, what was sent: the keys at hand count on.
            keys.failed(self._clock.monotonic_s())
            logger.warning(
                "issuer_keys_not_fetched", issuer=issuer.issuer, error=type(error).__name__, reason=str(error)[:200]
            )
        else:
            keys.succeeded(found)

    async def _fetched(self, client: httpx.AsyncClient, issuer: ExternalIssuer) -> dict[str, VerifyingKey]:
        described = await self._document(client, configuration_url(issuer.issuer))
        raw = await self._document(client, jwks_url(described, issuer.issuer))
        return key_set(raw, issuer, keys_max=self._limits.oidc_keys_max)

    async def _document(self, client: httpx.AsyncClient, url: str) -> bytes:
        bytes_max = self._limits.oidc_document_bytes_max
        found = bytearray()
        async with client.stream("GET", url) as answer:
            if answer.status_code != 200 or answer.headers.get("content-encoding", "identity") != "identity":
                raise ValueError(f"status {answer.status_code} from {url}")
            async for piece in answer.aiter_raw():
                found += piece
                if len(found) > bytes_max:
                    raise ValueError(f"more than {bytes_max} bytes from {url}")
        return bytes(found)
