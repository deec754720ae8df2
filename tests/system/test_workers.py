"""Several processes on one store: they must be as one."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.samples import statement
from tests.system.access import (
    CONSISTENT_THROUGH,
    STATEMENTS,
    WAIT_S,
    add_consumer,
    authorization,
    client,
    ids,
    key_of,
    page_through,
    token_of,
)
from tests.system.listener import Listener, listening
from tests.system.server import Server, running

WRITES = 60
CONNECTIONS_MAX = 200
"""The kernel gives connections to whichever process is quicker; so many never all go to one."""


@pytest.fixture(scope="module")
def lrs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("workers") / "data"
    with running(folder, "--workers", "2", LRS_CONNECTIONS_PER_TOKEN_MAX="1000") as server:
        add_consumer(server, "lms", "statements/write", "statements/read")
        add_consumer(server, "engine", "stream")
        yield server


def process_of(server: Server, port: int) -> int:
    """The process that has the other end of the connection from the local ``port``."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if [int(end.split(":")[1], 16) for end in fields[1:3]] == [server.port, port]:
            wanted = f"socket:[{fields[9]}]"
            for child in children(server.pid):
                if any(link(path) == wanted for path in Path(f"/proc/{child}/fd").iterdir()):
                    return child
    raise AssertionError(f"no process has the connection from port {port}")


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def wait_for_replacement(server: Server, victim: int) -> None:
    """Return once ``victim`` has gone and another process stands in its place."""
    before = set(children(server.pid)) - {victim}
    deadline = time.monotonic() + WAIT_S
    while victim in children(server.pid) or not set(children(server.pid)) - before:
        assert time.monotonic() < deadline, server.output
        time.sleep(0.05)


def link(path: Path) -> str:
    try:
        return str(path.readlink())
    except FileNotFoundError:
        return ""


@asynccontextmanager
async def clients_of_both(server: Server) -> AsyncIterator[list[httpx.AsyncClient]]:
    """A client for each process, which keeps its one connection."""
    found: dict[int, httpx.AsyncClient] = {}
    credential = key_of(server, "lms")
    async with AsyncExitStack() as stack:
        for _ in range(CONNECTIONS_MAX):
            made = await stack.enter_async_context(client(server, credential))
            answer = await made.get(STATEMENTS, params={"limit": 1})
            port = answer.extensions["network_stream"].get_extra_info("client_addr")[1]
            found.setdefault(process_of(server, port), made)
            if len(found) == 2:
                yield list(found.values())
                return
        raise AssertionError("all connections went to one process")


@asynccontextmanager
async def subscribers_of_both(server: Server) -> AsyncIterator[list[Listener]]:
    """A subscriber on each process."""
    found: dict[int, Listener] = {}
    headers = authorization(token_of(server, "engine"))
    async with AsyncExitStack() as stack:
        for _ in range(CONNECTIONS_MAX):
            made = await stack.enter_async_context(listening(f"{server.stream_url}?from=now", headers))
            await made.until("live")
            found.setdefault(process_of(server, made.socket.local_address[1]), made)
            if len(found) == 2:
                yield list(found.values())
                return
        raise AssertionError("all connections went to one process")


async def test_what_is_written_through_one_process_reaches_subscribers_of_both(lrs: Server) -> None:
    """In one order, that of the log."""
    async with clients_of_both(lrs) as writers, subscribers_of_both(lrs) as subscribers:
        made = []
        for writer in [*writers] * 3:
            made.append(statement())
            assert (await writer.post(STATEMENTS, json=made[-1])).status_code == 200
        for subscriber in subscribers:
            assert await subscriber.ids(6) == [one["id"] for one in made]


