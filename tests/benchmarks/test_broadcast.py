"""The program that only sends does send: all that it is given, to all who are there."""

from __future__ import annotations

from benchmarks.audience import Watch, run
from benchmarks.servers import broadcast_server


def test_each_statement_reaches_each_subscriber() -> None:
    with broadcast_server() as server:
        watch = Watch.of(server, subscribers=3, rate=50, seconds=0.2, warm_up_s=0.0, seed=1)
        delay = run(watch)
    assert (delay.sent, delay.deliveries, delay.missing) == (10, 30, 0)
