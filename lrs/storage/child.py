"""A process that commits for this one, so that neither waits for the other's turn with the interpreter.

It is a copy of this process (fork(2)), made before there are threads: it takes hardly any memory of its own, and is
there at once. It ends when this process does, however that comes: then its end of the socket between them is closed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NoReturn, Protocol

from lrs.errors import LrsError
from lrs.storage.writer import Entry, Runner, Work
from lrs.telemetry import logger

_LENGTH_BYTES = 8
_READ_BYTES = 256 * 1024
_FIRST_DESCRIPTOR = 3
_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Answer = Callable[[bytes], bytes]


class Child:
    """The process, which gives each message to ``answer`` and sends back what that returns. It has no open files but
    the standard ones. To be made before there are threads, and before the database is opened that it is to open: SQLite
    does not survive a fork. Raises OSError.
    """

    def __init__(self, answer: Answer) -> None:
        self.socket, theirs = socket.socketpair()
        # One that comes in between is the child's to ignore.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _IGNORED)
        try:
            self.pid = os.fork()
            if self.pid == 0:
                _be_child(theirs, answer)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        self.socket.setblocking(False)

    def close(self) -> None:
        """Returns when it has ended."""
        self.socket.close()
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def _be_child(own: socket.socket, answer: Answer) -> NoReturn:
    """What the child does, and all that it does."""
    status = 1
    try:
        # Who ends this process ends it by closing the socket: whatever is under way is finished before.
        for number in _IGNORED:
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _IGNORED)
        signal.set_wakeup_fd(-1)
        os.closerange(_FIRST_DESCRIPTOR, own.fileno())
        os.closerange(own.fileno() + 1, os.sysconf("SC_OPEN_MAX"))
        with own.makefile("rb") as coming:
            while length := coming.read(_LENGTH_BYTES):
                content = coming.read(size := int.from_bytes(length, "little"))
                # The process may be gone in the middle of a message.
                if len(content) == size:
                    own.sendall(_framed(answer(content)))
        status = 0
    except ConnectionError:
        status = 0
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
    finally:
        # Nothing of what this process would do at its end is this one's to do.
        os._exit(status)


def _framed(content: bytes) -> bytes:
    return len(content).to_bytes(_LENGTH_BYTES, "little") + content


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

    def __init__(self, child: Child, codec: Codec, otherwise: Callable[[], Runner]) -> None:
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
        """The child's; None when it has ended."""
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
                self._leaving = memoryview(_framed(self._codec.encode([entry.job for entry in self._group])))
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
        if len(self._coming) < _LENGTH_BYTES + int.from_bytes(self._coming[:_LENGTH_BYTES], "little"):
            return
        # Nothing follows an answer before the next group is sent.
        outcomes = self._codec.decode(memoryview(bytes(self._coming))[_LENGTH_BYTES:])
        self._coming.clear()
        group, self._group = self._group, ()
        self._turn()
        if self._work is not None:
            self._work.finish(group, outcomes)

    def _lost(self) -> None:
        """The child has ended."""
        logger.error("log_process_ended", pid=self._child.pid, then="this process writes by itself from now on")
        self._gone = True
        self._leave()
        self._go_on()

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
