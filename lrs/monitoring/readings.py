"""The numbers of one process, read off the parts of its engine: a list that can be sent to another process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from lrs.monitoring.catalogue import LAG_BOUNDS_S
from lrs.telemetry import Commits, Histogram, Sent


class Reading(NamedTuple):
    """One number: a metric of the catalogue, the values of its labels in order, and its value.

    Of a histogram, ``counts`` are those between the bounds, and ``value`` is the sum of all that was counted.
    """

    name: str
    labels: Sequence[str]
    value: float
    counts: Sequence[int] = ()


def to_json(readings: Iterable[Reading]) -> bytes:
    """``readings`` for another process."""
    return orjson.dumps([tuple(one) for one in readings])


def from_json(text: bytes) -> list[Reading]:
    """What ``to_json`` was given; ValueError or TypeError for what it did not make."""
    return [Reading(*row) for row in orjson.loads(text)]


def distribution(name: str, histogram: Histogram, *labels: str) -> Reading:
    """``histogram`` as a reading."""
    return Reading(name, labels, histogram.total, tuple(histogram.counts))


def counted(name: str, counts: Mapping[str, int]) -> Iterator[Reading]:
    """``counts`` by the one label of a metric."""
    return (Reading(name, (label,), value) for label, value in sorted(counts.items()))


def of_requests(seconds: Mapping[tuple[str, str, str], Histogram]) -> Iterator[Reading]:
    """Requests by route, method and class of status."""
    return (distribution("lrs_request_seconds", one, *labels) for labels, one in sorted(seconds.items()))


def of_commits(commits: Commits, queued: int) -> Iterator[Reading]:
    """What the writer did, and what waits for it."""
    yield Reading("lrs_statements_stored_total", (), commits.stored)
    yield Reading("lrs_statements_repeated_total", (), commits.repeated)
    yield Reading("lrs_statements_quarantined_total", (), commits.quarantined)
    yield Reading("lrs_statements_conflicts_total", (), commits.conflicts)
    yield distribution("lrs_commit_seconds", commits.seconds)
    yield distribution("lrs_commit_statements", commits.statements)
    yield Reading("lrs_append_queue_statements", (), queued)


def of_doors(sent: Mapping[Any, Sent], guests: Iterable[tuple[str, int]]) -> Iterator[Reading]:
    """Traffic by door. ``guests``: door, and number of subscriptions, of each connection."""
    connections: Counter[str] = Counter()
    subscriptions: Counter[str] = Counter()
    for name, count in guests:
        connections[name] += 1
        subscriptions[name] += count
    for door, one in sent.items():
        yield Reading("lrs_stream_connections", (door,), connections[door])
        yield Reading("lrs_stream_subscriptions", (door,), subscriptions[door])
        yield Reading("lrs_stream_statements_sent_total", (door,), one.statements)
        yield Reading("lrs_stream_sent_bytes_total", (door,), one.size_bytes)
        yield distribution("lrs_stream_delay_seconds", one.delay, door)


def of_lags(lags_s: Iterable[float]) -> Iterator[Reading]:
    """How far each running subscription is behind, in seconds."""
    histogram, most = Histogram(LAG_BOUNDS_S), 0.0
    for lag_s in lags_s:
        histogram.observe(lag_s)
        most = max(most, lag_s)
    yield distribution("lrs_stream_lag_seconds", histogram)
    yield Reading("lrs_stream_lag_max_seconds", (), most)
