"""A backup of a real server under load, and what its clients see after a restore."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.samples import statement
from tests.system.access import STATEMENTS, add_consumer, authorization, client, ids, key_of, token_of
from tests.system.listener import listening
from tests.system.server import Server


async def test_a_backup_under_load_is_a_prefix_of_the_log_and_readers_are_told_of_the_restore(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    file = tmp_path / "store.tar.gz"
    await asyncio.to_thread(server.start, "--workers", "2")
    try:
        add_consumer(server, "lms", "statements/write")
        add_consumer(server, "engine", "stream", "statements/read")
        token = token_of(server, "engine")
        answered: list[str] = []
        writing = True

        async def write() -> None:
            async with client(server, key_of(server, "lms")) as lms:
                while writing:
                    answer = await lms.post(STATEMENTS, json=[statement() for _ in range(10)])
                    assert answer.status_code == 200, answer.text
                    answered.extend(answer.json())

        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(write())
            while len(answered) < 100:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            before = set(answered)
            await asyncio.to_thread(server.run, "backup", str(file))
            writing = False
        async with client(server, token) as reader:
            order = await ids(reader, limit=500)
        async with listening(f"{server.stream_url}?from=now", authorization(token)) as listener:
            await listener.until("live")
        cursor = listener.told["main"]
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.run, "restore", str(file), "--force")
        assert "whole" in await asyncio.to_thread(server.run, "verify")
        await asyncio.to_thread(server.start, "--workers", "2")
        async with client(server, token) as reader:
            kept = await ids(reader, limit=500)
            assert kept == order[: len(kept)]
            assert before <= set(kept)
            assert (await reader.get(STATEMENTS, params={"after": cursor})).status_code == 410
        async with listening(server.stream_url, authorization(token)) as listener:
            await listener.until("hello")
            await listener.say(type="subscribe", id=1, sub="s1", after=cursor)
            assert (await listener.until("error"))["code"] == "epoch_changed"
            await listener.subscribe(**{"from": "beginning"})
            assert await listener.ids(len(kept)) == kept
    finally:
        server.close()
    assert "Traceback" not in server.output
