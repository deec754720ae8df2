"""Readings of several processes as one page for Prometheus."""

from __future__ import annotations

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from lrs.monitoring.catalogue import METRICS, Kind
from lrs.monitoring.exposition import exposition
from lrs.monitoring.readings import Reading, distribution, from_json, of_commits, of_lags, to_json
from lrs.telemetry import Commits, Histogram

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def one_of_each(worker: int) -> list[Reading]:
    """A reading of every metric, as a process would tell it."""
    return [
        Reading(
            row.name, [f"{label}-x" for label in row.labels], worker, [1] * (len(row.bounds) + 1) * bool(row.bounds)
        )
        for row in METRICS.values()
        if not row.of_store
    ]


@pytest.mark.parametrize("accept", ["", OPENMETRICS])
def test_every_metric_of_the_catalogue_is_shown_once_for_each_worker(accept: str) -> None:
    of_store = [Reading(row.name, (), 7) for row in METRICS.values() if row.of_store]
    body, media_type = exposition(of_store, {"0": one_of_each(1), "1": one_of_each(2)}, accept)
    assert media_type.startswith("application/openmetrics-text" if accept else "text/plain")
    parse = parse_openmetrics if accept else parse_text
    samples = [sample for family in parse(body.decode()) for sample in family.samples]
    for row in METRICS.values():
        for series in row.series:
            found = [sample for sample in samples if sample.name == series]
            workers = {sample.labels.get("worker") for sample in found}
            assert workers == ({None} if row.of_store else {"0", "1"}), series


def test_buckets_add_up() -> None:
    commits = Commits()
    for size in (1, 1, 3, 10_000):
        commits.statements.observe(size)
    body, _ = exposition([], {"0": list(of_commits(commits, 5))}, "")
    (family,) = [one for one in parse_text(body.decode()) if one.name == "lrs_commit_statements"]
    values = {sample.labels.get("le"): sample.value for sample in family.samples if sample.name.endswith("_bucket")}
    assert (values["1.0"], values["5.0"], values["5000.0"], values["+Inf"]) == (2, 3, 3, 4)
    assert next(one.value for one in family.samples if one.name.endswith("_sum")) == 10_005


def test_readings_survive_json() -> None:
    told = [*of_commits(Commits(), 3), Reading("lrs_stream_closes_total", ("1001",), 2)]
    before, _ = exposition([], {"0": told}, "")
    after, _ = exposition([], {"0": from_json(to_json(told))}, "")
    assert before == after


def test_what_another_version_tells_is_passed_over() -> None:
    body, _ = exposition([], {"0": [Reading("lrs_gone_total", (), 1)]}, "")
    assert b"lrs_gone" not in body


def test_lag_is_shown_with_its_maximum() -> None:
    readings = {one.name: one for one in of_lags([0.0, 0.0, 90.0])}
    assert readings["lrs_stream_lag_max_seconds"].value == 90
    assert sum(readings["lrs_stream_lag_seconds"].counts) == 3


def test_names_follow_the_habits_of_prometheus() -> None:
    """Units last and in base units; _total for what only grows."""
    for row in METRICS.values():
        assert row.name.startswith("lrs_")
        assert row.name.endswith("_total") == (row.kind is Kind.COUNTER)
        assert bool(row.bounds) == (row.kind in (Kind.HISTOGRAM, Kind.SNAPSHOT))
        assert "worker" not in row.labels
        assert not (row.of_store and row.labels)


def test_a_distribution_has_its_sum_and_counts() -> None:
    histogram = Histogram((1.0,))
    histogram.observe(3.0)
    assert distribution("x", histogram, "a") == Reading("x", ("a",), 3.0, (0, 1))
