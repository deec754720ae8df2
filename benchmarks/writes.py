"""How fast statements are stored, beside a bare handler that only parses them.

    python -m benchmarks.writes [--repetitions N]

Both servers run in one go and are measured by turns, A B B A …, with the same requests, so what else the machine does
hits both. lrs-lite authenticates, validates, stores with an fsync before each answer, and indexes.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median

from benchmarks.load import Outcome, plan_of, run
from benchmarks.parts import Aim, Found, Part, markdown, ratios, spread
from benchmarks.servers import Server, bare_server, command_line, lrs_server
from lrs.benchmark.plot import Panel, draw


@dataclass(frozen=True, slots=True)
class Case:
    """One way of writing; see ``Plan``. ``trusted``: by a writer of whom nothing is lost, as Open edX is."""

    name: str
    method: str
    connections: int
    requests: int
    warm_up_requests: int
    batch: int = 0
    keep_alive: bool = True
    trusted: bool = False


CASES = (
    Case("PUT of one", "PUT", 16, 4_000, 400),
    Case("POST of one", "POST", 16, 4_000, 400),
    Case("POST of one, trusted writer", "POST", 16, 4_000, 400, trusted=True),
    Case("PUT of one, each on a new connection, trusted writer", "PUT", 16, 2_500, 250, keep_alive=False, trusted=True),
    Case("POST of 100", "POST", 4, 200, 20, batch=100),
    Case("POST of 100, trusted writer", "POST", 4, 200, 20, batch=100, trusted=True),
)
_SINGLE, _BATCH = CASES[:2], CASES[4]


def measure(repetitions: int) -> Found:
    """Outcomes of each case and server, ``{case: {"ours": [...], "bare": [...]}}``."""
    found: Found = {case.name: {"ours": [], "bare": []} for case in CASES}
    with lrs_server() as ours, bare_server() as bare:
        for case, name, outcome in by_turns({"ours": ours, "bare": bare}, CASES, repetitions):
            found[case.name][name].append(asdict(outcome))
        assert ours.data is not None
        # What a trusted writer sends is answered alike whether it is stored or set aside.
        assert json.loads(command_line(ours.data, "quarantine", "list", "--json")) == []
    return found


def by_turns(
    servers: Mapping[str, Server], cases: Sequence[Case], repetitions: int
) -> Iterator[tuple[Case, str, Outcome]]:
    """What comes of each case on each server, one after the other, as it is measured."""
    for repetition in range(repetitions):
        names = list(servers) if repetition % 2 == 0 else list(servers)[::-1]
        for number, case in enumerate(cases):
            for name in names:
                outcome = _outcome(servers[name], case, seed=1 + repetition * len(cases) + number)
                print(f"{case.name:>55} {name}: {outcome.per_s:8.0f}/s  {outcome.cpu_us:6.1f} us", flush=True)
                yield case, name, outcome


def _outcome(server: Server, case: Case, *, seed: int) -> Outcome:
    options = asdict(case)
    del options["name"], options["trusted"]
    authorization = server.trusted if case.trusted else server.authorization
    (outcome,) = run(plan_of(server, seed=seed, **{**options, "authorization": authorization}))
    return outcome


def _outcomes(found: Found, case: Case, server: str) -> list[Outcome]:
    return [Outcome(**one) for one in found[case.name][server]]


def _rates(found: Found, case: Case, server: str) -> list[float]:
    return [one.per_s for one in _outcomes(found, case, server)]


def _ratios(found: Found, case: Case) -> list[float]:
    return ratios(_rates(found, case, "ours"), _rates(found, case, "bare"))


def tables(found: Found) -> Mapping[str, str]:
    """Medians over the repetitions."""
    rows = []
    for case in CASES:
        ours, bare = _outcomes(found, case, "ours"), _outcomes(found, case, "bare")
        rows.append(
            (
                case.name,
                spread(_ratios(found, case)),
                f"{median(one.per_s for one in ours):,.0f}",
                f"{median(one.per_s for one in bare):,.0f}",
                f"{median(one.cpu_us for one in ours):.0f}",
                f"{median(one.cpu_us for one in bare):.0f}",
                f"{median(one.p50_ms for one in ours):.1f}",
                f"{median(one.p99_ms for one in ours):.1f}",
            )
        )
    headings = ("", "part of the bare handler's rate", "statements/s", "bare", "CPU, us/statement", "bare", "p50, ms")
    return {"writes": markdown((*headings, "p99, ms"), rows)}


def aims(found: Found) -> Sequence[Aim]:
    """Single statements, and batches."""
    singles = {case.name: median(_ratios(found, case)) for case in _SINGLE}
    part, rate = median(_ratios(found, _BATCH)), median(_rates(found, _BATCH, "ours"))
    return [
        *(
            Aim(f"{name}, 16 connections", "0.6 of the bare handler", f"{part:.2f}", part >= 0.6)
            for name, part in singles.items()
        ),
        Aim("batches of 100", "0.4 of the bare handler given the same", f"{part:.2f}", part >= 0.4),
        Aim("batches of 100", "10,000 statements/s", f"{rate:,.0f}", rate >= 10_000),
    ]


def plots(found: Found) -> Mapping[str, str]:
    """Rates, and latencies."""
    panels = [
        Panel(
            "Statements stored, and those that the bare handler only parses",
            "1/s",
            ("lrs-lite", "bare handler"),
            [(_short(c), [median(_rates(found, c, server)) for server in ("ours", "bare")]) for c in CASES],
            log=True,
        ),
        Panel(
            "Time of a request to lrs-lite",
            "ms",
            ("p50", "p99"),
            [
                (
                    _short(c),
                    [median(getattr(one, p) for one in _outcomes(found, c, "ours")) for p in ("p50_ms", "p99_ms")],
                )
                for c in CASES
            ],
            log=True,
        ),
    ]
    return {"performance-writes.svg": draw("Writes", panels, subtitle="16 connections; batches 4. Medians.")}


def _short(case: Case) -> str:
    """For the narrow space beside a bar."""
    return case.name.replace(", each on a new connection, trusted writer", ", new connections").replace(" writer", "")


PART = Part(measure, tables, aims, plots)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repetitions", type=int, default=5)
    print(tables(measure(parser.parse_args().repetitions))["writes"])


if __name__ == "__main__":
    main()
