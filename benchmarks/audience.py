"""Subscribers and a paced writer in one client process; see ``benchmarks.latency``.

The writer puts the time at which a request leaves into the statement itself, and each subscriber reads it from the
frame, so both ends use one clock. Frames are not decoded as JSON: the subscribers must cost less than what they watch.
"""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import json
import subprocess
import sys
import time
from array import array
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import cast
from urllib.parse import quote

import uvloop

from benchmarks.load import CLIENT_S_MAX, HttpConnection, percentile
from benchmarks.servers import cpu_s
from lrs.simulation.mix import make_courses, statements, wire

_SENT = "https://example.com/extensions/sent-ns"
_DIGITS = 19
_BLANK = b"0" * _DIGITS
_MARK = f'"{_SENT}":"'.encode()
_LIVE = b'"type":"live"'
_TEXT, _PING, _PONG = 1, 9, 10
JOIN_S = 5.0
QUIET_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What the client is to do: ``rate`` statements a second, all of one course that every subscriber watches."""

    host: str
    port: int
    pid: int
    authorization: str
    token: str
    subscribers: int
    rate: float
    seconds: float
    seed: int
    warm_up_s: float = 1.0
    writers: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """Time from just before a request was written to the arrival of the frame, over all deliveries."""

    subscribers: int
    sent: int
    deliveries: int
    missing: int
    frames: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    answer_p50_ms: float
    server_cpu_cores: float
    client_cpu_cores: float


def run(watch: Watch) -> Delay:
    """Start the client on ``watch`` and wait for it; raises when a delivery is missing."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.audience"],
        input=json.dumps(asdict(watch)),
        stdout=subprocess.PIPE,
        text=True,
        timeout=CLIENT_S_MAX,
        check=True,
    )
    delay = Delay(**json.loads(done.stdout))
    if delay.missing:
        raise RuntimeError(f"{delay.missing} of {delay.deliveries + delay.missing} deliveries are missing")
    return delay


class _Tally:
    """What all subscribers have seen of statements that left at ``since_ns`` or later."""

    def __init__(self, subscribers: int) -> None:
        self._subscribers = subscribers
        self.since_ns = 0
        self.took_ns = array("q")
        self.frames = 0
        self._live = 0
        self.all_live = asyncio.Event()

    def frame(self, text: bytes, now_ns: int) -> None:
        at = text.find(_MARK)
        if at < 0:
            self._live += _LIVE in text
            if self._live == self._subscribers:
                self.all_live.set()
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


class Subscriber(asyncio.Protocol):
    """A websocket (RFC 6455) that reads text frames and answers pings; enough for a server that is known."""

    def __init__(self, handshake: bytes, tally: _Tally) -> None:
        self._handshake = handshake
        self._tally = tally
        self._received = bytearray()
        self._open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._handshake)

    def data_received(self, data: bytes) -> None:
        now_ns = time.monotonic_ns()
        received = self._received
        received += data
        if not self._open:
            end = received.find(b"\r\n\r\n")
            if end < 0:
                return
            assert received.startswith(b"HTTP/1.1 101 "), bytes(received[:200])
            self._open = True
            del received[: end + 4]
        while (frame := _frame(received)) is not None:
            opcode, begin, end = frame
            if opcode == _TEXT:
                self._tally.frame(bytes(received[begin:end]), now_ns)
            elif opcode == _PING:
                # A mask of zeros leaves the payload as it is.
                payload = received[begin:end]
                self._transport.write(bytes([0x80 | _PONG, 0x80 | len(payload), 0, 0, 0, 0]) + payload)
            del received[:end]

    def close(self) -> None:
        """Leave without a word."""
        self._transport.abort()


def _frame(received: bytearray) -> tuple[int, int, int] | None:
    """(opcode, begin, end of the payload) of the first frame, if it is there as a whole."""
    if len(received) < 2:
        return None
    begin, length = 2, received[1]
    if length >= 126:
        begin = 4 if length == 126 else 10
        length = int.from_bytes(received[2:begin], "big")
    end = begin + length
    return (received[0] & 15, begin, end) if len(received) >= max(end, begin) else None


