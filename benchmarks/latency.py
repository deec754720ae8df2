"""How long a statement takes from the request that brings it to the subscribers who watch its course.

    python -m benchmarks.latency [--rate N] [--seconds N] [--repetitions N] [--json FILE]

Every statement goes to every subscriber. The time runs from just before the POST is written until the frame with the
statement has arrived, so it holds the commit with its fsync. All deliveries count.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median

from benchmarks.audience import Delay, Watch, run
from benchmarks.servers import HOST, lrs_server

SUBSCRIBERS = (1, 200)
RATE = 200.0


def measure(repetitions: int, *, rate: float = RATE, seconds: float = 5.0) -> dict[int, list[Delay]]:
    """The delays by number of subscribers; one server for all, as it would run for long."""
    found: dict[int, list[Delay]] = {count: [] for count in SUBSCRIBERS}
    # All subscribers of the benchmark hold one token.
    with lrs_server(LRS_CONNECTIONS_PER_TOKEN_MAX=str(max(SUBSCRIBERS))) as server:
        for repetition in range(repetitions):
            for count in SUBSCRIBERS:
                watch = Watch(
                    host=HOST,
                    port=server.port,
                    pid=server.pid,
                    authorization=server.authorization,
                    token=server.token,
                    subscribers=count,
                    rate=rate,
                    seconds=seconds,
                    seed=1_000 + 2 * repetition + (count > 1),
                )
                delay = run(watch)
                found[count].append(delay)
                print(f"{count:>4} subscribers: p50 {delay.p50_ms:.1f} ms, p99 {delay.p99_ms:.1f} ms", flush=True)
    return found


def table(delays: dict[int, list[Delay]], *, rate: float = RATE) -> str:
    """The delays as Markdown, medians over the repetitions."""
    lines = [
        "| subscribers | deliveries/s | p50, ms | p99, ms | greatest, ms | statements in a frame | server CPU, cores |",
        "|---|---|---|---|---|---|---|",
    ]
    for count, repeated in delays.items():
        cells = (
            str(count),
            f"{rate * count:,.0f}",
            f"**{_median(repeated, 'p50_ms'):.1f}**",
            f"{_median(repeated, 'p99_ms'):.1f}",
            f"{max(one.max_ms for one in repeated):.1f}",
            f"{median(one.deliveries / one.frames for one in repeated):.1f}",
            f"{_median(repeated, 'server_cpu_cores'):.2f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _median(delays: Sequence[Delay], name: str) -> float:
    return float(median(getattr(one, name) for one in delays))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rate", type=float, default=RATE, help="statements a second")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write every single delay to this file")
    arguments = parser.parse_args()
    delays = measure(arguments.repetitions, rate=arguments.rate, seconds=arguments.seconds)
    print(table(delays, rate=arguments.rate))
    if arguments.json:
        every = [asdict(one) for repeated in delays.values() for one in repeated]
        arguments.json.write_text(json.dumps(every, indent=1))


if __name__ == "__main__":
    main()
