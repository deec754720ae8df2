"""Where the time of a write goes, and how fast it would be if the log cost nothing.

    python -m benchmarks.floor [--repetitions N]

Four servers take the same requests by turns: lrs-lite, the same with a log that keeps nothing, the same with one that
appends all to a file and does no more, and the bare handler. So do an import, and one into a log that keeps nothing.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from statistics import median

from benchmarks.load import Outcome
from benchmarks.parts import Found, Part, markdown, ratios, spread
from benchmarks.servers import bare_server, loop_cpu_s, lrs_server
from benchmarks.stores import import_files, write_files
from benchmarks.writes import CASES, Case, by_turns

SHOWN = tuple(case for case in CASES if not case.trusted)
IMPORTED = 200_000
_FREE = "benchmarks.free_log"
_FILE = "benchmarks.file_log"


def measure(repetitions: int) -> Found:
    """``writes``: outcomes of each case and server, ``{case: {"ours": […], "free": […], "file": […], "bare": […],
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
    return {"writes": found, "imports": _imports(repetitions)}


def _imports(repetitions: int) -> dict[str, list[dict[str, float]]]:
    """Seconds, and CPU seconds of all processes together, of importing the same files."""
    found: dict[str, list[dict[str, float]]] = {"ours": [], "free": []}
    with tempfile.TemporaryDirectory(prefix="lrs-benchmark-") as folder:
        files = write_files(Path(folder), IMPORTED)
        for turn in range(repetitions):
            for name, program in [("ours", "lrs"), ("free", _FREE)][:: -1 if turn % 2 else 1]:
                before = _children_cpu_s()
                seconds, _ = import_files(files, Path(folder) / f"{name}-{turn}", program=program)
                found[name].append({"seconds": seconds, "cpu_s": _children_cpu_s() - before})
                print(f"{'import':>40} {name}: {IMPORTED / seconds:8.0f}/s", flush=True)
    return found


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _statements(case: Case) -> int:
    """How many are written in one go, warming up among them."""
    return (case.requests + case.warm_up_requests) * max(case.batch, 1)


def _rates(found: Found, case: Case, server: str) -> list[float]:
    return [Outcome(**one).per_s for one in found["writes"][case.name][server]]


def tables(found: Found) -> Mapping[str, str]:
    """Medians over the repetitions."""
    rows = []
    for case in SHOWN:
        bare, rates = _rates(found, case, "bare"), _rates(found, case, "ours")
        loop, others = (median(each) for each in zip(*found["writes"][case.name]["threads"], strict=True))
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
    return {"floor": f"{markdown(('', *parts, *used), rows)}\n\n{_imports_table(found)}"}


def _imports_table(found: Found) -> str:
    ours, free = found["imports"]["ours"], found["imports"]["free"]
    cells = [f"import of {IMPORTED:,}"]
    for runs in (ours, free):
        cells.append(spread([IMPORTED / one["seconds"] for one in runs], ",.0f"))
        cells.append(f"{median(one['cpu_s'] for one in runs) * 1e6 / IMPORTED:.0f}")
    log = "if the log cost nothing"
    return markdown(("", "statements/s", "CPU, us/statement", f"statements/s {log}", f"CPU {log}"), [cells])


PART = Part(measure, tables)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repetitions", type=int, default=5)
    print(tables(measure(parser.parse_args().repetitions))["floor"])


if __name__ == "__main__":
    main()
