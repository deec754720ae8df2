"""Measure everything, and write the figures into docs/performance.md.

    python -m benchmarks.report [--only PART,…] [--repetitions N] [--sizes 10000,100000,1000000]

Each table stands in the page between ``<!-- begin NAME -->`` and ``<!-- end NAME -->``; the text around it is written
by hand. Figures are kept in docs/performance.json, part by part as they come, so that one part can be measured again
without the others, and nothing is lost when another one fails. The machine should have nothing else to do.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from benchmarks import fanout, floor, latency, pseudonyms, reads, stages, stream, workers, writes
from benchmarks.machine import machine
from benchmarks.parts import Aim, Found, Part, markdown

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE, FIGURES = DOCS / "performance.md", DOCS / "performance.json"
PARTS: Mapping[str, Part] = {
    "writes": writes.PART,
    "floor": floor.PART,
    "reads": reads.PART,
    "pseudonyms": pseudonyms.PART,
    "workers": workers.PART,
    "latency": latency.PART,
    "fanout": fanout.PART,
    "stream": stream.PART,
    "stages": stages.PART,
}
_VERDICTS = {True: "yes", False: "**no**", None: "not measured"}


def written(page: str, places: Mapping[str, str]) -> str:
    """``page`` with ``places`` filled; the text between the markers of each is replaced."""
    for name, text in places.items():
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        head, found_begin, rest = page.partition(begin)
        _, found_end, tail = rest.partition(end)
        assert found_begin, f"{PAGE.name} has no place for {name}"
        assert found_end, f"{PAGE.name} has no end of {name}"
        page = f"{head}{begin}\n\n{text}\n\n{end}{tail}"
    return page


def aims_table(aims: Sequence[Aim]) -> str:
    """What was to be reached, and whether it is."""
    return markdown(
        ("what", "to reach", "found", "reached"),
        [(aim.what, aim.at_least, aim.found, _VERDICTS[aim.reached]) for aim in aims],
    )


def places(figures: Mapping[str, Found]) -> dict[str, str]:
    """The text of every place for which there are figures."""
    filled = {"machine": str(figures["machine"]["text"])} if "machine" in figures else {}
    aims: list[Aim] = []
    for name, part in PARTS.items():
        if name in figures:
            filled.update(part.tables(figures[name]))
            aims += part.aims(figures[name])
    return {**filled, "aims": aims_table(aims)}


def render(figures: Mapping[str, Found]) -> None:
    """Write the page and its plots."""
    PAGE.write_text(written(PAGE.read_text(), places(figures)))
    for name, part in PARTS.items():
        if name in figures:
            for file, svg in part.plots(figures[name]).items():
                (DOCS / file).write_text(svg)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas between; - only writes the page")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--sizes", default=",".join(map(str, reads.SIZES)), help="of stores, with commas between")
    arguments = parser.parse_args()
    sizes = tuple(int(size) for size in arguments.sizes.split(","))
    figures: dict[str, Found] = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    wanted = [name for name in arguments.only.split(",") if name != "-"]
    if set(wanted) == set(PARTS):
        figures = {}
    if wanted:
        figures["machine"] = {"text": machine()}
    began, failed = time.monotonic(), []
    for name in wanted:
        part_began = time.monotonic()
        measure = partial(reads.measure, sizes=sizes) if name == "reads" else PARTS[name].measure
        try:
            figures[name] = measure(arguments.repetitions)
        except (RuntimeError, AssertionError, OSError, subprocess.SubprocessError):
            # The other parts took long too, and are worth keeping.
            traceback.print_exc()
            failed.append(name)
        FIGURES.write_text(json.dumps(_rounded(figures), indent=1) + "\n")
        render(figures)
        print(f"{name} took {time.monotonic() - part_began:.0f} s", flush=True)
    render(figures)
    print(f"wrote {PAGE.name} after {time.monotonic() - began:.0f} s")
    if failed:
        sys.exit(f"not measured, for what is told above: {', '.join(failed)}")


def _rounded(value: object) -> object:
    """``value`` with numbers as exact as anybody wants them."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list) else value


if __name__ == "__main__":
    main()
