"""What a second server process gives: reads and writes beside one, each on a copy of one store.

    python -m benchmarks.workers [--repetitions N]

Connections spread over the processes as the system hands them out. The client takes part of a core too: with two cores
it is measured how much, and what one process leaves it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from benchmarks.load import Outcome, Plan, plan_of, run
from benchmarks.parts import Aim, Found, Part, markdown, ratios, spread
from benchmarks.servers import KEEPING_NOTHING, Server, lrs_server
from benchmarks.stores import build
from lrs.benchmark.queries import queries
from lrs.cli.bench_run import sample

STATEMENTS = 100_000
WORKERS = (1, 2)
_READS = ("newest page", "agent", "related course")
_CONNECTIONS = 16


def measure(repetitions: int) -> Found:
    """``{case: {workers: [outcome, …]}}``."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    with tempfile.TemporaryDirectory(prefix="lrs-benchmark-") as folder, ExitStack() as stack:
        store = build(Path(folder), STATEMENTS)
        servers = {}
        for workers in WORKERS:
            copy = shutil.copytree(store.data, Path(folder) / f"workers-{workers}")
            servers[workers] = stack.enter_context(lrs_server(KEEPING_NOTHING, store=copy, workers=workers))
        pages = queries(asyncio.run(sample(servers[1].reading)), Random(1))
        for repetition in range(repetitions):
            for workers in WORKERS if repetition % 2 == 0 else WORKERS[::-1]:
                plans = _plans(servers[workers], pages, seed=5_000 + 10 * repetition)
                for (case, _), outcome in zip(plans.items(), run(*plans.values()), strict=True):
                    found.setdefault(case, {}).setdefault(str(workers), []).append(asdict(outcome))
            print(f"workers: {repetition + 1} of {repetitions} rounds", flush=True)
    return dict(found)


def _plans(server: Server, pages: Mapping[str, list[str]], *, seed: int) -> dict[str, Plan]:
    plans = {
        case: plan_of(server, resources=pages[case], connections=_CONNECTIONS, seconds_max=1.5, warm_up_s=0.3)
        for case in _READS
    }
    plans["PUT of one"] = plan_of(server, method="PUT", connections=_CONNECTIONS, requests=4_000, seed=seed)
    plans["POST of 100"] = plan_of(
        server, method="POST", connections=8, batch=100, requests=150, warm_up_requests=20, seed=seed + 1
    )
    return plans


def _outcomes(found: Found, case: str, workers: int) -> list[Outcome]:
    return [Outcome(**one) for one in found[case][str(workers)]]


def _ratios(found: Found, case: str) -> list[float]:
    one, two = ([outcome.per_s for outcome in _outcomes(found, case, workers)] for workers in WORKERS)
    return ratios(two, one)


def tables(found: Found) -> Mapping[str, str]:
    """Medians over the repetitions."""
    rows = []
    for case in found:
        one, two = (_outcomes(found, case, workers) for workers in WORKERS)
        rows.append(
            (
                case,
                f"{median(o.per_s for o in one):,.0f}",
                f"{median(o.per_s for o in two):,.0f}",
                spread(_ratios(found, case)),
                f"{median(o.server_cpu_s / o.seconds for o in one):.2f}",
                f"{median(o.server_cpu_s / o.seconds for o in two):.2f}",
                f"{median(o.client_cpu_s / o.seconds for o in two):.2f}",
            )
        )
    headings = ("", "one process, 1/s", "two, 1/s", "times", "CPU of one, cores", "of two", "of the client then")
    return {"workers": markdown(headings, rows)}


def aims(found: Found) -> Sequence[Aim]:
    """Reads of two beside one, and writes."""
    reads = {case: median(_ratios(found, case)) for case in _READS}
    writes = {case: median(_ratios(found, case)) for case in found if case not in _READS}
    least, worst = min(reads, key=lambda case: reads[case]), min(writes, key=lambda case: writes[case])
    cores = f" on {os.cpu_count()} cores, client included"
    return [
        Aim("2 worker processes, reads", "1.6 times those of one", f"{reads[least]:.2f}{cores}", reads[least] >= 1.6),
        Aim("2 worker processes, writes", "no loss", f"{writes[worst]:.2f} ({worst})", writes[worst] >= 0.97),
    ]


PART = Part(measure, tables, aims)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repetitions", type=int, default=5)
    found = measure(parser.parse_args().repetitions)
    print(tables(found)["workers"])


if __name__ == "__main__":
    main()
