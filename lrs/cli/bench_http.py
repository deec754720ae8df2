"""A lean HTTP/1.1 client that keeps a server busy, and measures it: one that costs much would hide the server."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from typing import cast

import httptools

from lrs.benchmark.requests import Target

ANSWER_S_MAX = 30.0
PAUSE_S = 0.05
"""How long a connection waits after a failure, so that a server that is gone is not hammered."""


class HttpConnection(asyncio.Protocol):
    """One connection with at most one request in flight; it drops the bodies of answers."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[int] | None = None
        self.reusable = True

    @classmethod
    async def to(cls, target: Target) -> HttpConnection:
        """A new connection. Raises OSError."""
        tls = ssl.create_default_context() if target.encrypted else None
        _, made = await asyncio.get_running_loop().create_connection(cls, target.host, target.port, ssl=tls)
        return made

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The transports of uvloop are no subclass of what they implement.
        self._transport = cast("asyncio.Transport", transport)

    def ask(self, request: bytes) -> asyncio.Future[int]:
        """Send ``request``; the result is the status of its answer, once that is here as a whole."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._end(ConnectionError(f"not an answer of HTTP: {error}"))
            self._transport.abort()

    def on_message_complete(self) -> None:
        """For the parser."""
        status = self._parser.get_status_code()
        # What announces that the true answer will follow is none.
        if status < 200:
            return
        self.reusable = self._parser.should_keep_alive()
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_result(status)

    def connection_lost(self, error: Exception | None) -> None:
        self.reusable = False
        self._end(error or ConnectionResetError("the server closed the connection"))

    def _end(self, error: Exception) -> None:
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_exception(error)

    def close(self) -> None:
        """Close it at once."""
        self._transport.close()


class _Keeping(HttpConnection):
    """A connection that keeps the body of its answer."""

    def __init__(self) -> None:
        super().__init__()
        self.body = bytearray()

    def on_body(self, data: bytes) -> None:
        """For the parser."""
        self.body += data


async def fetch(target: Target, request: bytes) -> tuple[int, bytes]:
    """(status, body) of the answer to one request, on a connection of its own. Raises OSError, also for lateness."""
    async with asyncio.timeout(ANSWER_S_MAX):
        connection = cast("_Keeping", await _Keeping.to(target))
        try:
            return await connection.ask(request), bytes(connection.body)
        finally:
            connection.close()


class Stint:
    """One run through ``wanted``, by several connections with one request in flight each.

    ``took_s``: what each request took that was answered with 200 or 204; ``errors``: how often what else came.
    """

    def __init__(
        self, target: Target, wanted: Iterator[bytes], *, connections: int, seconds_max: float, keep_alive: bool = True
    ) -> None:
        self._target = target
        self._wanted = wanted
        self._connections = connections
        self._keep_alive = keep_alive
        self._seconds_max = seconds_max
        self.seconds = 0.0
        self.took_s: list[float] = []
        self.errors: Counter[str] = Counter()

    async def work(self) -> None:
        """Until there are no more requests, or no more time; who is not answered by then is waited for a while."""
        began = time.perf_counter()
        try:
            async with asyncio.timeout(self._seconds_max + ANSWER_S_MAX):
                await asyncio.gather(*(self._work(began + self._seconds_max) for _ in range(self._connections)))
        except TimeoutError:
            self.errors["no answer"] += 1
        finally:
            self.seconds = time.perf_counter() - began

    async def _work(self, end_s: float) -> None:
        now, took_s = time.perf_counter, self.took_s
        connection: HttpConnection | None = None
        try:
            while (began := now()) < end_s and (request := next(self._wanted, None)) is not None:
                try:
                    if connection is None:
                        connection = await HttpConnection.to(self._target)
                    status = await connection.ask(request)
                except OSError as error:
                    self.errors[type(error).__name__] += 1
                    connection = None
                    await asyncio.sleep(PAUSE_S)
                    continue
                if status in (200, 204):
                    took_s.append(now() - began)
                else:
                    self.errors[str(status)] += 1
                if not (self._keep_alive and connection.reusable):
                    connection.close()
                    connection = None
        finally:
            if connection is not None:
                connection.close()
