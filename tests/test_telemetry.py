"""The plain stores of numbers, spans, and the log of an application that configures none."""

from __future__ import annotations

import json
import subprocess
import sys
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import given
from hypothesis import strategies as st

from lrs.telemetry import Histogram, Spans


@given(st.lists(st.floats(0, 100)))
def test_a_histogram_counts_each_value_at_the_least_bound_that_holds_it(values: list[float]) -> None:
    bounds = (1.0, 5.0, 20.0)
    made = Histogram(bounds)
    for value in values:
        made.observe(value)
    expected = [0, 0, 0, 0]
    for value in values:
        expected[bisect_left(bounds, value)] += 1
    assert made.counts == expected
    assert made.total == sum(values)


def test_a_value_on_a_bound_counts_below_it() -> None:
    made = Histogram((1.0, 2.0))
    made.observe(1.0)
    assert made.counts == [1, 0, 0]


def test_spans_are_nothing_until_there_is_a_tracer() -> None:
    seen: list[str] = []

    @contextmanager
    def begin(name: str) -> Iterator[None]:
        seen.append(name)
        yield

    spans = Spans()
    with spans("before"):
        spans.set(begin)
    with spans("after"):
        pass
    assert seen == ["after"]


FAILING = """
import structlog
{configure}
from lrs.telemetry import logger

def fail(statement):
    raise ValueError("told")

try:
    fail("priv" + "ate")
except ValueError:
    logger.exception("failed", connection="c1")
"""


def said(configure: str = "") -> str:
    """What a program of its own prints, in which something of ours fails."""
    program = FAILING.format(configure=configure)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout + done.stderr


def test_an_application_that_configures_no_logs_gets_tracebacks_without_local_variables() -> None:
    """By itself structlog prints them when ``rich`` is installed; statements are among them."""
    text = said()
    assert "failed" in text
    assert "connection" in text
    assert "ValueError: told" in text
    assert text.count("private") == 0


def test_an_application_that_configures_structlog_has_its_way() -> None:
    text = said("structlog.configure(processors=[structlog.processors.JSONRenderer()])")
    assert json.loads(text) == {"connection": "c1", "event": "failed", "exc_info": True}