async def test_writes_through_both_at_once_are_all_stored_and_streamed_in_one_order(lrs: Server) -> None:
    async with clients_of_both(lrs) as writers, subscribers_of_both(lrs) as subscribers:

        async def write(writer: httpx.AsyncClient) -> list[str]:
            made = []
            for number in range(WRITES):
                batch = [statement() for _ in range(1 + number % 5)]
                answer = await writer.post(STATEMENTS, json=batch)
                assert answer.status_code == 200, answer.text
                made += answer.json()
            return made

        written = await asyncio.gather(*map(write, [*writers, *writers]))
        total = sum(map(len, written))
        streamed = [await subscriber.ids(total) for subscriber in subscribers]
        assert streamed[0] == streamed[1] == (await ids(writers[0]))[-total:]
        for made in written:
            assert [one for one in streamed[0] if one in set(made)] == made


async def test_a_statement_that_was_answered_is_seen_at_once_through_the_other_process(lrs: Server) -> None:
    """Invariant 2 and the reader's own connection: no cache stands between."""
    async with clients_of_both(lrs) as both:
        for _ in range(10):
            for writer, reader in both, both[::-1]:
                made = statement()
                assert (await writer.post(STATEMENTS, json=made)).status_code == 200
                assert (await reader.get(STATEMENTS, params={"statementId": made["id"]})).status_code == 200


async def test_a_reader_that_goes_on_after_consistent_through_misses_nothing(lrs: Server, seed: int) -> None:
    """Communication 2.1.3, invariant 9: each poll asks for what was stored since the time that the last one was told.

    A promise that is too bold would lose what is stored at that time or before and shows only later.
    """
    chance = random.Random(seed)
    writing = True

    async def write(writer: httpx.AsyncClient) -> None:
        for _ in range(WRITES):
            batch = [statement() for _ in range(chance.choice((1, 1, 2, 30)))]
            assert (await writer.post(STATEMENTS, json=batch)).status_code == 200
            await asyncio.sleep(chance.choice((0, 0, 0.01)))

    async def poll(reader: httpx.AsyncClient) -> tuple[set[str], int]:
        since = (await reader.get(STATEMENTS, params={"limit": 1})).headers[CONSISTENT_THROUGH]
        known = {one["id"] for one in await page_through(reader, limit=500)}
        polls, again = 0, True
        while again:
            again = writing
            answer = await reader.get(STATEMENTS, params={"since": since, "limit": 500})
            promised = answer.headers[CONSISTENT_THROUGH]
            assert promised >= since, "a promise was taken back"
            result = answer.json()
            assert all(one["stored"] > since for one in result["statements"])
            while True:
                known.update(one["id"] for one in result["statements"])
                if not result["more"]:
                    break
                result = (await reader.get(result["more"])).json()
            since = promised
            polls += 1
        return known, polls

    async with clients_of_both(lrs) as writers, clients_of_both(lrs) as readers:
        polls = [asyncio.create_task(poll(reader)) for reader in [*readers, *readers]]
        await asyncio.gather(*map(write, writers))
        writing = False
        everything = set(await ids(readers[0]))
        for known, count in await asyncio.gather(*polls):
            assert known == everything
            assert count > 5


async def test_consistent_through_advances_while_nobody_writes(lrs: Server) -> None:
    """Through each process, and never back from one to the other."""
    async with clients_of_both(lrs) as readers, asyncio.timeout(WAIT_S):
        told: list[str] = []
        for reader in [*readers] * 5:
            while True:
                told.append((await reader.head(STATEMENTS)).headers[CONSISTENT_THROUGH])
                if len(told) == 1 or told[-1] > told[-2]:
                    break
        assert told == sorted(told)


async def test_a_process_that_dies_is_replaced_and_loses_nothing(lrs: Server) -> None:
    """Kill one while both write; the other goes on, also with what only one at a time may do."""
    async with clients_of_both(lrs) as (one, other):
        made = [statement() for _ in range(3)]
        assert (await one.post(STATEMENTS, json=made[0])).status_code == 200
        stream = (await one.get(STATEMENTS, params={"limit": 1})).extensions["network_stream"]
        victim = process_of(lrs, stream.get_extra_info("client_addr")[1])
        os.kill(victim, 9)
        for each in made[1:]:
            assert (await other.post(STATEMENTS, json=each)).status_code == 200
        await asyncio.to_thread(wait_for_replacement, lrs, victim)
        assert (await ids(other))[-3:] == [each["id"] for each in made]
