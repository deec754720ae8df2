"""A client process that keeps a server on this machine busy, and measures it.

It is a process of its own, so that server and client have a core each: ``run(plans)`` starts it, and it answers with an
``Outcome`` for each plan. Requests are made before the clock starts. Only loopback addresses are taken: this is a
yardstick, not a weapon.
"""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import cycle
from typing import Any

import uvloop

from benchmarks.servers import HOST, Server, cpu_s
from lrs.benchmark.figures import percentile
from lrs.benchmark.requests import Target, Writing, written
from lrs.cli.bench_http import Stint
from lrs.simulation.mix import statements

CLIENT_S_MAX = 300
WARM_UP_S_MAX = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the client is to do.

    Either it writes ``requests`` requests: ``method`` PUT or POST, ``batch`` statements in each, 0 for a single one
    that is no array. Or it asks for ``resources`` in turn, over and over. Both end after ``seconds_max``.
    Without ``keep_alive`` each request has a connection of its own, as Open edX makes it. Warming up ends after as many
    requests, and after as many seconds.
    """

    port: int
    pid: int
    authorization: str
    connections: int
    method: str = "GET"
    requests: int = 0
    seed: int = 0
    batch: int = 0
    resources: Sequence[str] = field(default_factory=list)
    keep_alive: bool = True
    warm_up_requests: int = 200
    warm_up_s: float = WARM_UP_S_MAX
    seconds_max: float = 10.0

    @property
    def each(self) -> int:
        """Statements in a request that writes."""
        return max(self.batch, 1)


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
        """Statements a second, or requests when nothing is written."""
        return self.statements / self.seconds

    @property
    def cpu_us(self) -> float:
        """CPU time of the server for each of them."""
        return self.server_cpu_s / self.statements * 1e6


def plan_of(server: Server, **options: Any) -> Plan:
    """A plan for ``server``; it writes with the usual credential unless ``options`` name another, or reads."""
    reads = "resources" in options
    usual = server.reading.authorization if reads else server.authorization
    return Plan(**{"port": server.port, "pid": server.pid, "authorization": usual, **options})


def run(*plans: Plan) -> list[Outcome]:
    """Start the client on ``plans``, and wait for it; RuntimeError when any request failed."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps([asdict(plan) for plan in plans]),
        stdout=subprocess.PIPE,
        text=True,
        timeout=CLIENT_S_MAX,
        check=True,
    )
    outcomes = [Outcome(**one) for one in json.loads(done.stdout)]
    for outcome in outcomes:
        if outcome.failures:
            raise RuntimeError(f"not every request succeeded: {outcome.failures}")
    return outcomes


def requests(plan: Plan, count: int, *, skip: int = 0) -> Iterator[bytes]:
    """So many requests of ``plan`` as they go over the wire, after the first ``skip``; those that ask never end."""
    target = Target("http", HOST, plan.port, "/xapi", plan.authorization)
    if plan.resources:
        return cycle([target.request("GET", resource) for resource in plan.resources])
    made = statements((count + skip) * plan.each, seed=plan.seed)
    for _ in range(skip * plan.each):
        next(made)
    return written(target, Writing("", plan.method, plan.batch), made)


def _stint(plan: Plan, wanted: Iterator[bytes], seconds_max: float) -> Stint:
    target = Target("http", HOST, plan.port, "/xapi", plan.authorization)
    return Stint(target, wanted, connections=plan.connections, seconds_max=seconds_max, keep_alive=plan.keep_alive)


async def _measure(plan: Plan) -> Outcome:
    if plan.resources:
        asked = requests(plan, 0)
        warm, wanted = asked, asked
    else:
        warm = iter(list(requests(plan, plan.warm_up_requests)))
        wanted = iter(list(requests(plan, plan.requests, skip=plan.warm_up_requests)))
    await _stint(plan, warm, plan.warm_up_s).work()
    stint = _stint(plan, wanted, plan.seconds_max)
    gc.collect()
    gc.disable()
    server_s, client_s = cpu_s(plan.pid), time.process_time()
    await stint.work()
    client_s, server_s = time.process_time() - client_s, cpu_s(plan.pid) - server_s
    gc.enable()
    took = sorted(stint.took_s) or [0.0]
    return Outcome(
        requests=len(stint.took_s),
        statements=len(stint.took_s) * plan.each,
        seconds=stint.seconds,
        server_cpu_s=server_s,
        client_cpu_s=client_s,
        p50_ms=percentile(took, 50) * 1e3,
        p99_ms=percentile(took, 99) * 1e3,
        max_ms=took[-1] * 1e3,
        failures=dict(stint.errors),
    )


async def _measure_all(plans: Sequence[Plan]) -> list[Outcome]:
    return [await _measure(plan) for plan in plans]


def main() -> None:
    """The client process: plans on standard input, the outcomes on standard output."""
    plans = [Plan(**one) for one in json.load(sys.stdin)]
    assert ipaddress.ip_address(HOST).is_loopback, "only servers on this machine"
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps([asdict(outcome) for outcome in runner.run(_measure_all(plans))]))


if __name__ == "__main__":
    main()
