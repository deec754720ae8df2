"""Statements of an import, prepared in processes of their own, so that every core has its part in it.

Decoding, validating and preparing a statement costs more than writing it, and needs nothing but the statement. What
needs the log, such as the grant of a writer with limits, is prepared where the log is.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from uuid import uuid4

from lrs.auth.principal import Principal
from lrs.cli.heap import collect_rarely
from lrs.errors import RequestError
from lrs.limits import Limits
from lrs.statements.intake import Intake
from lrs.statements.record import Append, Draft, SetAside
from lrs.statements.transit import Packed, packed

WORKERS_MAX = 4
"""More can't be kept busy by one writer."""

NICER = 10
"""Than the writer (nice(2))."""

WORTHWHILE_BYTES = 8 * 1024 * 1024
"""Of less, the preparation would be done before a process has started."""


class Preparation:
    """Prepares for one trusted writer whose grant has no limits."""

    def __init__(self, pool: Executor) -> None:
        self._pool = pool

    async def job(self, bodies: Sequence[bytes]) -> Packed | None:
        """What is to be appended of ``bodies``, each one statement; None if one of them is no JSON."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, _prepared, bodies)


@contextmanager
def preparation(author: Principal, version: str, limits: Limits, total_bytes: int) -> Iterator[Preparation | None]:
    """Workers for the statements of ``author`` in files of ``total_bytes``; None if they would not be worth it."""
    cores = len(os.sched_getaffinity(0))
    if cores == 1 or author.grant.limited or total_bytes < WORTHWHILE_BYTES:
        yield None
        return
    with ProcessPoolExecutor(
        # The writer leaves some of its core to one of them.
        min(cores, WORKERS_MAX),
        # The store's threads would not survive a fork.
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(author, version, limits),
    ) as pool:
        yield Preparation(pool)


class Worker:
    """What a worker does, for one author."""

    def __init__(self, author: Principal, version: str, limits: Limits) -> None:
        self._intake = Intake(limits, uuid4)
        self._author = author
        self._version = version

    def prepared(self, bodies: Sequence[bytes]) -> Packed | None:
        """The job with ``bodies``; None if one of ``bodies`` is no JSON."""
        try:
            statements = self._intake.decode(b"[" + b",".join(bodies) + b"]")
        except RequestError:
            return None
        drafts: list[Draft] = []
        aside: list[SetAside] = []
        for chunk in self._intake.chunks(statements, self._author, self._version, alone=False):
            drafts += chunk.drafts
            aside += chunk.set_aside
        return packed(Append(drafts, lenient=True, set_aside=aside))


_WORKER: list[Worker] = []
"""The one of this process."""


def _begin(author: Principal, version: str, limits: Limits) -> None:
    # Ctrl-C reaches every process of the terminal; the one that was asked ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # They are ahead of the writer, and all wait for it in the end, so it goes first wherever there are too few cores.
    os.nice(NICER)
    _WORKER.append(Worker(author, version, limits))
    collect_rarely()


def _prepared(bodies: Sequence[bytes]) -> Packed | None:
    return _WORKER[0].prepared(bodies)