def _requests(watch: Watch) -> Iterator[tuple[bytes, bytes]]:
    """Each POST in two parts, between which the time belongs."""
    count = int(watch.rate * (watch.warm_up_s + watch.seconds))
    for statement in statements(count, seed=watch.seed, courses=1):
        statement["context"]["extensions"][_SENT] = _BLANK.decode()
        body = wire(statement)
        head = (
            f"POST /xapi/statements HTTP/1.1\r\nHost: {watch.host}:{watch.port}\r\nContent-Type: application/json\r\n"
            f"X-Experience-API-Version: 1.0.3\r\nAuthorization: {watch.authorization}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        before, _, after = (head.encode() + body).partition(_BLANK)
        yield before, after


class _Writers:
    """Some connections that share the writing; each request leaves at its time, if a connection is free."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self.sent_ns: list[int] = []
        self.took_ns: list[int] = []

    async def write(self) -> None:
        """Send everything, paced."""
        watch = self._watch
        requests = list(_requests(watch))
        free: asyncio.Queue[HttpConnection] = asyncio.Queue()
        for _ in range(watch.writers):
            free.put_nowait(await HttpConnection.to(watch.host, watch.port))
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number, (before, after) in enumerate(requests):
                await asyncio.sleep(max(0.0, began + number / watch.rate - time.monotonic()))
                connection = await free.get()
                group.create_task(self._send(connection, before, after, free))
        while not free.empty():
            free.get_nowait().close()

    async def _send(
        self, connection: HttpConnection, before: bytes, after: bytes, free: asyncio.Queue[HttpConnection]
    ) -> None:
        sent_ns = time.monotonic_ns()
        status = await connection.ask(b"%b%0*d%b" % (before, _DIGITS, sent_ns, after))
        assert status == 200, status
        self.took_ns.append(time.monotonic_ns() - sent_ns)
        self.sent_ns.append(sent_ns)
        free.put_nowait(connection)


async def _measure(watch: Watch) -> Delay:
    loop, tally = asyncio.get_running_loop(), _Tally(watch.subscribers)
    course = quote(make_courses(1)[0].key, safe=":")
    handshake = (
        f"GET /xapi/stream?course={course} HTTP/1.1\r\nHost: {watch.host}:{watch.port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Authorization: Bearer {watch.token}\r\n\r\n"
    ).encode()
    subscribers = []
    for _ in range(watch.subscribers):
        _, subscriber = await loop.create_connection(lambda: Subscriber(handshake, tally), watch.host, watch.port)
        subscribers.append(subscriber)
    async with asyncio.timeout(JOIN_S + watch.subscribers / 50):
        await tally.all_live.wait()
    writers = _Writers(watch)
    gc.collect()
    gc.disable()
    tally.since_ns = time.monotonic_ns() + int(watch.warm_up_s * 1e9)
    server_s, client_s, began = cpu_s(watch.pid), time.process_time(), time.monotonic()
    await writers.write()
    elapsed = time.monotonic() - began
    server_s, client_s = cpu_s(watch.pid) - server_s, time.process_time() - client_s
    await _settled(tally)
    for subscriber in subscribers:
        subscriber.close()
    sent = sum(sent_ns >= tally.since_ns for sent_ns in writers.sent_ns)
    took, answers = sorted(tally.took_ns), sorted(writers.took_ns)
    return Delay(
        subscribers=watch.subscribers,
        sent=sent,
        deliveries=len(took),
        missing=sent * watch.subscribers - len(took),
        frames=tally.frames,
        p50_ms=percentile(took, 50) / 1e6,
        p99_ms=percentile(took, 99) / 1e6,
        max_ms=took[-1] / 1e6,
        answer_p50_ms=percentile(answers, 50) / 1e6,
        server_cpu_cores=server_s / elapsed,
        client_cpu_cores=client_s / elapsed,
    )


async def _settled(tally: _Tally) -> None:
    """Wait until nothing more comes."""
    seen = -1
    while seen != len(tally.took_ns):
        seen = len(tally.took_ns)
        await asyncio.sleep(QUIET_S)


def main() -> None:
    """The client process: a watch on standard input, the delay on standard output."""
    watch = Watch(**json.load(sys.stdin))
    assert ipaddress.ip_address(watch.host).is_loopback, "only servers on this machine"
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(asdict(runner.run(_measure(watch)))))


if __name__ == "__main__":
    main()
