"""Taking rights back by the command line, while streams are open."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest

from tests.samples import COURSE_A
from tests.system.access import STATEMENTS, add_consumer, authorization, client, key_of, token_for, token_of
from tests.system.listener import listening
from tests.system.server import Server, running

REVOKED = 4503
FORBIDDEN = 4507
HEARTBEAT_S = "3600"
"""Far longer than anybody waits here: heartbeats must not be what notices."""


@pytest.fixture(scope="module")
def lrs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two processes: the command line is a third, and all of them must notice."""
    with running(tmp_path_factory.mktemp("revoking") / "data", "--workers", "2", LRS_HEARTBEAT_S=HEARTBEAT_S) as server:
        yield server


async def test_a_revoked_token_loses_all_sockets_and_requests_in_every_process(lrs: Server) -> None:
    """Another token of the same consumer goes on."""
    revoked = token_for(lrs, "engine", "stream", "statements/read")
    async with AsyncExitStack() as stack:
        kept = await stack.enter_async_context(listening(lrs.stream_url, authorization(token_of(lrs, "engine"))))
        reader = await stack.enter_async_context(client(lrs, revoked))
        assert (await reader.get(STATEMENTS)).status_code == 200
        sockets = [await stack.enter_async_context(listening(lrs.stream_url, authorization(revoked))) for _ in range(8)]
        for listener in (kept, *sockets):
            await listener.until("hello")
        lrs.run("token", "revoke", revoked)
        assert (await reader.get(STATEMENTS)).status_code == 401
        assert await asyncio.gather(*(listener.closed() for listener in sockets)) == [REVOKED] * 8
        await kept.subscribe()


async def test_a_disabled_consumer_loses_all_sockets(lrs: Server) -> None:
    """Those of its tokens and those of its keys."""
    add_consumer(lrs, "left", "stream", "statements/write")
    key = key_of(lrs, "left")
    async with (
        listening(lrs.stream_url, authorization(token_of(lrs, "left"))) as by_token,
        listening(lrs.stream_url, authorization(key)) as by_key,
        client(lrs, key) as writer,
    ):
        for listener in by_token, by_key:
            await listener.until("hello")
        lrs.run("consumer", "disable", "left")
        assert (await writer.post(STATEMENTS, json=[])).status_code == 401
        assert [await by_token.closed(), await by_key.closed()] == [REVOKED] * 2


async def test_a_revoked_key_loses_its_sockets(lrs: Server) -> None:
    add_consumer(lrs, "keyed", "stream")
    key = key_of(lrs, "keyed")
    async with listening(lrs.stream_url, authorization(key)) as listener:
        await listener.until("hello")
        lrs.run("key", "revoke", key[0])
        assert await listener.closed() == REVOKED


async def test_a_consumer_that_may_no_longer_stream_is_told_so(lrs: Server) -> None:
    token = token_for(lrs, "demoted", "stream", "statements/write")
    async with listening(lrs.stream_url, authorization(token)) as listener:
        await listener.until("hello")
        lrs.run("consumer", "set", "demoted", "--scope", "statements/write")
        assert await listener.closed() == FORBIDDEN


async def test_a_subscription_to_a_course_that_was_taken_away_ends_with_an_error(lrs: Server) -> None:
    """The connection and its other subscriptions go on."""
    token = token_for(lrs, "moved", "stream", courses=(COURSE_A, "course-v1:Org+Kept+2026"))
    async with listening(lrs.stream_url, authorization(token)) as listener:
        await listener.until("hello")
        await listener.subscribe("lost", filter={"course": [COURSE_A]})
        lrs.run("consumer", "set", "moved", "--course", "course-v1:Org+Kept+2026")
        error = await listener.until("error")
        assert (error["sub"], error["code"]) == ("lost", "forbidden")
        assert (await listener.until("unsubscribed"))["sub"] == "lost"
        await listener.subscribe("kept", filter={"course": ["course-v1:Org+Kept+2026"]})
