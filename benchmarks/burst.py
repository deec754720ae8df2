"""The client of ``benchmarks.fanout``: many subscribers of one subject, and a burst that all of them get.

What arrives is not decoded: a mark in each statement is counted in the bytes as they come, whatever protocol they are
wrapped in. So the client costs the same for every server.
"""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import cast

import uvloop

from benchmarks.load import CLIENT_S_MAX
from benchmarks.servers import HOST, cpu_s
from benchmarks.subscribers import course_query, let_have_files
from lrs.benchmark.frames import TEXT, client_frame, handshake
from lrs.benchmark.requests import Target, Writing, written
from lrs.cli.bench_http import HttpConnection
from lrs.simulation.mix import statements, wire

LRS, NATS = "lrs-lite", "nats-server"
SUBJECT = "course.0"
BATCH = 100
_MARK = b'"https://example.com/extensions/burst"'
_JOINING = 32
_SPARE_FILES = 100
_WAIT_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """``count`` statements in one go to ``subscribers``. ``kind``: LRS or NATS; ``port`` is that of its websocket."""

    kind: str
    port: int
    pid: int
    subscribers: int
    count: int
    seed: int
    authorization: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """``seconds``: from just before the burst is sent until the last subscriber has the last of it."""

    deliveries: int
    received_bytes: int
    seconds: float
    server_cpu_s: float
    client_cpu_s: float

    @property
    def per_s(self) -> float:
        """Deliveries a second."""
        return self.deliveries / self.seconds

    @property
    def cpu_us(self) -> float:
        """CPU time of the server for a delivery."""
        return self.server_cpu_s / self.deliveries * 1e6


def run(burst: Burst) -> Spread:
    """Start the client on ``burst``, and wait for it."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.burst"],
        input=json.dumps(asdict(burst)),
        stdout=subprocess.PIPE,
        text=True,
        timeout=CLIENT_S_MAX,
        check=True,
    )
    return Spread(**json.loads(done.stdout))


class Total:
    """What all subscribers have seen together."""

    def __init__(self, ready: int, wanted: int) -> None:
        self._left_ready = ready
        self._left = wanted
        self.received_bytes = 0
        self.all_ready, self.all_here = asyncio.Event(), asyncio.Event()

    def ready(self) -> None:
        """One more subscriber is waiting."""
        self._left_ready -= 1
        if not self._left_ready:
            self.all_ready.set()

    def seen(self, count: int) -> None:
        """So many more deliveries."""
        self._left -= count
        if self._left <= 0:
            self.all_here.set()


class Counting(asyncio.Protocol):
    """A subscriber: ``opening`` is sent at once and ``request`` after the handshake; ``answer`` says that it waits."""

    def __init__(self, total: Total, opening: bytes, request: bytes, answer: bytes) -> None:
        self._total = total
        self._opening = opening
        self._request = request
        self._answer = answer
        self._tail = b""
        self._open = False
        self._ready = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._opening)

    def data_received(self, data: bytes) -> None:
        if self._ready:
            total = self._total
            total.received_bytes += len(data)
            # A mark may be cut in two; what is left over is too short to hold a whole one, so none counts twice.
            found = data.count(_MARK) + (self._tail + data[: len(_MARK) - 1]).count(_MARK)
            self._tail = data[1 - len(_MARK) :] if len(data) >= len(_MARK) else (self._tail + data)[1 - len(_MARK) :]
            if found:
                total.seen(found)
            return
        self._tail += data
        if not self._open and b"\r\n\r\n" in self._tail:
            assert self._tail.startswith(b"HTTP/1.1 101 "), self._tail[:200]
            self._open = True
            if self._request:
                self._transport.write(client_frame(TEXT, self._request))
        if self._answer in self._tail:
            self._ready, self._tail = True, b""
            self._total.ready()

    def close(self) -> None:
        """Leave without a word."""
        self._transport.abort()


class _Lrs:
    """A subscription of one course, and batches that are posted one after the other."""

    request, answer = b"", b'"type":"live"'

    def __init__(self, burst: Burst) -> None:
        reading = Target("http", HOST, burst.port, "/xapi", f"Bearer {burst.token}")
        self._writing = Target("http", HOST, burst.port, "/xapi", burst.authorization)
        self.opening = handshake(reading, f"stream?{course_query(0)}")
        made = iter([json.loads(body) for body in bodies(burst)])
        self._requests = list(written(self._writing, Writing("", "POST", BATCH), made))

    async def send(self) -> None:
        """The burst."""
        connection = await HttpConnection.to(self._writing)
        for request in self._requests:
            assert await connection.ask(request) == 200
        connection.close()


class _Nats:
    """A subscription of one subject, and messages that are published in one go, over the websocket too."""

    request = f'CONNECT {{"verbose":false,"pedantic":false}}\r\nSUB {SUBJECT} 1\r\nPING\r\n'.encode()
    answer = b"PONG\r\n"

    def __init__(self, burst: Burst) -> None:
        self._port = burst.port
        self.opening = handshake(Target("http", HOST, burst.port, "", ""), "")
        self._messages = [b"PUB %s %d\r\n%s\r\n" % (SUBJECT.encode(), len(body), body) for body in bodies(burst)]

    async def send(self) -> None:
        """The burst."""
        request = self.request.replace(f"SUB {SUBJECT} 1\r\n".encode(), b"")
        total = Total(1, 0)
        _, publisher = await asyncio.get_running_loop().create_connection(
            lambda: Counting(total, self.opening, request, self.answer), HOST, self._port
        )
        await total.all_ready.wait()
        transport = publisher._transport  # noqa: SLF001
        transport.write(b"".join(client_frame(TEXT, message) for message in self._messages))


def bodies(burst: Burst) -> Sequence[bytes]:
    """The statements of the burst, all of one course, each with the mark."""
    found = []
    for statement in statements(burst.count, seed=burst.seed, courses=1):
        statement["context"]["extensions"][json.loads(_MARK)] = True
        found.append(wire(statement))
    return found


async def _measure(burst: Burst) -> Spread:
    let_have_files(burst.subscribers + _SPARE_FILES)
    loop, total = asyncio.get_running_loop(), Total(burst.subscribers, burst.subscribers * burst.count)
    side = _Lrs(burst) if burst.kind == LRS else _Nats(burst)
    taken = iter(range(burst.subscribers))
    found: list[Counting] = []

    async def join() -> None:
        for _ in taken:
            _, made = await loop.create_connection(
                lambda: Counting(total, side.opening, side.request, side.answer), HOST, burst.port
            )
            found.append(made)

    async with asyncio.timeout(_WAIT_S):
        await asyncio.gather(*(join() for _ in range(_JOINING)))
        await total.all_ready.wait()
        gc.collect()
        gc.disable()
        server_s, client_s, began = cpu_s(burst.pid), time.process_time(), time.perf_counter()
        await side.send()
        await total.all_here.wait()
        seconds = time.perf_counter() - began
    server_s, client_s = cpu_s(burst.pid) - server_s, time.process_time() - client_s
    for one in found:
        one.close()
    return Spread(
        deliveries=burst.subscribers * burst.count,
        received_bytes=total.received_bytes,
        seconds=seconds,
        server_cpu_s=server_s,
        client_cpu_s=client_s,
    )


def main() -> None:
    """The client process: a burst on standard input, what came of it on standard output."""
    burst = Burst(**json.load(sys.stdin))
    assert ipaddress.ip_address(HOST).is_loopback, "only servers on this machine"
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(asdict(runner.run(_measure(burst)))))


if __name__ == "__main__":
    main()
