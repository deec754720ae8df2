"""Five hundred subscribers lose their server at once, and all come back."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lrs.client import Stream
from tests.samples import statement
from tests.system.access import STATEMENTS, client, ids, key_of, token_for
from tests.system.server import Server, running

CLIENTS = 500
STORM_S = 300
"""Far more than it takes; only a fault takes so long."""
_FILES = 4 * CLIENTS


class Crowd:
    """Subscribers to everything, each with what it was told."""

    def __init__(self, server: Server, token: str) -> None:
        self.got: list[list[str]] = [[] for _ in range(CLIENTS)]
        self._listening = 0
        self._all_listen = asyncio.Event()
        self._server = server
        self._token = token

    async def all_listen(self) -> None:
        await self._all_listen.wait()

    async def told_the_same(self, wanted: list[str]) -> None:
        """Until each was told this, and nothing else."""
        while any(len(one) < len(wanted) for one in self.got):  # noqa: ASYNC110 - It is a test.
            await asyncio.sleep(0.05)
        assert [one for one in self.got if one != wanted] == []

    async def follow(self, number: int) -> None:
        """One subscriber, for ever."""
        async with Stream(self._server.stream_url, token=self._token) as stream:
            began = False
            async for batch in stream.batches():
                self.got[number] += [one["id"] for one in batch]
                if batch.live and not began:
                    began = True
                    self._listening += 1
                    if self._listening == CLIENTS:
                        self._all_listen.set()


@pytest.fixture(autouse=True)
def enough_files() -> Iterator[None]:
    """The server inherits it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < _FILES:
        pytest.skip("the system lets nobody have so many sockets")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, _FILES), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def serving(data: Path) -> Iterator[Server]:
    with running(data, LRS_CONNECTIONS_PER_TOKEN_MAX=str(2 * CLIENTS), LRS_HEARTBEAT_S="2") as server:
        yield server


async def test_five_hundred_subscribers_come_back_and_are_told_everything_once(tmp_path: Path) -> None:
    """From a server that is killed while they all listen, and again while they come back."""
    with serving(tmp_path / "data") as server:
        token = token_for(server, "engine", "stream", "statements/read")
        token_for(server, "lms", "statements/write")
        crowd = Crowd(server, token)
        async with asyncio.timeout(STORM_S), asyncio.TaskGroup() as group:
            followers = [group.create_task(crowd.follow(number)) for number in range(CLIENTS)]
            await crowd.all_listen()
            stored = await write(server)
            for pause_s in (0.0, 0.5):
                await asyncio.sleep(pause_s)
                await asyncio.to_thread(server.kill)
                await asyncio.to_thread(server.start)
                stored = await write(server)
            await crowd.told_the_same(stored)
            for follower in followers:
                follower.cancel()
        assert "Traceback" not in server.output


async def write(server: Server) -> list[str]:
    """Some more statements; the ids of all that are there by then."""
    async with client(server, key_of(server, "lms")) as writer:
        answer = await writer.post(STATEMENTS, json=[statement() for _ in range(10)])
        assert answer.status_code == 200, answer.text
    async with client(server, token_for(server, f"reader-{answer.json()[0]}", "statements/read")) as reader:
        return await ids(reader, limit=500)
