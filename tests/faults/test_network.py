"""A network that fails between the client and the server: nothing is lost, doubled or out of order, and what hangs is
freed at both ends.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from lrs.cli import sockets
from lrs.client import Stream
from tests.faults.proxy import Proxy, proxying
from tests.samples import COURSE_A, COURSE_B, statement
from tests.subscriptions.served import SETTINGS, Served, wait_until
from tests.system.access import STATEMENTS, WAIT_S, client, ids, key_of, token_for
from tests.system.server import Server, running

SILENCE_S = 0.5
"""The client takes a connection for dead when it hears nothing for so long; the server's heart beats more often."""


@pytest.fixture(scope="module")
def lrs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(
        tmp_path_factory.mktemp("network") / "data",
        LRS_HEARTBEAT_S="0.1",
        LRS_SEND_BLOCKED_S="0.5",
        LRS_SERVER_FRAME_STATEMENTS_MAX="7",
    ) as server:
        token_for(server, "lms", "statements/write")
        yield server


class Course:
    """A writer of two courses, and a subscriber to one of them from the other side of a network."""

    def __init__(self, lrs: Server, proxy: Proxy, writer: httpx.AsyncClient, stream: Stream) -> None:
        self.proxy = proxy
        self.got: list[str] = []
        self._lrs = lrs
        self._writer = writer
        self._stream = stream

    async def write(self, count: int, *, characters: int = 0) -> None:
        made = [
            statement(course=course, result={"response": "x" * characters})
            for _ in range(count)
            for course in (COURSE_A, COURSE_B)
        ]
        answer = await self._writer.post(STATEMENTS, json=made)
        assert answer.status_code == 200, answer.text

    async def read(self, count: int) -> None:
        """Until so many more were told."""
        wanted = len(self.got) + count
        async with asyncio.timeout(WAIT_S):
            while len(self.got) < wanted:
                self.got.append((await anext(self._stream))["id"])


@asynccontextmanager
async def course(lrs: Server, name: str, *, silence_s: float = SILENCE_S) -> AsyncIterator[Course]:
    """When the block ends, all that was written, by anybody, must have been told once and in order."""
    token = token_for(lrs, name, "stream", "statements/read")
    async with (
        proxying(lrs.port) as proxy,
        client(lrs, key_of(lrs, "lms")) as writer,
        Stream(
            f"ws://127.0.0.1:{proxy.port}/xapi/stream",
            token=token,
            start="beginning",
            silence_s=silence_s,
            course=[COURSE_A],
        ) as stream,
    ):
        found = Course(lrs, proxy, writer, stream)
        yield found
        async with client(lrs, token) as reader:
            stored = await ids(reader, course=COURSE_A, limit=500)
        await found.read(len(stored) - len(found.got))
        assert found.got == stored


async def test_a_connection_that_is_reset(lrs: Server, seed: int) -> None:
    """Again and again, at any place of a frame."""
    chance = random.Random(seed)
    async with course(lrs, "reset") as found:
        for _ in range(6):
            count = chance.randint(1, 60)
            found.proxy.piece_bytes = chance.randint(200, 5_000)
            await found.write(count)
            async with asyncio.TaskGroup() as group:
                group.create_task(found.read(count))
                await asyncio.sleep(chance.uniform(0, 0.05))
                await eventually(lambda: found.proxy.cut() > 0)
        assert found.proxy.connections >= 6


async def test_a_connection_on_which_nothing_comes_any_more(lrs: Server) -> None:
    """Neither side is told anything; the client notices that the heart of the server is not heard."""
    async with course(lrs, "half-open") as found:
        await found.write(10)
        for times in range(1, 3):
            await found.read(5)
            await eventually(lambda: found.proxy.hang() > 0)
            # What had come before is read first.
            while found.proxy.connections <= times:
                await found.write(5)
                await found.read(5)


async def test_one_byte_at_a_time(lrs: Server) -> None:
    async with course(lrs, "bytes", silence_s=WAIT_S) as found:
        found.proxy.piece_bytes = 1
        await found.write(10)
        await found.read(10)
        assert found.proxy.connections == 1
        found.proxy.piece_bytes = 64 * 1024


async def test_a_slow_network(lrs: Server) -> None:
    """Each piece is on its way for longer than a heart beats, and nothing is taken for dead."""
    async with course(lrs, "slow", silence_s=WAIT_S) as found:
        found.proxy.delay_s = 0.2
        for _ in range(3):
            await found.write(5)
            await found.read(5)
        assert found.proxy.connections == 1


async def test_the_server_frees_a_connection_that_takes_nothing(lrs: Server) -> None:
    """By ``LRS_SEND_BLOCKED_S``; the client on the other side does not say that it has gone."""
    token = token_for(lrs, "deaf", "stream", "statements/read")
    async with proxying(lrs.port) as proxy, client(lrs, key_of(lrs, "lms")) as writer:
        url = f"ws://127.0.0.1:{proxy.port}/xapi/stream"
        async with Stream(url, token=token, silence_s=WAIT_S) as stream:
            assert (await anext(stream.batches())).live
            assert proxy.hang() == 1
            (port,) = proxy.ports
            assert connected(port, lrs.port)
            for _ in range(8):
                made = [statement(course=None, result={"response": "x" * 20_000}) for _ in range(50)]
                assert (await writer.post(STATEMENTS, json=made)).status_code == 200
            await eventually(lambda: not connected(port, lrs.port))
            assert proxy.connections == 1


async def test_the_server_frees_a_connection_that_answers_no_ping(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while there is nothing to send, and although the last word never arrives."""
    monkeypatch.setattr(sockets, "LINGER_S", 0.05)
    with Served(SETTINGS, ws_ping_interval=0.5, ws_ping_timeout=1) as served:
        async with (
            proxying(int(served.address.split(":")[1])) as proxy,
            Stream(f"ws://127.0.0.1:{proxy.port}/xapi/stream", token="engine", silence_s=WAIT_S) as stream,
        ):
            assert (await anext(stream.batches())).live
            proxy.hang()
            await asyncio.to_thread(wait_until, lambda: not served.sockets and not len(served.sessions))


def connected(client_port: int, server_port: int) -> bool:
    """Whether the server's end of this connection is open (proc_net_tcp, state 01)."""
    wanted = [f"0100007F:{server_port:04X}", f"0100007F:{client_port:04X}", "01"]
    return any(line.split()[1:4] == wanted for line in Path("/proc/net/tcp").read_text().splitlines())


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():  # noqa: ASYNC110 - Another process brings it about.
            await asyncio.sleep(0.05)
