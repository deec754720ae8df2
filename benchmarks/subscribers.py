"""Subscribers of the stream as blocking sockets, for what needs no speed of the client."""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, cast
from urllib.parse import quote

from benchmarks.servers import HOST, Server
from lrs.benchmark.frames import handshake
from lrs.benchmark.requests import Target
from lrs.simulation.mix import course_key

COURSE = 14
"""The course out of 20 to which about 1 % of the statements belong."""

_WAIT_S = 120.0
_BUFFER_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class CatchUp:
    """One subscriber's way from the beginning to the head: statements told to it, out of all that there were."""

    told: int
    passed: int
    seconds: float

    @property
    def per_s(self) -> float:
        """Statements told in a second."""
        return self.told / self.seconds


def course_query(number: int = COURSE) -> str:
    """The part of a URL that asks for one course."""
    return f"course={quote(course_key(number), safe=':')}"


def catch_up(server: Server, query: str, *, passed: int | None = None) -> CatchUp:
    """From the handshake until the server says that the head is reached."""
    began, told = time.perf_counter(), 0
    with subscriber(server, query, until_live=False) as stream:
        for _, payload in frames(stream):
            if payload.startswith(b'{"type":"live"'):
                break
            told += payload.count(b'"stored":')
        seconds = time.perf_counter() - began
        return CatchUp(told, told if passed is None else passed, seconds)


@contextmanager
def subscriber(
    server: Server, query: str, *, token: str = "", receive_bytes: int | None = None, until_live: bool = True
) -> Iterator[BinaryIO]:
    """The frames of a subscription that was opened by its URL, from the first or from the one after ``live``."""
    target = Target("http", HOST, server.port, "/xapi", f"Bearer {token or server.token}")
    with socket.socket() as made:
        if receive_bytes is not None:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        made.settimeout(_WAIT_S)
        made.connect((HOST, server.port))
        made.sendall(handshake(target, f"stream?{query}"))
        buffered: BinaryIO = cast("BinaryIO", made.makefile("rb", buffering=receive_bytes or _BUFFER_BYTES))
        with buffered as stream:
            status = stream.readline()
            assert status.startswith(b"HTTP/1.1 101 "), status
            while stream.readline().strip():
                pass
            if until_live:
                assert any(payload.startswith(b'{"type":"live"') for _, payload in frames(stream))
            yield stream


def frames(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """(opcode, payload) of each frame of a server, until it closes."""
    while len(head := stream.read(2)) == 2:
        size = head[1]
        if size > 125:
            size = int.from_bytes(stream.read(2 if size == 126 else 8))
        yield head[0] & 15, stream.read(size)


def let_have_files(count: int) -> None:
    """Raise how many sockets this process, and those that it starts, may have. ValueError if the system forbids it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
