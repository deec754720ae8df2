"""Server-sent events and long polls of a real server of several processes: rights, restarts, and one set of cursors."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.samples import COURSE_A, COURSE_B, statement
from tests.system.access import STATEMENTS, WAIT_S, add_consumer, authorization, client, key_of, token_for, token_of
from tests.system.events import Events, following
from tests.system.listener import Listener, listening
from tests.system.numbers import until
from tests.system.server import Server
from tests.system.workers import subscribers_of_both

CHANGES = "/xapi/changes"
HEARTBEAT_S = "3600"
"""Far longer than anybody waits here: heartbeats must not be what notices."""


@pytest.fixture(scope="module")
def lrs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(
        tmp_path_factory.mktemp("doors") / "data", LRS_CONNECTIONS_PER_TOKEN_MAX="100", LRS_HEARTBEAT_S=HEARTBEAT_S
    )
    try:
        server.start("--workers", "2")
        add_consumer(server, "lms", "statements/write")
        yield server
    finally:
        server.close()


async def write(server: Server, *made: dict[str, Any]) -> list[str]:
    async with client(server, key_of(server, "lms")) as lms:
        answer = await lms.post(STATEMENTS, json=made)
        assert answer.status_code == 200, answer.text
        ids: list[str] = answer.json()
        return ids


async def test_events_and_polls_bring_what_any_process_stores(lrs: Server) -> None:
    token = token_for(lrs, "engine", "stream", courses=(COURSE_A,))
    async with following(lrs, token) as events, client(lrs, token) as poller:
        await events.until("live")
        cursor = (await poller.get(CHANGES, params={"wait": 0})).json()["cursor"]
        made = []
        for _ in range(6):
            _, one = await write(lrs, statement(course=COURSE_B), statement(course=COURSE_A))
            made.append(one)
            found = (await poller.get(CHANGES, params={"after": cursor})).json()
            assert [each["id"] for each in found["statements"]] == [one]
            cursor = found["cursor"]
        assert await events.ids(6) == made


async def test_a_grant_that_is_changed_counts_at_every_door_of_every_process(lrs: Server) -> None:
    token = token_for(lrs, "moved", "stream", courses=(COURSE_A, COURSE_B))
    async with client(lrs, token) as requester:
        cursor = (await requester.get(CHANGES, params={"wait": 0})).json()["cursor"]
        polls = [asyncio.create_task(requester.get(CHANGES, params={"after": cursor, "wait": 60})) for _ in range(8)]
        witness = token_for(lrs, "witness", "stream")
        async with AsyncExitStack() as stack:
            witnesses = await stack.enter_async_context(subscribers_of_both(lrs, witness))
            events = [await stack.enter_async_context(following(lrs, token)) for _ in range(4)]
            url, headers = f"{lrs.stream_url}?from=now", authorization(token)
            sockets = [await stack.enter_async_context(listening(url, headers)) for _ in range(4)]
            followers: list[Events | Listener] = [*events, *sockets]
            for follower in followers:
                await follower.until("live")
            lrs.run("consumer", "set", "moved", "--course", COURSE_B)
            # A process looks at all connections together, so that one which hears of a later change tells that the
            # earlier one is known there. What is written then, no door of any process may mistake.
            lrs.run("token", "revoke", witness)
            for one in witnesses:
                assert await one.closed() == 4503
            _, mine = await write(lrs, statement(course=COURSE_A), statement(course=COURSE_B))
            for follower in followers:
                assert await follower.ids(1) == [mine]
            for answer in await asyncio.gather(*polls):
                assert [each["id"] for each in answer.json()["statements"]] == [mine]


async def test_a_revoked_token_ends_events_and_waiting_polls_of_every_process(lrs: Server) -> None:
    token = token_for(lrs, "revoked", "stream")
    async with client(lrs, token) as requester:
        polls = [asyncio.create_task(requester.get(CHANGES, params={"wait": 60})) for _ in range(8)]
        async with following(lrs, token) as one, following(lrs, token) as other:
            for events in one, other:
                await events.until("live")
            lrs.run("token", "revoke", token)
            async with asyncio.timeout(WAIT_S):
                for events in one, other:
                    assert (await events.until("close"))["code"] == 4503
                assert {answer.status_code for answer in await asyncio.gather(*polls)} == {401}


async def test_a_course_that_is_taken_away_ends_what_named_it(lrs: Server) -> None:
    token = token_for(lrs, "lost", "stream", courses=(COURSE_A, COURSE_B))
    async with client(lrs, token) as requester:
        poll = asyncio.create_task(requester.get(CHANGES, params={"wait": 60, "course": COURSE_A}))
        async with following(lrs, token, f"?course={COURSE_A}") as events:
            await events.until("live")
            lrs.run("consumer", "set", "lost", "--course", COURSE_B)
            async with asyncio.timeout(WAIT_S):
                assert (await events.until("error"))["code"] == "forbidden"
                assert (await poll).status_code == 403


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_restart_says_goodbye_and_each_cursor_is_good_at_every_door(
    tmp_path_factory: pytest.TempPathFactory, workers: str
) -> None:
    server = Server(tmp_path_factory.mktemp("restart") / "data")
    await asyncio.to_thread(server.start, "--workers", workers)
    try:
        add_consumer(server, "lms", "statements/write")
        add_consumer(server, "engine", "stream")
        token = token_of(server, "engine")
        async with following(server, token) as events, client(server, token) as requester:
            await events.until("live")
            first = await write(server, statement())
            assert await events.ids(1) == first
            polled = asyncio.create_task(requester.get(CHANGES, params={"after": events.last_id, "wait": 60}))
            await asyncio.to_thread(until, server, "lrs_stream_connections", 1, door="changes")
            stopping = asyncio.create_task(asyncio.to_thread(server.stop))
            goodbye = await events.until("close")
            assert (goodbye["code"], goodbye["again"]) == (1001, True)
            answer = await polled
            assert (answer.status_code, answer.json()["statements"]) == (200, [])
            await stopping
        await asyncio.to_thread(server.start, "--workers", workers)
        missed = await write(server, statement(), statement(), statement())
        async with following(server, token, last_id=answer.json()["cursor"]) as events:
            assert await events.ids(3) == missed
        async with client(server, token) as requester:
            last = await requester.get(CHANGES, params={"after": events.last_id, "wait": 0})
            assert last.json() == {"statements": [], "cursor": events.last_id, "more": False}
        after = answer.json()["cursor"]
        async with listening(f"{server.stream_url}?after={after}", authorization(token)) as listener:
            assert await listener.ids(3) == missed
    finally:
        server.close()
    assert "Traceback" not in server.output
    assert "without completing" not in server.output
