"""The dashboard for Grafana shows what the server gives: each series, label and bucket in it exists."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.utils import floatToGoString

from lrs.monitoring.catalogue import METRICS, Kind, Metric
from scripts.write_docs import DOCS

DASHBOARD = json.loads((DOCS / "grafana-dashboard.json").read_text())
SERIES = {series: row for row in METRICS.values() for series in row.series}
OF_SCRAPES = {"job", "instance"}


def questions() -> Iterator[str]:
    """Every question to Prometheus."""
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield target["expr"]
    for annotation in DASHBOARD["annotations"]["list"]:
        yield annotation["expr"]


def labels_of(row: Metric) -> set[str]:
    own = {*row.labels, *OF_SCRAPES, *(() if row.of_store else ("worker",))}
    return own | {"le"} if row.bounds else own


@pytest.mark.parametrize("question", sorted(set(questions())))
def test_what_is_asked_for_exists(question: str) -> None:
    asked = re.findall(r"(lrs_\w+)\{([^}]*)\}", question)
    assert asked
    assert len(asked) == len(re.findall(r"\blrs_\w+", question)), "each metric is asked for by job"
    for series, matchers in asked:
        row = SERIES[series]
        for label, _, text in re.findall(r'(\w+)(=~|=)"([^"]*)"', matchers):
            assert label in labels_of(row)
            if label == "le":
                assert text in map(floatToGoString, row.bounds)
    for grouping in re.findall(r"by \(([^)]*)\)", question):
        for label in grouping.split(", "):
            assert all(label in labels_of(SERIES[series]) for series, _ in asked)


@pytest.mark.parametrize("question", sorted(set(questions())))
def test_counters_are_asked_for_by_rate(question: str) -> None:
    for series, _ in re.findall(r"(lrs_\w+)\{([^}]*)\}", question):
        if SERIES[series].kind in (Kind.COUNTER, Kind.HISTOGRAM):
            assert re.search(rf"rate\({series}\{{[^}}]*\}}\[\$__rate_interval\]\)", question)


def test_every_metric_is_on_the_dashboard_but_what_it_needs_for_itself() -> None:
    shown = {SERIES[series].name for question in questions() for series in re.findall(r"lrs_\w+", question)}
    assert set(METRICS) - shown == {"lrs_info"}


def test_panels_do_not_overlap_and_have_names() -> None:
    panels: list[dict[str, Any]] = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        assert panel["title"]
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_it_names_no_source_of_one_machine() -> None:
    assert [one["type"] for one in DASHBOARD["templating"]["list"]] == ["datasource", "query"]
    assert "__inputs" not in DASHBOARD
