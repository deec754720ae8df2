"""Subscribers of a stream and a paced writer in one process, by one clock.

The writer puts the time at which a request leaves into the statement itself, and each subscriber reads it from the
frame. Frames are not decoded as JSON: the subscribers must cost less than what they watch.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from array import array
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, cast

from lrs.benchmark.figures import STREAM, Figure, figure
from lrs.benchmark.frames import CLOSE, PING, PONG, TEXT, client_frame, first_frame, handshake
from lrs.benchmark.requests import Target
from lrs.cli.bench_http import HttpConnection
from lrs.simulation.mix import wire

WRITERS = 8
JOIN_S = 5.0
JOINS_PER_S = 50
QUIET_S = 0.5
QUIET_S_MAX = 30.0
PROTOCOL = "xapi-stream.v1"

_SENT = "https://example.com/extensions/sent-ns"
_DIGITS = 19
_BLANK = b"0" * _DIGITS
_MARK = f'"{_SENT}":"'.encode()
_LIVE = b'"type":"live"'
_STORED = b'"stored":'


class Sink(Protocol):
    """Who is told of what a subscriber receives."""

    def frame(self, text: bytes, now_ns: int) -> None:
        """A whole text frame has arrived."""

    def closed(self, why: str) -> None:
        """The connection was refused, or has ended otherwise than by ``close``."""


class Tally:
    """What all subscribers have seen of statements that left at ``since_ns`` or later."""

    def __init__(self, subscribers: int) -> None:
        self._subscribers = subscribers
        self.since_ns = 0
        self.took_ns = array("q")
        self.frames = 0
        self.live = 0
        self.errors: Counter[str] = Counter()
        self.all_here = asyncio.Event()

    def frame(self, text: bytes, now_ns: int) -> None:
        """See ``Sink``."""
        at = text.find(_MARK)
        if at < 0:
            self.live += _LIVE in text
            self._look()
            return
        counted = False
        while at >= 0:
            at += len(_MARK)
            sent_ns = int(text[at : at + _DIGITS])
            if sent_ns >= self.since_ns:
                self.took_ns.append(now_ns - sent_ns)
                counted = True
            at = text.find(_MARK, at)
        self.frames += counted

    def closed(self, why: str) -> None:
        """See ``Sink``."""
        self.errors[why] += 1
        self._look()

    def _look(self) -> None:
        if self.live + self.errors.total() >= self._subscribers:
            self.all_here.set()


class Subscriber(asyncio.Protocol):
    """A websocket that reads text frames and answers pings; enough for a server that is known."""

    def __init__(self, opening: bytes, sink: Sink) -> None:
        self._opening = opening
        self._sink = sink
        self._received = bytearray()
        self._open = False
        self._over = False

    @classmethod
    async def to(cls, target: Target, resource: str, sink: Sink) -> Subscriber:
        """A subscriber that has asked for ``resource`` below the endpoint. Raises OSError."""
        tls = ssl.create_default_context() if target.encrypted else None
        opening = handshake(target, resource, (PROTOCOL,))
        _, made = await asyncio.get_running_loop().create_connection(
            lambda: cls(opening, sink), target.host, target.port, ssl=tls
        )
        return made

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._opening)

    def data_received(self, data: bytes) -> None:
        now_ns = time.monotonic_ns()
        received = self._received
        received += data
        if not self._open:
            end = received.find(b"\r\n\r\n")
            if end < 0:
                return
            if not received.startswith(b"HTTP/1.1 101 "):
                self._finish(received[9:12].decode("latin-1"))
                return
            self._open = True
            del received[: end + 4]
        while (found := first_frame(received)) is not None:
            opcode, begin, end = found
            payload = bytes(received[begin:end])
            del received[:end]
            if opcode == TEXT:
                self._sink.frame(payload, now_ns)
            elif opcode == PING:
                self._transport.write(client_frame(PONG, payload))
            elif opcode == CLOSE:
                self._finish(f"closed {int.from_bytes(payload[:2], 'big')}")

    def connection_lost(self, error: Exception | None) -> None:
        self._finish(type(error).__name__ if error else "closed")

    def close(self) -> None:
        """Leave without a word."""
        self._over = True
        self._transport.abort()

    def _finish(self, why: str) -> None:
        if not self._over:
            self._over = True
            self._sink.closed(why)
            self._transport.abort()


class Marked(NamedTuple):
    """A POST in two parts, between which the time belongs."""

    before: bytes
    after: bytes


def marked(target: Target, statement: dict[str, Any]) -> Marked:
    """The POST of ``statement``, which is changed."""
    statement["context"]["extensions"][_SENT] = _BLANK.decode()
    before, _, after = target.request("POST", "statements", wire(statement)).partition(_BLANK)
    return Marked(before, after)


class PacedWriter:
    """Sends each request at its time, if one of its connections is free; ``rate`` a second."""

    def __init__(self, target: Target, requests: Sequence[Marked], *, rate: float, connections: int = WRITERS) -> None:
        self._target = target
        self._requests = requests
        self._rate = rate
        self._connections = connections
        self.sent_ns: list[int] = []
        self.took_ns: list[int] = []
        self.errors: Counter[str] = Counter()

    async def write(self) -> None:
        """Send everything."""
        free: asyncio.Queue[HttpConnection] = asyncio.Queue()
        for _ in range(self._connections):
            free.put_nowait(await HttpConnection.to(self._target))
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number, request in enumerate(self._requests):
                await asyncio.sleep(max(0.0, began + number / self._rate - time.monotonic()))
                group.create_task(self._send(await free.get(), request, free))
        while not free.empty():
            free.get_nowait().close()

    async def _send(self, connection: HttpConnection, request: Marked, free: asyncio.Queue[HttpConnection]) -> None:
        sent_ns = time.monotonic_ns()
        try:
            status = await connection.ask(b"%b%0*d%b" % (request.before, _DIGITS, sent_ns, request.after))
            if status == 200:
                self.took_ns.append(time.monotonic_ns() - sent_ns)
                self.sent_ns.append(sent_ns)
            else:
                self.errors[str(status)] += 1
            if not connection.reusable:
                connection.close()
                connection = await HttpConnection.to(self._target)
        finally:
            free.put_nowait(connection)


async def joined(tally: Tally, subscribers: int) -> None:
    """Wait until every subscriber is live or refused. Raises TimeoutError."""
    async with asyncio.timeout(JOIN_S + subscribers / JOINS_PER_S):
        await tally.all_here.wait()


async def settled(tally: Tally) -> None:
    """Wait until nothing more comes."""
    seen, end_s = -1, time.monotonic() + QUIET_S_MAX
    while seen != len(tally.took_ns) and time.monotonic() < end_s:
        seen = len(tally.took_ns)
        await asyncio.sleep(QUIET_S)


async def deliveries(target: Target, made: Sequence[dict[str, Any]], *, subscribers: int, rate: float) -> Figure:
    """What each of so many subscribers waits for a statement, from the POST to the frame. Raises OSError."""
    tally, watching = Tally(subscribers), list[Subscriber]()
    try:
        for _ in range(subscribers):
            watching.append(await Subscriber.to(target, "stream?from=now", tally))
        await joined(tally, subscribers)
        writer = PacedWriter(target, [marked(target, one) for one in made], rate=rate)
        began = time.perf_counter()
        if tally.live:
            await writer.write()
        seconds = time.perf_counter() - began
        await settled(tally)
    finally:
        for one in watching:
            one.close()
    missing = len(writer.sent_ns) * tally.live - len(tally.took_ns)
    return figure(
        f"POST to frame, {subscribers} subscribers",
        STREAM,
        connections=subscribers,
        took_s=[took / 1e9 for took in tally.took_ns],
        seconds=seconds,
        errors=tally.errors + writer.errors + Counter({"missing": missing} if missing > 0 else {}),
    )


class _Counting:
    """Counts statements until the head is reached."""

    def __init__(self) -> None:
        self.statements = 0
        self.errors: Counter[str] = Counter()
        self.over = asyncio.Event()

    def frame(self, text: bytes, now_ns: int) -> None:  # noqa: ARG002
        """See ``Sink``."""
        if text.startswith(b'{"type":"live"'):
            self.over.set()
        else:
            self.statements += text.count(_STORED)

    def closed(self, why: str) -> None:
        """See ``Sink``."""
        self.errors[why] += 1
        self.over.set()


async def catch_up(target: Target, *, seconds_max: float) -> Figure:
    """One subscriber from the beginning of the log to its head, or as far as it gets. Raises OSError."""
    counting, began = _Counting(), time.perf_counter()
    subscriber = await Subscriber.to(target, "stream?from=beginning", counting)
    try:
        async with asyncio.timeout(seconds_max):
            await counting.over.wait()
    except TimeoutError:
        pass
    finally:
        subscriber.close()
    seconds = time.perf_counter() - began
    return Figure(
        case="catching up from the beginning",
        group=STREAM,
        connections=1,
        done=counting.statements,
        statements=counting.statements,
        seconds=seconds,
        errors=dict(counting.errors),
    )
