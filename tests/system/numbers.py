"""The numbers of a running server, as Prometheus reads them."""

from __future__ import annotations

import time
import urllib.request

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.system.access import WAIT_S
from tests.system.server import Server


def scrape(server: Server) -> list[Sample]:
    """All samples, of whichever worker answers and of what it knows of the others."""
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=WAIT_S) as answer:
        text = answer.read().decode()
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def total(samples: list[Sample], name: str, **labels: str) -> float:
    """The sum over all workers."""
    return sum(one.value for one in samples if one.name == name and labels.items() <= one.labels.items())


def until(server: Server, name: str, value: float, **labels: str) -> list[Sample]:
    """A scrape in which the sum over all workers has reached ``value``; what one worker tells of another is a moment
    old.
    """
    deadline = time.monotonic() + WAIT_S
    while total(found := scrape(server), name, **labels) < value:
        assert time.monotonic() < deadline, [one for one in found if one.name == name]
        time.sleep(0.3)
    return found
