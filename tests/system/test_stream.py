"""The stream over real sockets: who is let in, who is told what, and how it ends."""

from __future__ import annotations

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.samples import ANSWERED, COURSE_A, COURSE_B, agent, statement, voiding
from tests.system.access import (
    STATEMENTS,
    WAIT_S,
    add_consumer,
    authorization,
    client,
    key_of,
    token_for,
    token_of,
)
from tests.system.listener import PROTOCOL, Listener, listening
from tests.system.server import Server, running

READS = ("stream", "statements/read")


@pytest.fixture(scope="module")
def lrs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests here; subscriptions begin at the head, so none hears of another's statements."""
    with running(tmp_path_factory.mktemp("stream") / "data", LRS_HEARTBEAT_S="0.2") as server:
        add_consumer(server, "lms", "statements/write")
        add_consumer(server, "engine-a", *READS, courses=(COURSE_A,))
        add_consumer(server, "engine-b", *READS, courses=(COURSE_B,))
        add_consumer(server, "archive", *READS)
        yield server


@pytest.fixture
async def lms(lrs: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with client(lrs, key_of(lrs, "lms")) as made:
        yield made


async def write(lms: httpx.AsyncClient, *statements: dict[str, Any]) -> list[str]:
    answer = await lms.post(STATEMENTS, json=statements)
    assert answer.status_code == 200, answer.text
    ids: list[str] = answer.json()
    return ids


@asynccontextmanager
async def subscribed(server: Server, name: str, query: str = "from=now") -> AsyncIterator[Listener]:
    """Consumer ``name``, subscribed by its URL alone."""
    async with listening(f"{server.stream_url}?{query}", authorization(token_of(server, name))) as listener:
        await listener.until("live")
        yield listener


async def test_a_statement_for_one_course_reaches_its_subscribers_and_no_other(
    lrs: Server, lms: httpx.AsyncClient
) -> None:
    """What would be too much shows, because the statements that are awaited come after it."""
    async with subscribed(lrs, "engine-a") as a, subscribed(lrs, "engine-b") as b, subscribed(lrs, "archive") as all_:
        a1, both, none, b1 = await write(
            lms,
            statement(course=COURSE_A),
            statement(context={"contextActivities": {"parent": [*courses(COURSE_A), *courses(COURSE_B)]}}),
            statement(course=None),
            statement(course=COURSE_B),
        )
        (a2,) = await write(lms, statement(course=COURSE_A))
        (b2,) = await write(lms, statement(course=COURSE_B))
        assert await a.ids(2) == [a1, a2]
        assert await b.ids(2) == [b1, b2]
        assert await all_.ids(6) == [a1, both, none, b1, a2, b2]


def courses(key: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = statement(course=key)["context"]["contextActivities"]["parent"]
    return found


async def test_a_statement_comes_as_a_query_shows_it(lrs: Server, lms: httpx.AsyncClient) -> None:
    made = statement(learner="zoë", result={"score": {"scaled": 0.1}, "response": "\u2028 \U0001f600"})
    async with subscribed(lrs, "archive") as listener, client(lrs, token_of(lrs, "archive")) as reader:
        await write(lms, made)
        frame = await listener.until("statements")
        stored = (await reader.get(STATEMENTS, params={"statementId": made["id"]})).json()
        assert frame["statements"] == [stored]


Connecting = Callable[[Server, str], AbstractAsyncContextManager[Listener]]


def by_header(server: Server, name: str) -> AbstractAsyncContextManager[Listener]:
    return listening(server.stream_url, authorization(token_of(server, name)))


def by_basic(server: Server, name: str) -> AbstractAsyncContextManager[Listener]:
    return listening(server.stream_url, authorization(key_of(server, name)))


def by_subprotocol(server: Server, name: str) -> AbstractAsyncContextManager[Listener]:
    hidden = urlsafe_b64encode(token_of(server, name).encode()).decode().rstrip("=")
    return listening(server.stream_url, subprotocols=(PROTOCOL, f"bearer.b64u.{hidden}"))


@asynccontextmanager
async def by_frame(server: Server, name: str) -> AsyncIterator[Listener]:
    async with listening(server.stream_url) as listener:
        await listener.say(type="auth", token=token_of(server, name))
        yield listener


@pytest.mark.parametrize("connecting", [by_header, by_basic, by_subprotocol, by_frame])
async def test_each_way_to_show_a_credential(lrs: Server, lms: httpx.AsyncClient, connecting: Connecting) -> None:
    async with connecting(lrs, "engine-a") as listener:
        hello = await listener.until("hello")
        assert (hello["protocol"], hello["courses"]) == (PROTOCOL, [COURSE_A])
        assert listener.socket.subprotocol == PROTOCOL
        await listener.subscribe(filter={"course": [COURSE_A]})
        made = await write(lms, statement(course=COURSE_B), statement(course=COURSE_A))
        assert await listener.ids(1) == made[1:]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        (f"course={quote(COURSE_A)}", [0, 1]),
        (f"course={COURSE_A}&course={quote(COURSE_B)}", [0, 1, 2]),
        (f"verb={quote(ANSWERED)}", [0, 2]),
        (f"verb={quote(ANSWERED)}&course={COURSE_A}", [0]),
        ("activity=https://lms.example.com/xblock/wanted", [2]),
        (f"actor={quote(json.dumps(agent('bob')))}", [1]),
    ],
    ids=["course", "two courses", "verb", "verb and course", "activity", "actor"],
)
async def test_the_url_filters(lrs: Server, lms: httpx.AsyncClient, query: str, wanted: list[int]) -> None:
    last = statement(learner="bob", block="wanted", course=COURSE_A)
    async with subscribed(lrs, "archive", query) as listener:
        made = await write(
            lms,
            statement(course=COURSE_A),
            statement(course=COURSE_A, verb="http://example.com/other", learner="bob"),
            statement(course=COURSE_B, block="wanted"),
            statement(course=None, verb="http://example.com/other"),
            last,
        )
        assert await listener.ids(len(wanted) + 1) == [*(made[number] for number in wanted), last["id"]]


