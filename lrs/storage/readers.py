"""The threads in which pages are read, away from the event loop.

They are few and have nothing else to do. Threads that read at the same time wait for the interpreter's lock more than
for the store, so more of them answer fewer pages; and what else may block for long must not keep pages waiting.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeVar

from lrs.errors import StoreUnavailable
from lrs.storage.writer import settle

Found = TypeVar("Found")


class _Read(NamedTuple):
    """``tell`` is called in ``loop`` with what ``function`` returned or raised."""

    function: Callable[[], Any]
    tell: Callable[[Any], None]
    loop: asyncio.AbstractEventLoop


class Readers:
    """So many ``threads``, made when there is something to read."""

    def __init__(self, threads: int) -> None:
        self._threads = [threading.Thread(target=self._run, name="lrs-reader", daemon=True) for _ in range(threads)]
        self._queue: SimpleQueue[_Read | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._begun = self._closed = False

    async def read(self, function: Callable[..., Found], *arguments: object) -> Found:
        """What ``function`` returns or raises."""
        waiter: asyncio.Future[Found] = asyncio.get_running_loop().create_future()
        self.read_soon(partial(copy_context().run, function, *arguments), partial(settle, waiter))
        return await waiter

    def read_soon(self, function: Callable[[], Found], tell: Callable[[Found | Exception], None]) -> None:
        """The same without waiting: ``tell`` is called in the running event loop with what came of it. Raises
        StoreUnavailable once this is closed.
        """
        read = _Read(function, tell, asyncio.get_running_loop())
        with self._lock:
            if self._closed:
                raise StoreUnavailable("the store is closing")
            if not self._begun:
                self._begun = True
                for thread in self._threads:
                    thread.start()
            self._queue.put(read)

    def close(self) -> None:
        """Returns when nothing is being read any more; what has not begun by now fails with StoreUnavailable."""
        with self._lock:
            self._closed = True
            self._queue.put(None)
        for thread in self._threads if self._begun else ():
            thread.join()

    def _run(self) -> None:
        while (read := self._queue.get()) is not None:
            outcome = self._outcome(read.function)
            # A loop that has ended has nobody left to be told.
            with suppress(RuntimeError):
                read.loop.call_soon_threadsafe(read.tell, outcome)
        # The others are to end too.
        self._queue.put(None)

    def _outcome(self, function: Callable[[], Any]) -> Any:
        if self._closed:
            return StoreUnavailable("the store is closing")
        try:
            return function()
        except Exception as error:  # noqa: BLE001
            return error
