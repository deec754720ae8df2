"""Committing in another process (``lrs.storage.child``), from the side of the event loop, which never waits for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol

from lrs.errors import LrsError
from lrs.storage.child import LENGTH_BYTES, Line, framed, is_whole
from lrs.storage.writer import Entry, Runner, Work
from lrs.telemetry import logger

_READ_BYTES = 256 * 1024


class Codec(Protocol):
    """How jobs and outcomes go to the child and come back."""

    def encode(self, jobs: Sequence[Any]) -> bytes:
        """A message with ``jobs``."""

    def decode(self, answer: bytes | memoryview) -> Sequence[Any]:
        """What came of each job of the last message."""


class ChildRunner:
    """``Runner`` in ``child``, to be made and closed while an event loop runs, which this is told of.

    When the child ends by itself, what it was doing is done again by the runner that ``otherwise`` makes, and all
    that comes after. So jobs must be such that it does no harm to commit them again.
    """

    def __init__(self, child: Line, codec: Codec, otherwise: Callable[[], Runner]) -> None:
        self._child = child
        self._codec = codec
        self._otherwise = otherwise
        self._loop = asyncio.get_running_loop()
        self._work: Work | None = None
        self._group: Sequence[Entry[Any, Any]] = ()
        self._leaving = memoryview(b"")
        self._coming = bytearray()
        self._ending = self._gone = False
        self._ended = threading.Event()
        self._successor: Runner | None = None
        self._loop.add_reader(child.socket, self._readable)

    def start(self, work: Work) -> None:
        """See ``Runner``."""
        self._work = work

    def wake(self) -> None:
        """See ``Runner``."""
        if self._successor is not None:
            self._successor.wake()
        elif asyncio._get_running_loop() is self._loop:  # noqa: SLF001
            # Not at once: what else comes in this turn of the loop is committed together.
            self._loop.call_soon(self._turn)
        else:
            self._loop.call_soon_threadsafe(self._turn)

    @property
    def pid(self) -> int | None:
        """The child's, where it works for nobody else; None when it has ended."""
        return None if self._gone else self._child.pid

    @property
    def alive(self) -> bool:
        """Whether somebody commits."""
        return self._successor is None or self._successor.alive

    def close(self) -> None:
        """See ``Runner``."""
        self._loop.call_soon_threadsafe(self._end)
        self._ended.wait()
        if self._successor is not None:
            self._successor.close()
        self._child.close()

    def _turn(self) -> None:
        """Send the next group, unless one is under way."""
        if self._successor is not None:
            self._successor.wake()
        elif self._gone:
            self._go_on()
        elif not self._group and self._work is not None:
            self._group = self._work.take()
            if self._group:
                self._leaving = memoryview(framed(self._codec.encode([entry.job for entry in self._group])))
                self._writable()
            elif self._ending:
                self._leave()

    def _writable(self) -> None:
        """Send what the socket takes."""
        with suppress(BlockingIOError):
            try:
                self._leaving = self._leaving[self._child.socket.send(self._leaving) :]
            except ConnectionError:
                self._lost()
                return
        if self._leaving:
            self._loop.add_writer(self._child.socket, self._writable)
        else:
            self._loop.remove_writer(self._child.socket)

    def _readable(self) -> None:
        """Take what the socket has; when that is a whole answer, send the next group before anybody is told of it."""
        try:
            came = self._child.socket.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except ConnectionError:
            came = b""
        if not came:
            self._lost()
            return
        self._coming += came
        if not is_whole(self._coming):
            return
        outcomes = self._codec.decode(memoryview(bytes(self._coming))[LENGTH_BYTES:])
        self._coming.clear()
        group, self._group = self._group, ()
        self._turn()
        if self._work is not None:
            self._work.finish(group, outcomes)

    def _lost(self) -> None:
        """The child has ended."""
        logger.error("log_process_ended", pid=self._child.pid, then="this process writes by itself from now on")
        self._gone = True
        self._go_on()
        # Not before: who closes this then closes the successor.
        self._leave()

    def _go_on(self) -> None:
        """Have the successor do what is left; while there can be none, it is refused."""
        if self._work is None:
            return
        try:
            successor = self._otherwise()
        except LrsError as error:
            group, self._group = self._group or self._work.take(), ()
            while group:
                self._work.finish(group, [error] * len(group))
                group = self._work.take()
            return
        successor.start(_Resumed(self._group, self._work))
        self._successor = successor
        successor.wake()

    def _leave(self) -> None:
        self._loop.remove_reader(self._child.socket)
        self._loop.remove_writer(self._child.socket)
        self._ended.set()

    def _end(self) -> None:
        self._ending = True
        self._turn()


class _Resumed:
    """``Work`` that begins with a ``group`` of which nobody knows whether it was committed."""

    def __init__(self, group: Sequence[Entry[Any, Any]], work: Work) -> None:
        self._group = group
        self._work = work

    def take(self) -> Sequence[Entry[Any, Any]]:
        """See ``Work``."""
        group, self._group = self._group, ()
        return group or self._work.take()

    def finish(self, group: Sequence[Entry[Any, Any]], outcomes: Sequence[Any]) -> None:
        """See ``Work``."""
        self._work.finish(group, outcomes)
