"""What a page costs as the log grows, and what the log itself costs: import, size, start and memory.

    python -m benchmarks.reads [--repetitions N] [--sizes 10000,100000,1000000]

All stores are served at the same time, each by a process of its own, and asked by turns: the same filters with values
that each store was seen to hold, over 4 connections. A bare handler that answers a constant as long as the newest page
takes its turns too. Nothing is written meanwhile, so these servers keep no pages; one more that does is asked for the
newest page only.
"""

from __future__ import annotations

import argparse
import asyncio
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
from benchmarks.servers import KEEPING_NOTHING, Server, bare_server, lrs_server, memory_bytes
from benchmarks.stores import Store, build
from benchmarks.subscribers import catch_up, course_query
from lrs.benchmark.plot import Panel, draw
from lrs.benchmark.queries import ONE, UNKNOWN, queries
from lrs.cli.bench_http import fetch
from lrs.cli.bench_run import sample

SIZES = (10_000, 100_000, 1_000_000)
CONNECTIONS = 4
ROUNDS = 2
"""For each repetition: many short turns see the same machine, where few long ones would not."""

SECONDS = 0.35
WARM_UP_S = 0.1
STARTS = 3
NEWEST, KEPT, BARE = "newest page", "newest page, kept", "bare handler"


def measure(repetitions: int, sizes: Sequence[int] = SIZES) -> Found:
    """``stores`` by size, ``pages`` by size and case, and what else there is to say of the greatest."""
    with tempfile.TemporaryDirectory(prefix="lrs-benchmark-") as folder, ExitStack() as stack:
        stores = {}
        for size in sorted(sizes):
            stores[size] = built = build(Path(folder), size)
            print(f"{size:>12,} imported: {built.per_s:8.0f}/s, {built.store_bytes / built.json_bytes:.2f} of JSON")
        greatest = stores[max(sizes)]
        starts = [_start_s(greatest) for _ in range(STARTS)]
        servers = {
            size: stack.enter_context(lrs_server(KEEPING_NOTHING, store=store.data)) for size, store in stores.items()
        }
        keeping = stack.enter_context(lrs_server(store=greatest.data))
        pages = {size: asyncio.run(_pages(server)) for size, server in servers.items()}
        newest_bytes = asyncio.run(_newest_bytes(servers[max(sizes)]))
        bare = stack.enter_context(bare_server(newest_bytes))
        found: dict[str, dict[str, list[dict[str, Any]]]] = {str(size): {} for size in sizes}
        for turn in range(ROUNDS * repetitions):
            for size in sorted(sizes, reverse=turn % 2 == 1):
                beside = [(BARE, plan_of(bare, resources=["statements"], **_OPTIONS))]
                if size == max(sizes):
                    beside.append((KEPT, plan_of(keeping, resources=pages[size][NEWEST], **_OPTIONS)))
                _round(servers[size], pages[size], beside, found[str(size)])
            print(f"reads: {turn + 1} of {ROUNDS * repetitions} rounds", flush=True)
        return {
            "stores": {str(size): {**asdict(store), "data": ""} for size, store in stores.items()},
            "pages": found,
            "page_bytes": newest_bytes,
            "starts_s": starts,
            **_strain(servers[max(sizes)], max(sizes)),
        }


def _start_s(store: Store) -> float:
    with lrs_server(store=store.data) as server:
        return server.started_s


async def _pages(server: Server) -> dict[str, list[str]]:
    return queries(await sample(server.reading), Random(1))


async def _newest_bytes(server: Server) -> int:
    _, body = await fetch(server.reading, server.reading.request("GET", "statements?limit=50"))
    return len(body)


def _round(
    server: Server,
    pages: Mapping[str, list[str]],
    beside: Sequence[tuple[str, Plan]],
    found: dict[str, list[dict[str, Any]]],
) -> None:
    """Each case once, and others ``beside`` the newest page."""
    asked = [(name, plan_of(server, resources=resources, **_OPTIONS)) for name, resources in pages.items()]
    asked[1:1] = beside
    for (name, _), outcome in zip(asked, run(*(plan for _, plan in asked)), strict=True):
        found.setdefault(name, []).append(asdict(outcome))


_OPTIONS = {"connections": CONNECTIONS, "seconds_max": SECONDS, "warm_up_s": WARM_UP_S}


