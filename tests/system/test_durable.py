"""Durable cursors of a real server: over processes, restarts and kills."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.samples import statement
from tests.system.access import STATEMENTS, WAIT_S, add_consumer, authorization, client, key_of, token_of
from tests.system.listener import Listener, listening
from tests.system.server import Server


@asynccontextmanager
async def durable(server: Server, **members: Any) -> AsyncIterator[Listener]:
    """Consumer ``engine`` under its durable name, with a credential of its own each time."""
    async with listening(server.stream_url, authorization(token_of(server, "engine"))) as listener:
        await listener.until("hello")
        await listener.subscribe(durable="knowledge", **members)
        yield listener


async def test_a_name_alone_goes_on_over_processes_restarts_and_kills(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    await asyncio.to_thread(server.start, "--workers", "2")
    try:
        add_consumer(server, "lms", "statements/write")
        add_consumer(server, "engine", "stream")
        made: list[str] = []
        got: list[str] = []

        async def write(count: int) -> None:
            async with client(server, key_of(server, "lms")) as lms:
                answer = await lms.post(STATEMENTS, json=[statement() for _ in range(count)])
                made.extend(answer.json())

        async def take(count: int) -> None:
            """Deal with ``count`` statements, and a batch more that is not acknowledged."""
            async with durable(server) as listener:
                got.extend(await listener.ids(count))
                await listener.say(type="ack", sub="s1", cursor=listener.told["s1"])
                await listener.say(type="unsubscribe", sub="s1")
                await listener.until("unsubscribed")

        async with durable(server):
            pass
        await write(3)
        await take(3)
        async with durable(server) as listener:
            # Nobody acknowledges these.
            await write(2)
            await listener.ids(2)
        for end in server.kill, server.stop:
            await asyncio.to_thread(end)
            await asyncio.to_thread(server.start, "--workers", "2")
            await write(1)
            await take(len(made) - len(got))
        assert got == made
    finally:
        server.close()
    assert "Traceback" not in server.output


async def test_what_was_acknowledged_a_while_ago_survives_a_kill(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    await asyncio.to_thread(server.start)
    try:
        add_consumer(server, "lms", "statements/write")
        add_consumer(server, "engine", "stream")
        async with durable(server) as listener, client(server, key_of(server, "lms")) as lms:
            await lms.post(STATEMENTS, json=[statement(), statement()])
            await listener.ids(2)
            await listener.say(type="ack", sub="s1", cursor=listener.told["s1"])
            async with asyncio.timeout(WAIT_S):
                # Each look starts a process, which is pause enough.
                while (await asyncio.to_thread(server.run_json, "cursor", "list"))[0]["behind"]:
                    pass
            await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        acknowledged = listener.told["s1"]
        async with durable(server) as listener:
            assert listener.told["s1"] == acknowledged
        await asyncio.to_thread(server.run, "cursor", "drop", "engine", "knowledge")
        async with durable(server, **{"from": "beginning"}) as listener:
            assert len(await listener.ids(2)) == 2
    finally:
        server.close()
