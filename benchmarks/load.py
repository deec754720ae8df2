"""A lean HTTP/1.1 client that keeps a server on this machine busy, and measures it.

It is a process of its own, so that server and client have a core each: ``run(plan)`` starts it, and it answers with
one ``Outcome``. Requests are made before the clock starts. Each connection has one request in flight. Only loopback
addresses are taken: this is a yardstick, not a weapon.
"""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import json
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from math import ceil
from typing import cast

import uvloop

from benchmarks.servers import cpu_s
from lrs.simulation.mix import statements, wire

CLIENT_S_MAX = 300
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the client is to do. It ends after ``requests``, or after ``seconds_max``.

    ``method``: PUT or POST. ``batch``: statements in each POST, 0 for a single one that is no array. ``keep_alive``:
    without it each request has a connection of its own, as Open edX's client does it.
    """

    host: str
    port: int
    pid: int
    authorization: str
    method: str
    connections: int
    requests: int
    seed: int
    batch: int = 0
    keep_alive: bool = True
    warm_up_requests: int = 200
    seconds_max: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it, warming up left out. CPU seconds are those of the whole process, user and system."""

    requests: int
    statements: int
    seconds: float
    server_cpu_s: float
    client_cpu_s: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    failures: dict[str, int]

    @property
    def per_s(self) -> float:
        """Statements a second."""
        return self.statements / self.seconds

    @property
    def cpu_us(self) -> float:
        """CPU time of the server for each statement."""
        return self.server_cpu_s / self.statements * 1e6


def run(plan: Plan) -> Outcome:
    """Start the client on ``plan`` and wait for it; raises when any request failed."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(asdict(plan)),
        stdout=subprocess.PIPE,
        text=True,
        timeout=CLIENT_S_MAX,
        check=True,
    )
    outcome = Outcome(**json.loads(done.stdout))
    if outcome.failures:
        raise RuntimeError(f"not every request succeeded: {outcome.failures}")
    return outcome


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The smallest value that at least ``percent`` of ``ordered`` do not exceed; ``ordered`` ascends."""
    return ordered[max(ceil(len(ordered) * percent / 100) - 1, 0)]


def requests(plan: Plan) -> Iterator[bytes]:
    """Every request of ``plan`` as it goes over the wire."""
    head = (
        f"Host: {plan.host}:{plan.port}\r\nAccept-Encoding: identity\r\nX-Experience-API-Version: 1.0.3\r\n"
        f"Authorization: {plan.authorization}\r\nContent-Type: application/json\r\n"
    )
    count = plan.requests + plan.warm_up_requests
    made = statements(count * max(plan.batch, 1), seed=plan.seed)
    for _ in range(count):
        part = list(islice(made, max(plan.batch, 1)))
        body = b"[" + b", ".join(map(wire, part)) + b"]" if plan.batch else wire(part[0])
        query = f"?statementId={part[0]['id']}" if plan.method == "PUT" else ""
        first = f"{plan.method} /xapi/statements{query} HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n"
        yield first.encode() + body


class HttpConnection(asyncio.Protocol):
    """One connection with at most one request in flight."""

    def __init__(self) -> None:
        self._received = b""
        self._answer: asyncio.Future[int] | None = None

    @classmethod
    async def to(cls, host: str, port: int) -> HttpConnection:
        """A new connection."""
        _, protocol = await asyncio.get_running_loop().create_connection(cls, host, port)
        return protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The transports of uvloop are no subclass of what they implement.
        self._transport = cast("asyncio.Transport", transport)

    def ask(self, request: bytes) -> asyncio.Future[int]:
        """Send ``request``; the result is the status of its answer, once that is here as a whole."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0 or self._answer is None:
            return
        length = _LENGTH.search(self._received, 0, end)
        if len(self._received) < end + 4 + (int(length[1]) if length else 0):
            return
        answer, self._answer = self._answer, None
        status, self._received = int(self._received[9:12]), b""
        answer.set_result(status)

    def connection_lost(self, error: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error or ConnectionResetError("the server closed the connection"))

    def close(self) -> None:
        """Close it at once."""
        self._transport.close()


class _Stint:
    """One run through some requests, by several connections."""

    def __init__(self, plan: Plan, wanted: Iterator[bytes], seconds_max: float) -> None:
        self._plan = plan
        self._wanted = wanted
        self._end_s = time.perf_counter() + seconds_max
        self.took_s: list[float] = []
        self.statuses: Counter[int] = Counter()

    async def work(self) -> None:
        """Until there are no more requests, or no more time."""
        await asyncio.gather(*(self._work() for _ in range(self._plan.connections)))

    async def _work(self) -> None:
        plan, now = self._plan, time.perf_counter
        connection: HttpConnection | None = None
        while (began := now()) < self._end_s and (request := next(self._wanted, None)) is not None:
            if connection is None:
                connection = await HttpConnection.to(plan.host, plan.port)
            self.statuses[await connection.ask(request)] += 1
            self.took_s.append(now() - began)
            if not plan.keep_alive:
                connection.close()
                connection = None
        if connection is not None:
            connection.close()


async def _measure(plan: Plan) -> Outcome:
    made = list(requests(plan))
    await _Stint(plan, iter(made[: plan.warm_up_requests]), plan.seconds_max).work()
    stint = _Stint(plan, iter(made[plan.warm_up_requests :]), plan.seconds_max)
    gc.collect()
    gc.disable()
    server_s, client_s, began = cpu_s(plan.pid), time.process_time(), time.perf_counter()
    await stint.work()
    seconds = time.perf_counter() - began
    client_s = time.process_time() - client_s
    server_s = cpu_s(plan.pid) - server_s
    took = sorted(stint.took_s)
    return Outcome(
        requests=len(took),
        statements=len(took) * max(plan.batch, 1),
        seconds=seconds,
        server_cpu_s=server_s,
        client_cpu_s=client_s,
        p50_ms=percentile(took, 50) * 1e3,
        p99_ms=percentile(took, 99) * 1e3,
        max_ms=took[-1] * 1e3,
        failures={str(status): count for status, count in stint.statuses.items() if status not in (200, 204)},
    )


def main() -> None:
    """The client process: a plan on standard input, the outcome on standard output."""
    plan = Plan(**json.load(sys.stdin))
    assert ipaddress.ip_address(plan.host).is_loopback, "only servers on this machine"
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(asdict(runner.run(_measure(plan)))))


if __name__ == "__main__":
    main()
