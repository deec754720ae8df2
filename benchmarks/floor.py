"""Where the time of a write goes, and how fast it would be if the log cost nothing.

    python -m benchmarks.floor [--repetitions N]

Four servers take the same requests by turns: lrs-lite, the same with a log that keeps nothing, the same with one that
appends all to a file and does no more, and the bare handler.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from statistics import median

from benchmarks.load import Outcome
from benchmarks.parts import Found, Part, markdown, ratios, spread
from benchmarks.servers import bare_server, loop_cpu_s, lrs_server
from benchmarks.writes import CASES, Case, by_turns

SHOWN = tuple(case for case in CASES if not case.trusted)
_FREE = "benchmarks.free_log"
_FILE = "benchmarks.file_log"


def measure(repetitions: int) -> Found:
    """Outcomes of each case and server, ``{case: {"ours": […], "free": […], "file": […], "bare": […],
    "threads": […]}}``.

    ``threads``: CPU microseconds for a statement to lrs-lite, of its event loop and of all else that it has.
    """
    found: Found = {case.name: {"ours": [], "free": [], "file": [], "bare": [], "threads": []} for case in SHOWN}
    with (
        lrs_server() as ours,
        lrs_server(program=_FREE) as free,
        lrs_server(program=_FILE) as file,
        bare_server() as bare,
    ):
        before = loop_cpu_s(ours.pid)
        for case, name, outcome in by_turns(
            {"ours": ours, "free": free, "file": file, "bare": bare}, SHOWN, repetitions
        ):
            found[case.name][name].append(asdict(outcome))
            after = loop_cpu_s(ours.pid)
            if name == "ours":
                used = [(now - then) * 1e6 / _statements(case) for now, then in zip(after, before, strict=True)]
                found[case.name]["threads"].append(used)
            before = after
    return found


def _statements(case: Case) -> int:
    """How many are written in one go, warming up among them."""
    return (case.requests + case.warm_up_requests) * max(case.batch, 1)


def _rates(found: Found, case: Case, server: str) -> list[float]:
    return [Outcome(**one).per_s for one in found[case.name][server]]


def tables(found: Found) -> Mapping[str, str]:
    """Medians over the repetitions."""
    rows = []
    for case in SHOWN:
        bare, rates = _rates(found, case, "bare"), _rates(found, case, "ours")
        loop, others = (median(each) for each in zip(*found[case.name]["threads"], strict=True))
        rows.append(
            (
                case.name,
                spread(ratios(rates, bare)),
                spread(ratios(_rates(found, case, "file"), bare)),
                spread(ratios(_rates(found, case, "free"), bare)),
                f"{loop:.0f}",
                f"{others:.0f}",
                f"{(loop + others) * median(rates) / 1e6:.2f}",
            )
        )
    parts = ("part of the bare handler's rate", "if the log only appended to a file", "if the log cost nothing")
    used = ("event loop, us/statement", "log, us/statement", "cores busy")
    return {"floor": markdown(("", *parts, *used), rows)}


PART = Part(measure, tables)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repetitions", type=int, default=5)
    print(tables(measure(parser.parse_args().repetitions))["floor"])


if __name__ == "__main__":
    main()
