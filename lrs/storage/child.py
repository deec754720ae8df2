"""A process that commits for others, so that nobody waits for somebody else's turn with the interpreter.

It is a copy of the process that makes it (fork(2)), from before there were threads: it takes hardly any memory of its
own, and is there at once. It ends when that process does, however that comes: then the socket between them is closed.
"""

from __future__ import annotations

import gc
import os
import secrets
import selectors
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, Protocol

LENGTH_BYTES = 8
_READ_BYTES = 256 * 1024
_FIRST_DESCRIPTOR = 3
_COLLECT_ALLOCATIONS = 500_000
"""What one large message brings is no garbage: looking through it for cycles would find nothing, several times over."""

_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_CREDENTIALS = struct.Struct("3i")

Answer = Callable[[Sequence[memoryview]], Sequence[bytes]]
"""Takes the messages that are there, of as many processes, and returns what each is to be sent back."""


class Line(Protocol):
    """A connection to such a process. Each message is answered before the next one is sent."""

    @property
    def socket(self) -> socket.socket:
        """Does not block."""

    @property
    def pid(self) -> int | None:
        """Of the process, where it works for nobody else."""

    def close(self) -> None:
        """Hang up; where the process works for nobody else, this returns when it has ended."""


class Child:
    """``Line`` to a new process, which has no open files but the standard ones.

    To be made before there are threads, and before the database is opened that it is to open: SQLite does not survive
    a fork. With ``name``, of ``new_name``, it works for all who ``Call`` it by that. Raises OSError.
    """

    def __init__(self, answer: Answer, name: str | None = None) -> None:
        self.socket, theirs = socket.socketpair()
        listener = None if name is None else _listening(name)
        # One that comes in between is the child's to ignore.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _IGNORED)
        try:
            self.pid = os.fork()
            if self.pid == 0:
                _be_child(theirs, listener, answer)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        if listener is not None:
            listener.close()
        self.socket.setblocking(False)

    def close(self) -> None:
        """See ``Line``."""
        self.socket.close()
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


class Call:
    """``Line`` to the process that listens by ``name``. Raises OSError when there is none of the same user."""

    pid = None

    def __init__(self, name: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        try:
            self.socket.connect(_address(name))
            if not _is_ours(self.socket):
                raise PermissionError("the process is another user's")
        except OSError:
            self.socket.close()
            raise
        self.socket.setblocking(False)

    def close(self) -> None:
        """See ``Line``."""
        self.socket.close()


def new_name() -> str:
    """A name to listen by that nobody has."""
    return f"lrs-lite-{secrets.token_hex(16)}"


def framed(content: bytes) -> bytes:
    """``content`` as a message: after its length."""
    return len(content).to_bytes(LENGTH_BYTES, "little") + content


def _address(name: str) -> str:
    """In the abstract namespace of Linux (unix(7)): such a socket is no file, and is gone with its process."""
    return f"\0{name}"


def _listening(name: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(_address(name))
    listener.listen()
    return listener


def _is_ours(connection: socket.socket) -> bool:
    """Whether the process at the other end is of this user: anybody may see the name, and connect."""
    _, user, _ = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return bool(user == os.geteuid())


def _be_child(own: socket.socket, listener: socket.socket | None, answer: Answer) -> NoReturn:
    """What the child does, and all that it does."""
    status = 1
    try:
        # Who ends this process ends it by closing the socket: whatever is under way is finished before.
        for number in _IGNORED:
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _IGNORED)
        signal.set_wakeup_fd(-1)
        gc.set_threshold(_COLLECT_ALLOCATIONS)
        _let_go_of_all_but({own.fileno()} | ({listener.fileno()} if listener is not None else set()))
        _Service(own, listener, answer).run()
        status = 0
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
    finally:
        # Nothing of what this process would do at its end is this one's to do.
        os._exit(status)


def _let_go_of_all_but(kept: set[int]) -> None:
    """Have every open descriptor but the standard ones and those lead nowhere.

    They are not closed: then the database would get the number of one of them, and what still writes to that, such as
    a log that goes to a file, would write into the database.
    """
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in [int(one.name) for one in Path("/dev/fd").iterdir()]:
        if number >= _FIRST_DESCRIPTOR and number not in {nowhere, *kept}:
            os.dup2(nowhere, number, inheritable=False)


class _Service:
    """The loop of the child, until ``own`` is closed by the other side."""

    def __init__(self, own: socket.socket, listener: socket.socket | None, answer: Answer) -> None:
        self._own = own
        self._listener = listener
        self._answer = answer
        self._coming: dict[socket.socket, bytearray] = {own: bytearray()}
        self._selector = selectors.DefaultSelector()
        for one in filter(None, (own, listener)):
            self._selector.register(one, selectors.EVENT_READ)

    def run(self) -> None:
        """Answer together all messages that have come meanwhile."""
        while self._own in self._coming:
            for key, _ in self._selector.select():
                if key.fileobj is self._listener:
                    self._accept()
                elif isinstance(key.fileobj, socket.socket):
                    self._read(key.fileobj)
            whole = [one for one, coming in self._coming.items() if is_whole(coming)]
            if whole:
                messages = [memoryview(self._coming[one])[LENGTH_BYTES:] for one in whole]
                for one in whole:
                    self._coming[one] = bytearray()
                for one, content in zip(whole, self._answer(messages), strict=True):
                    self._send(one, framed(content))

    def _accept(self) -> None:
        if self._listener is not None:
            connection, _ = self._listener.accept()
            if _is_ours(connection):
                self._coming[connection] = bytearray()
                self._selector.register(connection, selectors.EVENT_READ)
            else:
                connection.close()

    def _read(self, connection: socket.socket) -> None:
        try:
            came = connection.recv(_READ_BYTES)
        except ConnectionError:
            came = b""
        if came:
            self._coming[connection] += came
        else:
            self._forget(connection)

    def _send(self, connection: socket.socket, content: bytes) -> None:
        with suppress(ConnectionError):
            connection.sendall(content)

    def _forget(self, connection: socket.socket) -> None:
        """Its process is gone, and half a message may be left of it."""
        del self._coming[connection]
        self._selector.unregister(connection)
        connection.close()


def is_whole(coming: bytes | bytearray) -> bool:
    """Whether a whole message has come; nothing follows it before it is answered."""
    return len(coming) >= LENGTH_BYTES and len(coming) == LENGTH_BYTES + int.from_bytes(coming[:LENGTH_BYTES], "little")