def _strain(server: Server, size: int) -> Found:
    """What one server process holds after all of that, and after writing and catching up too."""
    before = memory_bytes(server.pid)
    everything = catch_up(server, "from=beginning")
    one_course = catch_up(server, f"from=beginning&{course_query()}", passed=everything.told)
    run(
        plan_of(server, method="POST", connections=16, requests=4_000, seed=9_000),
        plan_of(server, method="POST", connections=4, requests=100, batch=100, seed=9_001),
    )
    return {
        "greatest": size,
        "memory_after_reads_bytes": before,
        "memory_bytes": memory_bytes(server.pid),
        "memory_peak_bytes": memory_bytes(server.pid, "VmHWM"),
        "everything": asdict(everything),
        "one_course": asdict(one_course),
    }


def _values(found: Found, size: int | str, case: str, name: str = "p50_ms") -> list[float]:
    return [getattr(Outcome(**one), name) for one in found["pages"][str(size)][case]]


def _sizes(found: Found) -> list[int]:
    return sorted(map(int, found["stores"]))


def _cases(found: Found) -> list[str]:
    return [name for name in found["pages"][str(found["greatest"])] if name not in (BARE, KEPT)]


def tables(found: Found) -> Mapping[str, str]:
    """Pages by size; the greatest store compared with others; stores."""
    sizes, greatest = _sizes(found), found["greatest"]
    smaller = sizes[-2] if len(sizes) > 1 else greatest
    headings = ["page of 50 by", *(f"{size:,}: p50, ms | p99, ms" for size in sizes)]
    headings = " | ".join([*headings, "of the newest page's p50", f"of its own p50 at {smaller:,}"]).split(" | ")
    rows = []
    for case in _cases(found):
        cells = [case]
        for size in sizes:
            cells += [f"{median(_values(found, size, case, name)):.1f}" for name in ("p50_ms", "p99_ms")]
        ours = _values(found, greatest, case)
        cells.append(spread(ratios(ours, _values(found, greatest, NEWEST))))
        cells.append(spread(ratios(ours, _values(found, smaller, case))))
        rows.append(cells)
    bare = _values(found, greatest, BARE, "per_s")
    beside = markdown(
        (f"newest page, {found['page_bytes'] / 1024:.0f} KiB", "pages/s", "bare handler", "part of its rate"),
        [
            (what, f"{median(ours):,.0f}", f"{median(bare):,.0f}", spread(ratios(ours, bare)))
            for what, name in (("read anew each time", NEWEST), ("asked again while nothing is written", KEPT))
            for ours in [_values(found, greatest, name, "per_s")]
        ],
    )
    return {"reads": f"{markdown(headings, rows)}\n\n{beside}", "stores": _stores_table(found)}


def _stores_table(found: Found) -> str:
    rows = []
    for size in _sizes(found):
        store = Store(**found["stores"][str(size)])
        rows.append(
            (
                f"{size:,}",
                f"{store.per_s:,.0f}",
                f"{store.json_bytes / size:,.0f}",
                f"{store.store_bytes / size:,.0f}",
                f"**{store.store_bytes / store.json_bytes:.2f}**",
            )
        )
    whole = markdown(
        ("statements", "imported, statements/s", "JSON, bytes each", "store, bytes each", "store, part of the JSON"),
        rows,
    )
    everything, course = found["everything"], found["one_course"]
    greatest = markdown(
        (f"with {found['greatest']:,} statements", ""),
        [
            ("start, until it answers", f"{spread(found['starts_s'])} s"),
            ("memory of the process after all queries", _mib(found["memory_after_reads_bytes"])),
            ("memory after writing and catching up too", f"**{_mib(found['memory_bytes'])}**"),
            ("most that it ever was", _mib(found["memory_peak_bytes"])),
            ("catching up from the beginning with everything", f"**{_per_s(everything):,.0f} statements/s**"),
            (
                f"catching up with one course of {course['told'] / course['passed']:.1%}",
                f"**{course['seconds'] * 1e3:,.0f} ms**, {course['seconds'] / everything['seconds']:.1%} of the other",
            ),
        ],
    )
    return f"{whole}\n\n{greatest}"


