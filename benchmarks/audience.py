"""Subscribers and a paced writer in one client process, by one clock; see ``benchmarks.latency``."""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import uvloop

from benchmarks.load import CLIENT_S_MAX
from benchmarks.servers import HOST, Server, cpu_s
from benchmarks.subscribers import course_query, let_have_files
from lrs.benchmark.figures import percentile
from lrs.benchmark.requests import Target
from lrs.cli.bench_stream import PacedWriter, Subscriber, Tally, joined, marked, settled
from lrs.simulation.mix import statements

_JOINING = 64
_SPARE_FILES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What the client is to do: ``rate`` statements a second, which take turns through ``courses``; each subscriber
    watches one of them, and each course has as many.
    """

    port: int
    pid: int
    authorization: str
    token: str
    subscribers: int
    rate: float
    seconds: float
    seed: int
    courses: int = 1
    warm_up_s: float = 1.0

    @classmethod
    def of(cls, server: Server, **options: Any) -> Watch:
        """A watch of ``server``."""
        return cls(port=server.port, pid=server.pid, authorization=server.authorization, token=server.token, **options)


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
    """Start the client on ``watch`` and wait for it; RuntimeError when a delivery is missing."""
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


def _made(watch: Watch) -> Iterator[dict[str, Any]]:
    """The statements, each of the next course."""
    count = int(watch.rate * (watch.warm_up_s + watch.seconds))
    for number, statement in enumerate(statements(count, seed=watch.seed, courses=1)):
        text = json.dumps(statement).replace("Botany0+", f"Botany{number % watch.courses}+")
        moved: dict[str, Any] = json.loads(text)
        yield moved


async def _join(target: Target, watch: Watch, tally: Tally) -> list[Subscriber]:
    """All subscribers, some at once."""
    taken = iter(range(watch.subscribers))
    found: list[Subscriber] = []

    async def join() -> None:
        found.extend(
            [await Subscriber.to(target, f"stream?{course_query(number % watch.courses)}", tally) for number in taken]
        )

    await asyncio.gather(*(join() for _ in range(_JOINING)))
    await joined(tally, watch.subscribers)
    assert not tally.errors, tally.errors
    return found


async def _measure(watch: Watch) -> Delay:
    let_have_files(watch.subscribers + _SPARE_FILES)
    tally = Tally(watch.subscribers)
    subscribers = await _join(Target("http", HOST, watch.port, "/xapi", f"Bearer {watch.token}"), watch, tally)
    writing = Target("http", HOST, watch.port, "/xapi", watch.authorization)
    writer = PacedWriter(writing, [marked(writing, one) for one in _made(watch)], rate=watch.rate)
    gc.collect()
    gc.freeze()
    gc.disable()
    tally.since_ns = time.monotonic_ns() + int(watch.warm_up_s * 1e9)
    server_s, client_s, began = cpu_s(watch.pid), time.process_time(), time.monotonic()
    await writer.write()
    elapsed = time.monotonic() - began
    server_s, client_s = cpu_s(watch.pid) - server_s, time.process_time() - client_s
    await settled(tally)
    assert not writer.errors, writer.errors
    for subscriber in subscribers:
        subscriber.close()
    return _delay(watch, tally, writer, (server_s / elapsed, client_s / elapsed))


def _delay(watch: Watch, tally: Tally, writer: PacedWriter, cores: tuple[float, float]) -> Delay:
    sent = sum(sent_ns >= tally.since_ns for sent_ns in writer.sent_ns)
    took, answers = sorted(tally.took_ns), sorted(writer.took_ns)
    return Delay(
        subscribers=watch.subscribers,
        sent=sent,
        deliveries=len(took),
        missing=sent * watch.subscribers // watch.courses - len(took),
        frames=tally.frames,
        p50_ms=percentile(took, 50) / 1e6,
        p99_ms=percentile(took, 99) / 1e6,
        max_ms=took[-1] / 1e6,
        answer_p50_ms=percentile(answers, 50) / 1e6,
        server_cpu_cores=cores[0],
        client_cpu_cores=cores[1],
    )


def delays(found: Sequence[dict[str, Any]]) -> list[Delay]:
    """Delays as they were before they became JSON."""
    return [Delay(**one) for one in found]


def main() -> None:
    """The client process: a watch on standard input, the delay on standard output."""
    watch = Watch(**json.load(sys.stdin))
    assert ipaddress.ip_address(HOST).is_loopback, "only servers on this machine"
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(asdict(runner.run(_measure(watch)))))


if __name__ == "__main__":
    main()