async def test_a_voiding_statement_reaches_those_who_saw_what_it_voids(lrs: Server, lms: httpx.AsyncClient) -> None:
    async with subscribed(lrs, "engine-a") as a, subscribed(lrs, "engine-b") as b:
        made = await write(lms, statement(course=COURSE_A))
        made += await write(lms, voiding(made[0]))
        others = await write(lms, statement(course=COURSE_B))
        assert await a.ids(2) == made
        assert await b.ids(1) == others


async def test_a_heartbeat_moves_the_cursor_past_what_does_not_match(lrs: Server, lms: httpx.AsyncClient) -> None:
    async with subscribed(lrs, "engine-a") as listener:
        await write(lms, *(statement(course=COURSE_B) for _ in range(3)))
        async with by_header(lrs, "archive") as other:
            head = (await other.until("hello"))["head"]
        while listener.told["main"] != head:
            await listener.until("heartbeat")


async def test_two_subscriptions_on_one_connection_are_told_apart(lrs: Server, lms: httpx.AsyncClient) -> None:
    async with by_header(lrs, "archive") as listener:
        await listener.until("hello")
        for name, course in ("a", COURSE_A), ("b", COURSE_B):
            await listener.subscribe(name, filter={"course": [course]})
        made = await write(lms, statement(course=COURSE_A), statement(course=COURSE_B))
        frames = [await listener.until("statements") for _ in range(2)]
        assert {frame["sub"]: [one["id"] for one in frame["statements"]] for frame in frames} == {
            "a": made[:1],
            "b": made[1:],
        }


async def test_what_was_written_before_can_be_asked_for(lrs: Server, lms: httpx.AsyncClient) -> None:
    made = [statement(course="course-v1:Org+Past+2026") for _ in range(3)]
    await write(lms, *made)
    async with client(lrs, token_of(lrs, "archive")) as reader:
        stored = (await reader.get(STATEMENTS, params={"statementId": made[0]["id"]})).json()["stored"]
    later = (await write(lms, statement(course="course-v1:Org+Past+2026")))[0]
    for start in "beginning", stored:
        query = f"course=course-v1:Org%2BPast%2B2026&from={quote(start)}"
        async with listening(f"{lrs.stream_url}?{query}", authorization(token_of(lrs, "archive"))) as listener:
            assert await listener.ids(4) == [*(one["id"] for one in made), later]


async def test_a_course_outside_the_grant_is_forbidden_by_name(lrs: Server) -> None:
    async with by_header(lrs, "engine-a") as listener:
        await listener.until("hello")
        await listener.say(type="subscribe", id=1, sub="s1", filter={"course": [COURSE_B]})
        error = await listener.until("error")
        assert (error["re"], error["code"]) == (1, "forbidden")


async def test_a_grant_that_is_narrowed_shows_no_more_of_what_it_lost(lrs: Server, lms: httpx.AsyncClient) -> None:
    """Also while the stream is open, and nothing that it still covers is missed."""
    token = token_for(lrs, "narrowed", *READS, courses=(COURSE_A, COURSE_B))
    async with listening(f"{lrs.stream_url}?from=now", authorization(token)) as listener:
        await listener.until("live")
        made = await write(lms, statement(course=COURSE_B), statement(course=COURSE_A))
        assert await listener.ids(2) == made
        lrs.run("consumer", "set", "narrowed", "--course", COURSE_A)
        async with client(lrs, token) as reader:
            assert (await reader.get(STATEMENTS, params={"statementId": made[0]})).status_code == 404
        # The stream follows within a moment; from then on it shows only what is still covered.
        async with asyncio.timeout(WAIT_S):
            seen = made
            while made[0] in seen:
                made = await write(lms, statement(course=COURSE_B), statement(course=COURSE_A))
                seen = []
                while made[1] not in seen:
                    seen += [one["id"] for one in (await listener.until("statements"))["statements"]]
