"""How fast statements are stored, beside a bare handler that only parses them.

    python -m benchmarks.writes [--repetitions N] [--json FILE]

Both servers run in one go and are measured by turns, A B B A …, with the same requests, so what else the machine does
hits both. lrs-lite authenticates, validates, stores with an fsync before each answer, and indexes.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from benchmarks.load import Outcome, Plan, run
from benchmarks.servers import HOST, Server, bare_server, lrs_server


@dataclass(frozen=True, slots=True)
class Case:
    """One way of writing; see ``Plan``."""

    name: str
    method: str
    connections: int
    requests: int
    warm_up_requests: int
    batch: int = 0
    keep_alive: bool = True


CASES = (
    Case("PUT of one", "PUT", 16, 4_000, 400),
    Case("POST of one", "POST", 16, 4_000, 400),
    Case("PUT of one, each on a new connection", "PUT", 16, 2_500, 250, keep_alive=False),
    Case("POST of 100", "POST", 4, 120, 12, batch=100),
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one case gave: an outcome of each server for each repetition."""

    case: Case
    ours: Sequence[Outcome]
    bare: Sequence[Outcome]

    @property
    def ratios(self) -> list[float]:
        """Our rate as a part of the bare handler's, by repetition, ascending."""
        return sorted(one.per_s / other.per_s for one, other in zip(self.ours, self.bare, strict=True))


def measure(repetitions: int) -> list[Comparison]:
    """Run every case so many times on both servers."""
    found: dict[tuple[str, str], list[Outcome]] = {}
    with lrs_server() as ours, bare_server() as bare:
        servers = {"ours": ours, "bare": bare}
        for repetition in range(repetitions):
            names = list(servers) if repetition % 2 == 0 else list(servers)[::-1]
            for number, case in enumerate(CASES):
                for name in names:
                    outcome = run(_plan(servers[name], case, seed=1 + repetition * len(CASES) + number))
                    found.setdefault((case.name, name), []).append(outcome)
                    print(f"{case.name:>40} {name}: {outcome.per_s:8.0f}/s  {outcome.cpu_us:6.1f} us", flush=True)
    return [Comparison(case, found[case.name, "ours"], found[case.name, "bare"]) for case in CASES]


def table(comparisons: Sequence[Comparison]) -> str:
    """The comparisons as Markdown, medians over the repetitions."""
    lines = [
        "| | part of the bare handler's rate | statements/s | bare | CPU, us/statement | bare | p50, ms | p99, ms |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in comparisons:
        ratios = one.ratios
        cells = (
            one.case.name,
            f"**{median(ratios):.2f}** ({ratios[0]:.2f} to {ratios[-1]:.2f})",
            f"{median(o.per_s for o in one.ours):,.0f}",
            f"{median(o.per_s for o in one.bare):,.0f}",
            f"{median(o.cpu_us for o in one.ours):.0f}",
            f"{median(o.cpu_us for o in one.bare):.0f}",
            f"{median(o.p50_ms for o in one.ours):.1f}",
            f"{median(o.p99_ms for o in one.ours):.1f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _plan(server: Server, case: Case, *, seed: int) -> Plan:
    options = asdict(case)
    del options["name"]
    return Plan(host=HOST, port=server.port, pid=server.pid, authorization=server.authorization, seed=seed, **options)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write every single outcome to this file")
    arguments = parser.parse_args()
    comparisons = measure(arguments.repetitions)
    print(table(comparisons))
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(one) for one in comparisons], indent=1))


if __name__ == "__main__":
    main()
