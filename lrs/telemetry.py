"""What the running server tells of itself: its log, the numbers that metrics are read from, and spans of traces.

The stores of numbers are plain: whoever has something to count adds to one, from one thread, and a scrape reads them
all. No name or value here is a secret, a token, learner data, or a text without bound that came from outside.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from itertools import count
from typing import Any, cast

import structlog


class _Logger:
    """Logs as the application has configured structlog; where nobody has, with plain tracebacks.

    With ``rich`` installed, structlog would print the local variables of every frame, and statements are among them.
    """

    def __init__(self) -> None:
        self._configured = structlog.get_logger("lrs")
        self._plain = structlog.wrap_logger(
            None,
            processors=[
                structlog.contextvars.merge_contextvars,
                structlog.processors.add_log_level,
                structlog.dev.set_exc_info,
                structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False),
                structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
            ],
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self._configured if structlog.is_configured() else self._plain, name)


logger = cast("structlog.stdlib.BoundLogger", _Logger())
"""Structured log; fields are never secrets, tokens, Authorization headers or learner data."""

REQUEST_ID: ContextVar[str] = ContextVar("lrs_request_id", default="")
"""The id of the request that is served in this context; each log line has it. Empty outside of requests."""


class RequestIds:
    """Ids for requests that bring none; ``prefix`` tells this process from all others."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._numbers = count(1)

    def new(self) -> str:
        """The next one."""
        return f"{self._prefix}-{next(self._numbers):x}"


REQUEST_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
COMMIT_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
GROUP_BOUNDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)
DELAY_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Histogram:
    """How many values were at most each of ``bounds``, which ascend; ``counts`` has one place more, for larger ones."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float, times: int = 1) -> None:
        """Count one value, or so many equal ones."""
        self.counts[bisect_left(self.bounds, value)] += times
        self.total += value * times


class Commits:
    """The commits of one writer: how large, how long, and what became of the statements in them."""

    __slots__ = ("conflicts", "quarantined", "repeated", "seconds", "statements", "stored")

    def __init__(self) -> None:
        self.seconds = Histogram(COMMIT_BOUNDS_S)
        self.statements = Histogram(GROUP_BOUNDS)
        self.stored = 0
        self.repeated = 0
        self.conflicts = 0
        self.quarantined = 0

    def add(self, seconds: float, placed: int, stored: int, conflicts: int, quarantined: int) -> None:
        """Count one commit, by which so many statements have their places."""
        self.seconds.observe(seconds)
        self.statements.observe(placed)
        self.stored += stored
        self.repeated += placed - stored - conflicts
        self.conflicts += conflicts
        self.quarantined += quarantined


class Sent:
    """What left through one door of the stream; ``delay``: seconds from ``stored`` to the connection, of those readers
    who had seen all before.
    """

    __slots__ = ("delay", "size_bytes", "statements")

    def __init__(self) -> None:
        self.delay = Histogram(DELAY_BOUNDS_S)
        self.statements = 0
        self.size_bytes = 0

    def add(self, readers: int, statements: int, size_bytes: int, delay_s: float | None) -> None:
        """So many readers were sent these statements each; ``delay_s`` if it is to be counted."""
        self.statements += readers * statements
        self.size_bytes += readers * size_bytes
        if delay_s is not None:
            self.delay.observe(delay_s, readers)


Span = Callable[[str], AbstractContextManager[object]]


class Spans:
    """Where the steps of a request begin and end, for traces; nothing until a tracer is ``set``."""

    def __init__(self) -> None:
        self._begin: Span = nullcontext

    def set(self, begin: Span) -> None:
        """Have ``begin`` make the spans from now on."""
        self._begin = begin

    def __call__(self, name: str) -> AbstractContextManager[object]:
        """The time of a ``with`` block as a span called ``name``."""
        return self._begin(name)


span = Spans()
"""The spans of this process."""
