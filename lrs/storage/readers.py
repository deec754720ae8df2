"""The threads in which pages are read, away from the event loop.

They are few and have nothing else to do. Threads that read at the same time wait for the interpreter's lock more than
for the store, so more of them answer fewer pages; and what else may block for long must not keep pages waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import TypeVar

Found = TypeVar("Found")


class Readers:
    """At most ``threads`` of them; the first is made when there is something to read."""

    def __init__(self, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="lrs-reader")

    async def read(self, function: Callable[..., Found], *arguments: object) -> Found:
        """What ``function`` returns or raises."""
        call = partial(copy_context().run, function, *arguments)
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)

    def read_soon(self, function: Callable[[], Found], tell: Callable[[Found | Exception], None]) -> None:
        """The same without waiting: ``tell`` is called in the running event loop with what came of it."""
        self._executor.submit(_read, function, asyncio.get_running_loop(), tell)

    def close(self) -> None:
        """Returns when nothing is being read any more; what has not begun by now is not read."""
        self._executor.shutdown(cancel_futures=True)


def _read(
    function: Callable[[], Found], loop: asyncio.AbstractEventLoop, tell: Callable[[Found | Exception], None]
) -> None:
    outcome: Found | Exception
    try:
        outcome = function()
    except Exception as error:  # noqa: BLE001
        outcome = error
    # A loop that has ended has nobody left to be told.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(tell, outcome)
