"""Percentiles, rates and tables say what was measured."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.benchmark.figures import HEADINGS, READ, WRITE, Figure, as_json, figure, percentile, rows

TIMES = st.lists(st.floats(0, 1e6), min_size=1).map(sorted)


@pytest.mark.parametrize(("percent", "expected"), [(0, 1), (50, 5), (90, 9), (91, 10), (99, 10), (100, 10)])
def test_a_percentile_is_one_of_the_values(percent: float, expected: float) -> None:
    assert percentile(range(1, 11), percent) == expected


@given(TIMES, st.floats(0, 100))
def test_so_many_do_not_exceed_a_percentile(ordered: list[float], percent: float) -> None:
    found = percentile(ordered, percent)
    assert sum(value <= found for value in ordered) >= len(ordered) * percent / 100 - 1e-6
    assert sum(value < found for value in ordered) < max(len(ordered) * percent / 100, 1)


@given(TIMES)
def test_percentiles_ascend(ordered: list[float]) -> None:
    made = figure("x", READ, connections=1, took_s=ordered, seconds=1)
    assert made.p50_ms <= made.p90_ms <= made.p99_ms <= made.max_ms == ordered[-1] * 1e3


def test_a_rate_is_what_went_well_in_a_second() -> None:
    made = figure("x", WRITE, connections=4, took_s=[0.1] * 20, seconds=2, statements=2_000, errors={"429": 3})
    assert (made.per_s, made.statements_per_s, made.errors_text) == (10, 1_000, "3 x 429")


def test_each_request_is_a_statement_unless_it_is_said_otherwise() -> None:
    assert figure("x", WRITE, connections=1, took_s=[0.1, 0.1], seconds=1).statements == 2


def test_a_case_in_which_nothing_went_well_has_no_times() -> None:
    made = figure("x", READ, connections=1, took_s=[], seconds=1, errors={"403": 7})
    (cells,) = rows([made])
    assert dict(zip(HEADINGS, cells, strict=True)) == {
        "CASE": "x", "CONN": "1", "PER S": "0", "STATEMENTS/S": "0",
        "P50 ms": "-", "P90 ms": "-", "P99 ms": "-", "MAX ms": "-", "ERRORS": "7 x 403",
    }  # fmt: skip
    assert as_json([made])["cases"][0]["p50_ms"] is None


def test_a_case_without_time_has_no_rate() -> None:
    empty = Figure(case="x", group=READ, connections=1, done=0, statements=0, seconds=0)
    assert (empty.per_s, empty.statements_per_s) == (0, 0)


def test_the_json_has_what_the_table_has() -> None:
    made = figure("PUT of one", WRITE, connections=16, took_s=[0.001, 0.002], seconds=0.5)
    told: dict[str, Any] = json.loads(json.dumps(as_json([made], url="http://127.0.0.1/xapi")))
    assert told == {
        "url": "http://127.0.0.1/xapi",
        "cases": [
            {
                "case": "PUT of one", "group": "write", "connections": 16, "done": 2, "statements": 2, "seconds": 0.5,
                "per_s": 4.0, "statements_per_s": 4.0, "p50_ms": 1.0, "p90_ms": 2.0, "p99_ms": 2.0, "max_ms": 2.0,
                "errors": {},
            }
        ],
    }  # fmt: skip
