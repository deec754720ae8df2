"""Programs that use the client, on a server that is killed and stopped under them, in both forms."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from lrs.client import Refused
from tests.client.forms import FORMS, Opening
from tests.samples import COURSE_A, COURSE_B, statement
from tests.system.access import STATEMENTS, WAIT_S, client, ids, key_of, token_for
from tests.system.server import Server, running

ENDS = ("kill", "stop", "kill")


@pytest.fixture(params=FORMS)
def opening(request: pytest.FixtureRequest) -> Opening:
    made: Opening = request.param
    return made


@asynccontextmanager
async def writing(server: Server, credential: tuple[str, str]) -> AsyncIterator[None]:
    """Statements of two courses, in small batches, as long as the server lets them in."""

    async def write() -> None:
        while True:
            async with client(server, credential) as writer:
                made = [statement(course=course) for course in (COURSE_A, COURSE_B, COURSE_A)]
                try:
                    await writer.post(STATEMENTS, json=made)
                except httpx.TransportError:
                    await asyncio.sleep(0.01)

    task = asyncio.create_task(write())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_nothing_is_lost_or_doubled_while_the_server_comes_and_goes(tmp_path: Path, opening: Opening) -> None:
    with running(tmp_path / "data", LRS_HEARTBEAT_S="0.2") as server:
        key = await asyncio.to_thread(prepare, server)
        token = token_for(server, "engine", "stream", "statements/read")
        got: list[str] = []
        async with opening(server.stream_url, token=token, start="beginning", course=[COURSE_A]) as stream:
            async with writing(server, key):
                for end in ENDS:
                    await read(stream, got, len(got) + 20)
                    await asyncio.to_thread(getattr(server, end))
                    await asyncio.to_thread(server.start)
            async with client(server, token) as reader:
                stored = await ids(reader, course=COURSE_A, limit=500)
            await read(stream, got, len(stored))
    assert got == stored


def prepare(server: Server) -> tuple[str, str]:
    token_for(server, "lms", "statements/write")
    return key_of(server, "lms")


async def read(stream: Any, got: list[str], count: int) -> None:
    async with asyncio.timeout(WAIT_S):
        while len(got) < count:
            got.append((await stream.statement())["id"])


async def test_a_revoked_token_ends_the_stream(tmp_path: Path, opening: Opening) -> None:
    with running(tmp_path / "data") as server:
        token = token_for(server, "engine", "stream")
        async with opening(server.stream_url, token=token) as stream:
            assert (await stream.batch()) is not None
            await asyncio.to_thread(server.run, "token", "revoke", token)
            with pytest.raises(Refused, match="token_revoked"):
                await stream.statement()
