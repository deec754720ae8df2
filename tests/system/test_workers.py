"""Several processes on one store: they must be as one."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Iterator

import httpx
import pytest

from tests.samples import statement
from tests.system.access import (
    CONSISTENT_THROUGH,
    STATEMENTS,
    WAIT_S,
    add_consumer,
    ids,
    key_of,
    page_through,
    token_of,
)
from tests.system.server import Server, running
from tests.system.workers import clients_of_both, process_of, subscribers_of_both, wait_for_replacement

WRITES = 60
POLLS_MIN = 5


@pytest.fixture(scope="module")
def lrs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("workers") / "data"
    with running(folder, "--workers", "2", LRS_CONNECTIONS_PER_TOKEN_MAX="1000") as server:
        add_consumer(server, "lms", "statements/write", "statements/read")
        add_consumer(server, "engine", "stream")
        yield server


@pytest.fixture
def key(lrs: Server) -> tuple[str, str]:
    return key_of(lrs, "lms")


async def test_what_is_written_through_one_process_reaches_subscribers_of_both(
    lrs: Server, key: tuple[str, str]
) -> None:
    """In one order, that of the log."""
    async with clients_of_both(lrs, key) as writers, subscribers_of_both(lrs, token_of(lrs, "engine")) as subscribers:
        made = []
        for writer in [*writers] * 3:
            made.append(statement())
            assert (await writer.post(STATEMENTS, json=made[-1])).status_code == 200
        for subscriber in subscribers:
            assert await subscriber.ids(6) == [one["id"] for one in made]


async def test_writes_through_both_at_once_are_all_stored_and_streamed_in_one_order(
    lrs: Server, key: tuple[str, str]
) -> None:
    async with clients_of_both(lrs, key) as writers, subscribers_of_both(lrs, token_of(lrs, "engine")) as subscribers:

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


async def test_a_statement_that_was_answered_is_seen_at_once_through_the_other_process(
    lrs: Server, key: tuple[str, str]
) -> None:
    """Invariant 2 and the reader's own connection: no cache stands between."""
    async with clients_of_both(lrs, key) as both:
        for _ in range(10):
            for writer, reader in both, both[::-1]:
                made = statement()
                assert (await writer.post(STATEMENTS, json=made)).status_code == 200
                assert (await reader.get(STATEMENTS, params={"statementId": made["id"]})).status_code == 200


async def test_a_reader_that_goes_on_after_consistent_through_misses_nothing(
    lrs: Server, key: tuple[str, str], seed: int
) -> None:
    """Communication 2.1.3, invariant 9: each poll asks for what was stored since the time that the last one was told.

    A promise that is too bold would lose what is stored at that time or before and shows only later.
    """
    chance = random.Random(seed)
    writing, counts = True, [0] * 4

    async def write(writer: httpx.AsyncClient) -> None:
        written = 0
        # However slow the machine is, each reader asks now and then while something is written.
        while written < WRITES or min(counts) < POLLS_MIN:
            written += 1
            batch = [statement() for _ in range(chance.choice((1, 1, 2, 30)))]
            assert (await writer.post(STATEMENTS, json=batch)).status_code == 200
            await asyncio.sleep(chance.choice((0, 0, 0.01)))

    async def poll(number: int, reader: httpx.AsyncClient) -> set[str]:
        since = (await reader.get(STATEMENTS, params={"limit": 1})).headers[CONSISTENT_THROUGH]
        known = {one["id"] for one in await page_through(reader, limit=500)}
        again = True
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
            counts[number] += 1
        return known

    async with clients_of_both(lrs, key) as writers, clients_of_both(lrs, key) as readers:
        polls = [asyncio.create_task(poll(*one)) for one in enumerate([*readers, *readers])]
        await asyncio.gather(*map(write, writers))
        writing = False
        everything = set(await ids(readers[0]))
        for known in await asyncio.gather(*polls):
            assert known == everything


async def test_consistent_through_advances_while_nobody_writes(lrs: Server, key: tuple[str, str]) -> None:
    """Through each process, and never back from one to the other."""
    async with clients_of_both(lrs, key) as readers, asyncio.timeout(WAIT_S):
        told: list[str] = []
        for reader in [*readers] * 5:
            while True:
                told.append((await reader.head(STATEMENTS)).headers[CONSISTENT_THROUGH])
                if len(told) == 1 or told[-1] > told[-2]:
                    break
        assert told == sorted(told)


async def test_a_process_that_dies_is_replaced_and_loses_nothing(lrs: Server, key: tuple[str, str]) -> None:
    """Kill one while both write; the other goes on, also with what only one at a time may do."""
    async with clients_of_both(lrs, key) as (one, other):
        made = [statement() for _ in range(3)]
        assert (await one.post(STATEMENTS, json=made[0])).status_code == 200
        stream = (await one.get(STATEMENTS, params={"limit": 1})).extensions["network_stream"]
        victim = process_of(lrs, stream.get_extra_info("client_addr")[1])
        os.kill(victim, 9)
        for each in made[1:]:
            assert (await other.post(STATEMENTS, json=each)).status_code == 200
        await asyncio.to_thread(wait_for_replacement, lrs, victim)
        assert (await ids(other))[-3:] == [each["id"] for each in made]
