"""Every metric that the server gives, in one table: its name, kind, labels and meaning.

Labels hold only names from the code: routes as they are declared, methods, codes, doors. What stands for a process has
the label ``worker`` beside its own; what is of the store, and so the same for all, has not.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

from lrs.telemetry import COMMIT_BOUNDS_S, DELAY_BOUNDS_S, GROUP_BOUNDS, REQUEST_BOUNDS_S

LAG_BOUNDS_S = (0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 3_600.0, 86_400.0)


class Kind(Enum):
    """How a number behaves."""

    COUNTER = "only grows, from the start of its process on"
    GAUGE = "as it is now"
    HISTOGRAM = "counters by size"
    SNAPSHOT = "a histogram of what is there now"


class Metric(NamedTuple):
    """A row of the table. ``bounds`` are those of a histogram; ``of_store``: without the label ``worker``."""

    name: str
    kind: Kind
    meaning: str
    labels: tuple[str, ...] = ()
    bounds: Sequence[float] = ()
    of_store: bool = False

    @property
    def series(self) -> tuple[str, ...]:
        """The names under which Prometheus keeps it."""
        if self.kind is Kind.HISTOGRAM:
            return (f"{self.name}_bucket", f"{self.name}_count", f"{self.name}_sum")
        if self.kind is Kind.SNAPSHOT:
            return (f"{self.name}_bucket", f"{self.name}_gcount", f"{self.name}_gsum")
        return (self.name,)


_ROWS = (
    Metric("lrs_info", Kind.GAUGE, "Always 1; the label tells the version.", ("version",)),
    Metric("lrs_start_time_seconds", Kind.GAUGE, "When the process opened the store, since 1970."),
    Metric(
        "lrs_process_cpu_seconds_total",
        Kind.COUNTER,
        "Processor time of the process, with the one that writes for it.",
    ),
    Metric("lrs_process_resident_bytes", Kind.GAUGE, "Memory of the process, with the one that writes for it."),
    Metric("lrs_process_descriptors", Kind.GAUGE, "Open files and sockets of the process."),
    Metric(
        "lrs_request_seconds",
        Kind.HISTOGRAM,
        "Requests, and the time to the head of the answer.",
        ("route", "method", "status"),
        REQUEST_BOUNDS_S,
    ),
    Metric("lrs_statements_stored_total", Kind.COUNTER, "Statements that were new."),
    Metric("lrs_statements_repeated_total", Kind.COUNTER, "Statements that were stored already."),
    Metric("lrs_statements_refused_total", Kind.COUNTER, "Statements that were refused.", ("code",)),
    Metric("lrs_statements_quarantined_total", Kind.COUNTER, "What trusted writers sent and was set aside."),
    Metric(
        "lrs_statements_conflicts_total", Kind.COUNTER, "Other contents of trusted writers for ids that were taken."
    ),
    Metric("lrs_commit_seconds", Kind.HISTOGRAM, "Commits, and the time until they were durable.", (), COMMIT_BOUNDS_S),
    Metric("lrs_commit_statements", Kind.HISTOGRAM, "Statements in one commit.", (), GROUP_BOUNDS),
    Metric("lrs_append_queue_statements", Kind.GAUGE, "Statements that wait for a commit or are in one."),
    Metric("lrs_stream_connections", Kind.GAUGE, "Open connections.", ("door",)),
    Metric("lrs_stream_subscriptions", Kind.GAUGE, "Running subscriptions.", ("door",)),
    Metric(
        "lrs_stream_lag_seconds",
        Kind.SNAPSHOT,
        "Running subscriptions by the age of the oldest statement that they have not come to yet.",
        (),
        LAG_BOUNDS_S,
    ),
    Metric("lrs_stream_lag_max_seconds", Kind.GAUGE, "The same of the subscription that is furthest behind."),
    Metric("lrs_stream_statements_sent_total", Kind.COUNTER, "Statements that were sent.", ("door",)),
    Metric("lrs_stream_sent_bytes_total", Kind.COUNTER, "Their bytes.", ("door",)),
    Metric(
        "lrs_stream_delay_seconds",
        Kind.HISTOGRAM,
        "From stored to sent, to subscribers who had seen all before.",
        ("door",),
        DELAY_BOUNDS_S,
    ),
    Metric("lrs_stream_closes_total", Kind.COUNTER, "Connections that ended, by close code or as left.", ("code",)),
    Metric("lrs_stream_catch_up_reads_total", Kind.COUNTER, "Reads of the log for subscribers who are behind."),
    Metric("lrs_authentication_failures_total", Kind.COUNTER, "Credentials that were not good.", ("reason",)),
    Metric("lrs_rate_limited_total", Kind.COUNTER, "Requests refused by the limits of their consumer.", ("limit",)),
    Metric("lrs_head_position", Kind.GAUGE, "Position of the newest statement.", of_store=True),
    Metric("lrs_store_bytes", Kind.GAUGE, "Size of the database.", of_store=True),
    Metric("lrs_wal_bytes", Kind.GAUGE, "Size of its write-ahead log.", of_store=True),
    Metric("lrs_disk_free_bytes", Kind.GAUGE, "Free space on the disk of the store.", of_store=True),
    Metric("lrs_quarantine_entries", Kind.GAUGE, "What waits in quarantine.", of_store=True),
    Metric("lrs_conflict_entries", Kind.GAUGE, "Conflicts that are kept.", of_store=True),
)

METRICS = MappingProxyType({row.name: row for row in _ROWS})
"""Every metric, by name, in the order in which they are shown."""
