"""Readings in the words of Prometheus: its text format, or OpenMetrics for those who ask for that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeHistogramMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from lrs.monitoring.catalogue import METRICS, Kind, Metric
from lrs.monitoring.readings import Reading

Readings = Sequence[Reading]


def form(accept: str) -> str:
    """The media type of the answer to a client that accepts ``accept``: one of a few."""
    media_type: str = choose_encoder(accept)[1]
    return media_type


def exposition(of_store: Readings, by_worker: Mapping[str, Readings], accept: str) -> tuple[bytes, str]:
    """(body, media type) of a scrape whose client accepts ``accept``. ``by_worker``: what each process tells."""
    encode, media_type = choose_encoder(accept)
    return encode(_Collector(of_store, by_worker)), media_type


class _Collector(Collector):
    """As much of a registry as an encoder needs."""

    def __init__(self, of_store: Readings, by_worker: Mapping[str, Readings]) -> None:
        self._told = [(None, of_store), *by_worker.items()]

    def collect(self) -> Iterator[Family]:
        found: dict[str, list[tuple[list[str], Reading]]] = {name: [] for name in METRICS}
        for worker, readings in self._told:
            for reading in readings:
                # A worker of another version, which is about to end, may know other metrics.
                if reading.name in found:
                    own = [] if worker is None else [worker]
                    found[reading.name].append(([*reading.labels, *own], reading))
        return (_family(METRICS[name], told) for name, told in found.items())


def _family(metric: Metric, told: Iterable[tuple[list[str], Reading]]) -> Family:
    labels = [*metric.labels, *([] if metric.of_store else ["worker"])]
    match metric.kind:
        case Kind.COUNTER:
            counter = CounterMetricFamily(metric.name, metric.meaning, labels=labels)
            for values, reading in told:
                counter.add_metric(values, reading.value)
            return counter
        case Kind.GAUGE:
            gauge = GaugeMetricFamily(metric.name, metric.meaning, labels=labels)
            for values, reading in told:
                gauge.add_metric(values, reading.value)
            return gauge
        case Kind.HISTOGRAM:
            histogram = HistogramMetricFamily(metric.name, metric.meaning, labels=labels)
            for values, reading in told:
                histogram.add_metric(values, _buckets(metric, reading), sum_value=reading.value)
            return histogram
        case Kind.SNAPSHOT:
            snapshot = GaugeHistogramMetricFamily(metric.name, metric.meaning, labels=labels)
            for values, reading in told:
                snapshot.add_metric(values, _buckets(metric, reading), gsum_value=reading.value)
            return snapshot


def _buckets(metric: Metric, reading: Reading) -> list[tuple[str, float]]:
    """(bound, how many are at most that) of a histogram, up to infinity."""
    bounds = [*map(floatToGoString, metric.bounds), "+Inf"]
    found, sum_ = [], 0
    for bound, count in zip(bounds, reading.counts, strict=True):
        sum_ += count
        found.append((bound, float(sum_)))
    return found
