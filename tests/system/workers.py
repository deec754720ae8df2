"""The processes of a server that has several, each reached on purpose.

The kernel gives a connection to whichever process is quicker, and one that is still starting gets none for a while: so
however many connections are made, they may all be with one process. Here the others are held while one is connected to.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import httpx

from tests.system.access import STATEMENTS, WAIT_S, Credential, authorization, client
from tests.system.listener import Listener, listening
from tests.system.server import Server

T = TypeVar("T")

HELD_S = 2.0
"""The longest that processes are held: they must answer their parent, and may have locked what the other one needs."""


def children(pid: int) -> list[int]:
    """The processes that ``pid`` has started and that are there."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def workers(server: Server) -> list[int]:
    """The processes that serve, or soon will; not the one that watches over what they share."""
    found = []
    for child in children(server.pid):
        with suppress(OSError):
            if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(child)
    return found


def process_of(server: Server, port: int) -> int:
    """The process that has the other end of the connection from the local ``port``."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if [int(end.split(":")[1], 16) for end in fields[1:3]] == [server.port, port]:
            wanted = f"socket:[{fields[9]}]"
            for child in children(server.pid):
                if wanted in _descriptors(child):
                    return child
    raise AssertionError(f"no process has the connection from port {port}")


def wait_for_replacement(server: Server, victim: int) -> None:
    """Return once ``victim`` has gone and another process stands in its place."""
    before = set(workers(server)) - {victim}
    deadline = time.monotonic() + WAIT_S
    while victim in workers(server) or not set(workers(server)) - before:
        assert time.monotonic() < deadline, server.output
        time.sleep(0.05)


def clients_of_both(server: Server, credential: Credential) -> AbstractAsyncContextManager[list[httpx.AsyncClient]]:
    """A client for each of two processes, which keeps its one connection; ``credential`` may read statements."""
    return _each(server, lambda: _client(server, credential))


def subscribers_of_both(server: Server, token: str) -> AbstractAsyncContextManager[list[Listener]]:
    """A subscriber on each of two processes, to what is stored from now on."""
    return _each(server, lambda: _subscriber(server, token))


@asynccontextmanager
async def _each(
    server: Server, connect: Callable[[], AbstractAsyncContextManager[tuple[T, int]]]
) -> AsyncIterator[list[T]]:
    """What ``connect`` makes with each of two processes. It gives what it made, and the local port of that."""
    found: dict[int, T] = {}
    deadline = time.monotonic() + WAIT_S
    async with AsyncExitStack() as stack:
        while len(found) < 2:
            assert time.monotonic() < deadline, server.output
            for worker in set(workers(server)) - set(found):
                async with AsyncExitStack() as attempt:
                    with suppress(TimeoutError), _held(set(workers(server)) - {worker}):
                        async with asyncio.timeout(HELD_S):
                            made, port = await attempt.enter_async_context(connect())
                        if found.setdefault(process_of(server, port), made) is made:
                            await stack.enter_async_context(attempt.pop_all())
            # One of them may have only begun to start.
            await asyncio.sleep(0.01)
        yield list(found.values())


@contextmanager
def _held(processes: set[int]) -> Iterator[None]:
    """Let ``processes`` do nothing during the block."""
    try:
        for one in processes:
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGSTOP)
        yield
    finally:
        for one in processes:
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGCONT)


@asynccontextmanager
async def _client(server: Server, credential: Credential) -> AsyncIterator[tuple[httpx.AsyncClient, int]]:
    async with client(server, credential) as made:
        answer = await made.get(STATEMENTS, params={"limit": 1})
        yield made, answer.extensions["network_stream"].get_extra_info("client_addr")[1]


@asynccontextmanager
async def _subscriber(server: Server, token: str) -> AsyncIterator[tuple[Listener, int]]:
    async with listening(f"{server.stream_url}?from=now", authorization(token)) as made:
        await made.until("live")
        yield made, made.socket.local_address[1]


def _descriptors(pid: int) -> set[str]:
    """What the descriptors of a process are; nothing once it has ended."""
    found = set()
    with suppress(OSError):
        for path in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                found.add(str(path.readlink()))
    return found
