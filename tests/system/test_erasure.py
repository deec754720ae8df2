"""A learner is erased while writers write and subscribers listen, and while what erases is killed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from random import Random
from typing import Any

import httpx
import orjson
import pytest
from websockets.asyncio.client import connect

from lrs.cli.erase import traces_left
from lrs.config import Settings
from lrs.statements.learners import Learner
from lrs.statements.sqlite.names import Names
from lrs.storage.sqlite import connect as opened
from lrs.storage.sqlite import transaction
from tests.cli.invoke import Shell
from tests.erasure.test_bytes import LEARNER, MAILBOX, NAME, TRACES, decoded, files_with
from tests.samples import LMS, statement
from tests.system.access import STATEMENTS, WAIT_S, add_consumer, client, key_of, token_of
from tests.system.server import Server, clean_environment, running

WHO = ("--agent", orjson.dumps(LEARNER).decode(), "--agent", orjson.dumps(MAILBOX).decode())
OF_LEARNER = 600


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with running(tmp_path / "data") as made:
        add_consumer(made, "lms", "statements/write", "statements/read")
        add_consumer(made, "engine", "stream")
        yield made


async def fill(writer: httpx.AsyncClient) -> set[str]:
    """Statements of the learner among those of a class; returns the ids of the learner's."""
    of_learner = [statement(learner=NAME) if n % 2 else statement(actor=MAILBOX) for n in range(OF_LEARNER)]
    for first in range(0, OF_LEARNER, 50):
        others = [statement(learner=f"other-{first}-{n}") for n in range(50)]
        answer = await writer.post(STATEMENTS, json=[*others, *of_learner[first : first + 50]])
        assert answer.status_code == 200, answer.text
    return {one["id"] for one in of_learner}


def crowd(folder: Path, seed: int) -> None:
    """Names of many others, in any order: pages of an index over names would be split in every way, inner ones too."""
    random, names = Random(seed), Names("key_name", "name")
    with closing(opened(folder / "lrs.sqlite3")) as connection:
        for _ in range(30):
            with transaction(connection):
                names.enter(connection, [f"aaccount|{LMS}|{random.getrandbits(64):016x}" for _ in range(1_000)])


def erasing(server: Server) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "lrs", "erase", *WHO, "--yes", "--json"],
        stdout=subprocess.PIPE,
        env=clean_environment(LRS_DATA=str(server.data)),
    )


async def test_under_load(server: Server) -> None:
    """Writers lose nothing and are not held up, subscribers are told, and no byte of the learner is left."""
    told: set[str] = set()
    heard: list[str] = []
    slowest_s = 0.0
    async with client(server, key_of(server, "lms")) as writer:
        crowd(server.data, 1)
        mine = await fill(writer)
        crowd(server.data, 2)
        headers = {"Authorization": f"Bearer {token_of(server, 'engine')}"}
        async with connect(f"{server.stream_url}?from=now", additional_headers=headers) as stream:

            async def listen() -> None:
                async for raw in stream:
                    frame: dict[str, Any] = orjson.loads(raw)
                    if frame["type"] == "erased":
                        told.update(frame["ids"])
                    elif frame["type"] == "statements":
                        heard.extend(one["id"] for one in frame["statements"])

            listening = asyncio.create_task(listen())
            process = erasing(server)
            written: list[str] = []
            while process.poll() is None:
                made = statement(learner=f"late-{len(written)}")
                began_s = time.monotonic()
                assert (await writer.post(STATEMENTS, json=made)).status_code == 200
                slowest_s = max(slowest_s, time.monotonic() - began_s)
                written.append(made["id"])
            assert process.returncode == 0
            done = orjson.loads(process.communicate()[0])
            with suppress(TimeoutError):
                async with asyncio.timeout(WAIT_S):
                    while told != mine or heard != written:  # noqa: ASYNC110 - What it listens to brings it about.
                        await asyncio.sleep(0.05)
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening
        assert (done["statements"], done["left"]) == (OF_LEARNER, 0)
        assert told == mine
        assert heard == written
        assert slowest_s < WAIT_S / 2, "something waited for the whole erasure"
        for one in list(mine)[:3]:
            assert (await writer.get(STATEMENTS, params={"statementId": one})).status_code == 404
    server.stop()
    assert files_with(server.data, *TRACES) == []
    assert not any(text in decoded(server.data) for text in TRACES)
    assert Shell(server.data).json("verify")["records"] == 2 * OF_LEARNER + len(written)


@pytest.mark.parametrize("after_s", [0.3, 0.5, 0.8])
async def test_killed_in_between(server: Server, after_s: float) -> None:
    """What is there is whole at any time, and the next server goes on with it."""
    async with client(server, key_of(server, "lms")) as writer:
        await fill(writer)
    server.stop()
    process = erasing(server)
    # It is killed at some time after it has begun.
    while not erasures(server.data) and process.poll() is None:  # noqa: ASYNC110 - Another process brings it about.
        await asyncio.sleep(0.01)
    await asyncio.sleep(after_s)
    process.kill()
    process.communicate()
    assert Shell(server.data).json("verify")["whole"] is True
    server.start()
    with suppress(TimeoutError):
        async with asyncio.timeout(WAIT_S):
            while None in erasures(server.data):  # noqa: ASYNC110 - Another process brings it about.
                await asyncio.sleep(0.05)
    server.stop()
    assert None not in erasures(server.data)
    assert files_with(server.data, *TRACES) == []
    assert traces_left(Settings(data=server.data), Learner.of([LEARNER, MAILBOX])) == 0
    assert Shell(server.data).json("verify")["records"] == 2 * OF_LEARNER


def erasures(folder: Path) -> list[int | None]:
    """When each was finished."""
    with closing(opened(folder / "lrs.sqlite3")) as connection:
        return [one for (one,) in connection.execute("SELECT finished FROM erasure")]
