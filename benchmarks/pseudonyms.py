"""What it costs to show learners otherwise than as they are stored.

    python -m benchmarks.pseudonyms [--repetitions N] [--size N]

One server on one store, which keeps no page that it has answered, is asked for the same pages by consumers to whom
learners appear in different ways, by turns, over 4 connections. The ratios are of the CPU time of the server, within
one round.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.load import Outcome, plan_of, run
from benchmarks.parts import Aim, Found, Part, markdown, ratios, spread
from benchmarks.servers import KEEPING_NOTHING, Server, command_line, lrs_server
from benchmarks.stores import build

SIZE = 10_000
CONNECTIONS = 4
SECONDS = 1.5
ROUNDS = 3
"""For each repetition."""

PLAIN, PSEUDONYM, NOBODY, STRIPPED = "as stored", "pseudonyms", "nobody", "pseudonyms, response stripped"
CONSUMERS: Mapping[str, Sequence[str]] = {
    PLAIN: (),
    PSEUDONYM: ("--actors", "pseudonym"),
    NOBODY: ("--actors", "none"),
    STRIPPED: ("--actors", "pseudonym", "--strip", "response"),
}
FIRST = "pseudonyms, nothing kept"
COST_MAX = 1.3
RESOURCES = ["statements?limit=50", "statements?limit=50&ascending=true", "statements?limit=100"]


def measure(repetitions: int, size: int = SIZE) -> Found:
    """``pages`` by how learners appear."""
    with tempfile.TemporaryDirectory(prefix="lrs-benchmark-") as folder:
        store = build(Path(folder), size)
        with (
            lrs_server(KEEPING_NOTHING, store=store.data) as server,
            lrs_server(KEEPING_NOTHING | {"LRS_SHOWN_BYTES_MAX": "0"}, store=store.data) as forgetting,
        ):
            readers = {
                shown: replace(server, token=_token(server, number, options))
                for number, (shown, options) in enumerate(CONSUMERS.items())
            }
            readers[FIRST] = replace(forgetting, token=readers[PSEUDONYM].token)
            found: dict[str, list[dict[str, Any]]] = {}
            for turn in range(ROUNDS * repetitions):
                names = sorted(readers, reverse=turn % 2 == 1)
                plans = [
                    plan_of(
                        readers[name], resources=RESOURCES, connections=CONNECTIONS, seconds_max=SECONDS, warm_up_s=0.2
                    )
                    for name in names
                ]
                for name, outcome in zip(names, run(*plans), strict=True):
                    found.setdefault(name, []).append(asdict(outcome))
                print(f"pseudonyms: {turn + 1} of {ROUNDS * repetitions} rounds", flush=True)
    return {"size": size, "pages": found}


def _token(server: Server, number: int, options: Sequence[str]) -> str:
    """A token of a new consumer that may read everything."""
    assert server.data is not None
    name = f"shown-{number}"
    command_line(server.data, "consumer", "add", name, "--scope", "statements/read", *options)
    return command_line(server.data, "token", "issue", name).strip()


def _values(found: Found, shown: str, name: str) -> list[float]:
    return [getattr(Outcome(**one), name) for one in found["pages"][shown]]


def tables(found: Found) -> Mapping[str, str]:
    """Pages by how learners appear in them."""
    rows = [
        (
            shown,
            f"{median(_values(found, shown, 'per_s')):,.0f}",
            f"{median(_values(found, shown, 'p50_ms')):.1f}",
            f"{median(_values(found, shown, 'cpu_us')) / 1000:.2f}",
            spread(_costs(found, shown)),
        )
        for shown in (*CONSUMERS, FIRST)
    ]
    return {
        "pseudonyms": markdown(
            ("learners appear", "pages/s", "p50, ms", "CPU of the server, ms", "of a plain page"), rows
        )
    }


def _costs(found: Found, shown: str) -> list[float]:
    return ratios(_values(found, shown, "cpu_us"), _values(found, PLAIN, "cpu_us"))


def aims(found: Found) -> Sequence[Aim]:
    """Reading under pseudonyms costs little more than reading."""
    costs = _costs(found, PSEUDONYM)
    return [
        Aim(
            "CPU of the server for a page under pseudonyms, in times of a plain page",
            f"at most {COST_MAX}",
            spread(costs, bold=False),
            median(costs) <= COST_MAX,
        )
    ]


PART = Part(measure, tables, aims)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=1)
    parser.add_argument("--size", type=int, default=SIZE)
    options = parser.parse_args()
    found = measure(options.repetitions, options.size)
    print(tables(found)["pseudonyms"])


if __name__ == "__main__":
    main()