def _per_s(found: Found) -> float:
    return float(found["told"] / found["seconds"])


def _mib(count: int) -> str:
    return f"{count / 1024**2:.0f} MiB"


def aims(found: Found) -> Sequence[Aim]:
    """Of the greatest store."""
    sizes, greatest = _sizes(found), found["greatest"]
    smaller = sizes[-2] if len(sizes) > 1 else greatest
    cases = [case for case in _cases(found) if case != NEWEST]
    known = [case for case in cases if case not in UNKNOWN and case != ONE]
    store = Store(**found["stores"][str(greatest)])
    part = store.store_bytes / store.json_bytes
    start, memory = median(found["starts_s"]), found["memory_bytes"] / 1024**2
    everything, course = found["everything"], found["one_course"]
    anew, again = (
        median(ratios(_values(found, greatest, name, "per_s"), _values(found, greatest, BARE, "per_s")))
        for name in (NEWEST, KEPT)
    )
    newest = median(_values(found, greatest, NEWEST))
    share = course["seconds"] / everything["seconds"]
    return [
        Aim("`lrs import` of JSON Lines", "20,000 statements/s", f"{store.per_s:,.0f}", store.per_s >= 20_000),
        _worst(f"page of 50 at {greatest:,}, p50", "3 ms", " ms", 3, {
            case: median(_values(found, greatest, case)) for case in known}),
        _worst(f"page of 50 at {greatest:,}, p99", "10 ms", " ms", 10, {
            case: median(_values(found, greatest, case, "p99_ms")) for case in known}),
        _worst("the same beside the newest page", "3 times", "", 3, {
            case: median(ratios(_values(found, greatest, case), _values(found, greatest, NEWEST))) for case in known}),
        _worst(f"the same beside itself at {smaller:,}", "1.5 times", "", 1.5, {
            case: median(ratios(_values(found, greatest, case), _values(found, smaller, case))) for case in known}),
        _worst("an unknown IRI beside the newest page", "no dearer", "", 1, {
            case: median(_values(found, greatest, case)) / newest for case in UNKNOWN}),
        Aim("newest page, asked again", "half the rate of a bare handler", f"{again:.2f}", again >= 0.5),
        Aim("newest page, read anew", "half the rate of a bare handler", f"{anew:.2f}", anew >= 0.5),
        Aim("catching up with everything", "100,000 statements/s", f"{_per_s(everything):,.0f}",
            _per_s(everything) >= 100_000),
        Aim(f"catching up with a course of {course['told'] / course['passed']:.1%}", "the others not read",
            f"{share:.1%} of the time for everything", share < 0.1),
        Aim(f"start with {greatest:,}", "1 s", f"{start:.2f} s", start <= 1),
        Aim(f"memory with {greatest:,} after the whole", "150 MB", f"{memory:.0f} MiB", memory <= 150),
        Aim("store beside the JSON", "under 1.0", f"{part:.2f}", part < 1),
    ]  # fmt: skip


def _worst(what: str, at_most: str, unit: str, bound: float, values: Mapping[str, float]) -> Aim:
    """The greatest of ``values`` is to be no more than ``bound``."""
    case = max(values, key=lambda name: values[name])
    return Aim(what, at_most, f"{values[case]:.2f}{unit} ({case})", values[case] <= bound)


def plots(found: Found) -> Mapping[str, str]:
    """Percentiles by size."""
    sizes = _sizes(found)[-4:]
    panels = [
        Panel(
            f"{percent} of the time of a page of 50, by statements in the log",
            "ms",
            [f"{size:,}" for size in sizes],
            [(case, [median(_values(found, size, case, name)) for size in sizes]) for case in _cases(found)],
        )
        for percent, name in (("p50", "p50_ms"), ("p99", "p99_ms"))
    ]
    return {"performance-reads.svg": draw("Pages as the log grows", panels, subtitle="4 connections. Medians.")}


PART = Part(measure, tables, aims, plots)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="statements, with commas between")
    arguments = parser.parse_args()
    found = measure(arguments.repetitions, tuple(map(int, arguments.sizes.split(","))))
    print("\n\n".join(tables(found).values()))
    print("\n".join(f"{one.reached}: {one.what}: {one.found}" for one in aims(found)))


if __name__ == "__main__":
    main()
