"""The report fills each place of the page, and says honestly what is reached."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from benchmarks import fanout, floor, pseudonyms, report, writes
from benchmarks.parts import Aim, markdown, ratios, spread
from benchmarks.reads import SIZES

OUTCOME: dict[str, Any] = {
    "requests": 100, "statements": 100, "seconds": 1.0, "server_cpu_s": 0.5, "client_cpu_s": 0.2,
    "p50_ms": 2.0, "p99_ms": 8.0, "max_ms": 9.0, "failures": {},
}  # fmt: skip
DELAY: dict[str, Any] = {
    "subscribers": 1, "sent": 10, "deliveries": 10, "missing": 0, "frames": 5, "p50_ms": 2.0, "p99_ms": 8.0,
    "max_ms": 9.0, "answer_p50_ms": 1.0, "server_cpu_cores": 0.5, "client_cpu_cores": 0.5,
}  # fmt: skip
SPREAD = {"deliveries": 500, "received_bytes": 9, "seconds": 1.0, "server_cpu_s": 0.1, "client_cpu_s": 0.1}
STORE = {"data": "", "statements": 10, "json_bytes": 10_000, "import_s": 1.0, "store_bytes": 9_000}
CATCH_UP = {"told": 1_000, "passed": 1_000, "seconds": 0.01}
PAGES = [
    "newest page",
    "newest page, kept",
    "bare handler",
    "agent",
    "unknown verb",
    "unknown activity",
    "unknown agent",
    "one by its id",
]

FIGURES: dict[str, dict[str, Any]] = {
    "machine": {"text": "A machine."},
    "writes": {
        case.name: {"ours": [OUTCOME, OUTCOME], "bare": [OUTCOME, {**OUTCOME, "seconds": 0.5}]}
        for case in writes.CASES
    },
    "floor": {
        "writes": {
            case.name: {server: [OUTCOME] for server in ("ours", "free", "file", "bare")} | {"threads": [[100.0, 50.0]]}
            for case in floor.SHOWN
        },
        "imports": {server: [{"seconds": 10.0, "cpu_s": 15.0}] for server in ("ours", "free")},
    },
    "reads": {
        "stores": {str(size): STORE for size in SIZES},
        "pages": {str(size): {name: [OUTCOME, OUTCOME] for name in PAGES} for size in SIZES},
        "page_bytes": 60_000,
        "starts_s": [0.5, 0.6, 0.7],
        "greatest": SIZES[-1],
        "memory_after_reads_bytes": 1,
        "memory_bytes": 2,
        "memory_peak_bytes": 3,
        "everything": CATCH_UP,
        "one_course": {**CATCH_UP, "told": 10, "seconds": 0.0001},
    },
    "workers": {
        case: {"1": [OUTCOME], "2": [OUTCOME]}
        for case in ("newest page", "agent", "related course", "PUT of one", "POST of 100")
    },
    "latency": {
        "only_sending": {"200": [DELAY]},
        "one_course": {"1": [DELAY], "200": [DELAY]},
        "crowds": {"500": [DELAY], "10000": [DELAY]},
    },
    "fanout": {"spreads": {"lrs-lite": [SPREAD], "nats-server": [SPREAD]}, "nats": "nats-server: v1"},
    "stream": {
        "idle_bytes": 30_000.0, "alone": OUTCOME, "stalled": OUTCOME, "stalled_bytes": 1, "stalled_peak_bytes": 2,
        "revocations_s": [0.1], "everything": CATCH_UP, "one_course": CATCH_UP,
    },
    "stages": {"decode": 8.4},
    "pseudonyms": {
        "size": 1_000, "pages": {shown: [OUTCOME] for shown in (*pseudonyms.CONSUMERS, pseudonyms.FIRST)},
    },
}  # fmt: skip


def test_every_part_fills_a_place_of_the_page() -> None:
    page = report.PAGE.read_text()
    filled = report.places(FIGURES)
    assert set(re.findall(r"<!-- begin (.*) -->", page)) == set(filled)
    text = report.written(page, filled)
    assert all(part in text for part in filled.values())


def test_text_by_hand_stays() -> None:
    page = "before\n<!-- begin x -->\n\nold\n\n<!-- end x -->\nafter"
    assert report.written(page, {"x": "new"}) == "before\n<!-- begin x -->\n\nnew\n\n<!-- end x -->\nafter"


def test_a_place_that_is_missing_is_told() -> None:
    with pytest.raises(AssertionError, match="no place for y"):
        report.written("text", {"y": "z"})


def test_a_part_that_was_not_measured_keeps_its_text() -> None:
    assert set(report.places({"stages": FIGURES["stages"]})) == {"stages", "aims"}


@pytest.mark.parametrize("name", report.PARTS)
def test_every_table_has_as_many_cells_in_each_row(name: str) -> None:
    for text in report.PARTS[name].tables(FIGURES[name]).values():
        for table in re.findall(r"(?:^\|.*\n?)+", text, flags=re.MULTILINE):
            assert len({line.count("|") for line in table.strip().splitlines()}) == 1, table


@pytest.mark.parametrize("name", report.PARTS)
def test_every_plot_is_well_formed_and_shown(name: str) -> None:
    for file, svg in report.PARTS[name].plots(FIGURES[name]).items():
        ET.fromstring(svg)
        assert f"]({file})" in report.PAGE.read_text()


def test_every_aim_is_judged() -> None:
    aims = [aim for name, part in report.PARTS.items() for aim in part.aims(FIGURES[name])]
    assert len(aims) == 26
    assert {aim.reached for aim in aims} == {True, False}
    table = report.aims_table([*aims, Aim("x", "y", "z", None)])
    assert (table.count("| yes |"), table.count("| not measured |")) == (sum(bool(aim.reached) for aim in aims), 1)


def test_without_nats_the_row_says_that_it_was_not_there() -> None:
    found = {"spreads": {"lrs-lite": [SPREAD]}, "nats": None}
    (aim,) = fanout.aims(found)
    assert (aim.found, aim.reached) == ("nats-server was not there", None)
    assert "was not there" in fanout.tables(found)["fanout"]


def test_a_spread_is_the_median_with_its_range() -> None:
    assert spread([3.0, 1.0, 2.0]) == "**2.00** (1.00 to 3.00)"
    assert spread([1.0], ".1f", bold=False) == "1.0"


def test_a_ratio_is_of_what_was_measured_at_the_same_turn() -> None:
    assert ratios([1.0, 9.0], [2.0, 3.0]) == [0.5, 3.0]


def test_a_table_is_markdown() -> None:
    assert markdown(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
