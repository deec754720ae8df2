"""The log's writer in a process of its own: what goes there, what is done there, and what comes back."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from contextlib import AbstractContextManager
from contextvars import Context, copy_context
from itertools import islice
from pathlib import Path
from typing import Any

from lrs.clock import SystemClock
from lrs.errors import StoreUnavailable
from lrs.statements.record import Append
from lrs.statements.sqlite.append import WRITER_CACHE_KIB, Appender
from lrs.statements.sqlite.names import course_sets, key_names
from lrs.statements.sqlite.observed import Commit, Observed
from lrs.statements.transit import Packed, opened, packed
from lrs.storage.child import Child
from lrs.storage.horizon import Horizon, horizon_path
from lrs.storage.lock import SharedLock
from lrs.storage.sqlite import connect
from lrs.storage.writer import commit_each
from lrs.telemetry import Commits, span


def log_process(name: str | None = None, *, cache_kib: int = WRITER_CACHE_KIB) -> Child:
    """The process for a log that is opened later; see ``Child`` for ``name``, and when this may be called.

    ``cache_kib``: how much of the database it keeps in memory.
    """
    return Child(_Answers(cache_kib), name)


class _Answers:
    """In that process: commits together what messages bring, and tells what came of it. The first one opens the log."""

    def __init__(self, cache_kib: int) -> None:
        self._cache_kib = cache_kib
        self._noted: list[Commit] = []
        self._lock: SharedLock | None = None
        self._observed: Observed | None = None
        self._path: str | None = None

    def __call__(self, messages: Sequence[memoryview]) -> Sequence[bytes]:
        asked = [pickle.loads(message) for message in messages]  # noqa: S301 - they come from this program itself.
        path, late_max, _ = asked[0]
        # Where it can't be opened, or is another one, this process ends, and the others go on alone.
        if {one[0] for one in asked} != {self._path or path}:
            raise StoreUnavailable(f"this process writes to {self._path or path}, and to nothing else")
        self._path = path
        observed = self._opened(Path(path), late_max)
        outcomes = iter(commit_each(observed, [opened(job) for _, _, jobs in asked for job in jobs]))
        answers = []
        for _, _, jobs in asked:
            # A commit of several is counted by one of them.
            notes, self._noted[:] = [tuple(one) for one in self._noted], []
            answers.append(pickle.dumps((list(islice(outcomes, len(jobs))), notes, observed.unfinished)))
        return answers

    def _opened(self, path: Path, late_max: int) -> Observed:
        if self._observed is None:
            self._lock = SharedLock(path)
            clock = SystemClock()
            connection = connect(path, cache_kib=self._cache_kib)
            horizon = Horizon(horizon_path(path), clock)
            appender = Appender(connection, horizon, key_names(), course_sets(), late_max=late_max)
            self._observed = Observed(appender, self._noted.append, clock)
        return self._observed


class Link:
    """On this side: ``Codec`` for the log at ``path``, whose ``commits`` are counted here, and seen as spans."""

    def __init__(self, path: Path, late_max: int, commits: Commits, *, unfinished: bool) -> None:
        self._path = str(path)
        self._late_max = late_max
        self._commits = commits
        self.unfinished = unfinished
        """Whether a commit should follow also when nobody appends."""
        self._seen: tuple[Context, AbstractContextManager[object]] = copy_context(), span("")

    def encode(self, jobs: Sequence[Append | Packed]) -> bytes:
        """See ``Codec``."""
        # A span ends in the context in which it began.
        context, seen = self._seen = copy_context(), span("lrs.commit")
        context.run(seen.__enter__)
        return pickle.dumps((self._path, self._late_max, [packed(job).content for job in jobs]))

    def decode(self, answer: bytes | memoryview) -> Sequence[Any]:
        """See ``Codec``."""
        context, seen = self._seen
        context.run(seen.__exit__, None, None, None)
        outcomes: Sequence[Any]
        outcomes, notes, self.unfinished = pickle.loads(answer)  # noqa: S301 - it comes from this program itself.
        for note in notes:
            self._commits.add(*note)
        return outcomes
