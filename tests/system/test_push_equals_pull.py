"""Invariant 4: whatever a subscriber may see and asks for, the stream brings exactly what a query finds.

Many writers and subscribers, with grants and filters drawn at random, connections that break and go on, statements that
are voided, and limits so small that every subscriber falls behind now and then. The seed is printed when it fails.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest

from lrs.auth.grants import UNRESTRICTED, Grant
from tests.samples import ANSWERED, COURSE_A, COURSE_B, COURSE_C, LMS, agent, course_activity, statement, voiding
from tests.system.access import STATEMENTS, WAIT_S, client, ids, token_for
from tests.system.follower import Follower, head_of
from tests.system.server import Server, running

ROUNDS = 40
SUBSCRIBERS = 14
ORGANISATION = "course-v1:Org+*"
COURSES: list[tuple[str, ...]] = [(), (COURSE_A,), (COURSE_B,), (COURSE_C,), (COURSE_A, COURSE_B), (COURSE_B, COURSE_C)]
VERBS = [ANSWERED, "http://adlnet.gov/expapi/verbs/completed", "https://w3id.org/xapi/video/verbs/played"]
LEARNERS = ["ann", "bob", "Zoë ☂"]
REGISTRATIONS = [str(UUID(int=number)) for number in (1, 2)]
WRITERS: list[tuple[str, ...]] = [(), (), (COURSE_A,), (ORGANISATION,)]
READERS: list[tuple[str, ...]] = [
    (), (COURSE_A,), (COURSE_A, COURSE_B), (ORGANISATION,), (COURSE_C,), (ORGANISATION, COURSE_C)
]  # fmt: skip


@pytest.fixture
def lrs(tmp_path: Any) -> Iterator[Server]:
    """A server whose bounds are met all the time."""
    with running(
        tmp_path / "data",
        LRS_HEARTBEAT_S="0.1",
        LRS_RING_STATEMENTS_MAX="40",
        LRS_SERVER_FRAME_STATEMENTS_MAX="7",
        LRS_PAGE_STATEMENTS_MAX="150",
    ) as server:
        yield server


@dataclass
class Written:
    """What the writers do beside plain statements, and what came of it."""

    early_references: bool
    voided: set[str] = field(default_factory=set)


@dataclass
class Reader:
    """A subscriber, and the query that must find the same."""

    token: str
    filter: dict[str, list[Any]]
    query: dict[str, Any]
    follower: Follower


def question(chance: random.Random, courses: tuple[str, ...]) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """A filter at random, and the parameters of a query that ask for the same."""
    asked: dict[str, list[Any]] = {}
    query: dict[str, Any] = {}
    nameable = [one for one in courses if not one.endswith("*")] or ([] if courses else [COURSE_A, COURSE_B, COURSE_C])
    if nameable and chance.random() < 0.5:
        asked["course"] = query["course"] = chance.sample(nameable, chance.randint(1, len(nameable)))
    match chance.choice(("", "", "verb", "actor", "activity", "related", "registration")):
        case "verb":
            query["verb"] = chance.choice(VERBS)
            asked["verb"] = [query["verb"]]
        case "actor":
            made = agent(chance.choice(LEARNERS))
            query["agent"] = json.dumps(made)
            asked["actor"] = [made]
        case "activity":
            query["activity"] = f"{LMS}/xblock/b{chance.randint(0, 3)}"
            asked["activity"] = [query["activity"]]
        case "related":
            query |= {"activity": course_activity(COURSE_B)["id"], "related_activities": "true"}
            asked["related_activity"] = [query["activity"]]
        case "registration":
            query["registration"] = chance.choice(REGISTRATIONS)
            asked["registration"] = [query["registration"]]
    return asked, query


def some_statement(chance: random.Random, grant: tuple[str, ...]) -> dict[str, Any]:
    """A statement that a writer with ``grant`` may store."""
    permitted = Grant.of(grant) if grant else UNRESTRICTED
    named = chance.choice([courses for courses in COURSES if permitted.permits(frozenset(courses))])
    context: dict[str, Any] = {}
    if named:
        context["contextActivities"] = {chance.choice(("parent", "grouping")): [course_activity(key) for key in named]}
    if chance.random() < 0.3:
        context["registration"] = chance.choice(REGISTRATIONS)
    return statement(
        course=None,
        learner=chance.choice(LEARNERS),
        verb=chance.choice(VERBS),
        block=f"b{chance.randint(0, 3)}",
        context=context,
    )


async def write(writer: httpx.AsyncClient, grant: tuple[str, ...], chance: random.Random, found: Written) -> None:
    """Requests of one statement and of many. Now and then one that voids what this writer wrote before; or, where that
    is tried, one that refers to what comes only later, and may void it as well.
    """
    own: list[str] = []
    owed: list[dict[str, Any]] = []
    for number in range(ROUNDS):
        made = [some_statement(chance, grant) for _ in range(chance.choice((1, 1, 2, 5, 25)))]
        names = [one["id"] for one in made]
        if len(own) > 3 and chance.random() < 0.3:
            target = own.pop(chance.randrange(len(own)))
            found.voided.add(target)
            made.insert(chance.randint(0, len(made)), voiding(target))
        if found.early_references and not grant and chance.random() < 0.5:
            owed.append(some_statement(chance, grant))
            made.append(early_reference(owed[-1]["id"], chance, found))
        if owed and (chance.random() < 0.3 or number == ROUNDS - 1):
            made += owed
            owed = []
        answer = await writer.post(STATEMENTS, json=made)
        assert answer.status_code == 200, answer.text
        own += names
        await asyncio.sleep(chance.choice((0, 0.005, 0.02)))


def early_reference(target: str, chance: random.Random, found: Written) -> dict[str, Any]:
    """A statement of no course that refers to ``target``, and belongs to its courses once that is there."""
    if chance.random() < 0.3:
        found.voided.add(target)
        return voiding(target)
    return statement(course=None, verb=chance.choice(VERBS), object={"objectType": "StatementRef", "id": target})


async def read_late(follower: Follower, delay_s: float) -> None:
    await asyncio.sleep(delay_s)
    await follower.run()


def readers(server: Server, chance: random.Random) -> list[Reader]:
    """Subscribers from before the first write, or from its beginning but later."""
    made = []
    for number in range(SUBSCRIBERS):
        grant = READERS[number % len(READERS)]
        token = token_for(server, f"reader-{number}", "stream", "statements/read", courses=grant)
        asked, query = question(chance, grant)
        start = "now" if number % 2 else "beginning"
        follower = Follower(server, token, asked, random.Random(chance.random()), start=start)
        made.append(Reader(token, asked, query, follower))
    return made


async def everybody(server: Server, chance: random.Random, written: Written) -> list[Reader]:
    """Let all write and follow at once; returns when each follower has come to the end."""
    made = readers(server, chance)
    async with AsyncExitStack() as stack, asyncio.timeout(3 * WAIT_S), asyncio.TaskGroup() as group:
        for number, reader in enumerate(made):
            late = 0 if number % 2 else chance.uniform(0, 1.5)
            group.create_task(read_late(reader.follower, late))
            if not late:
                await reader.follower.opened.wait()
        async with asyncio.TaskGroup() as writing:
            for number, grant in enumerate(WRITERS):
                token = token_for(server, f"writer-{number}", "statements/write", courses=grant)
                writer = await stack.enter_async_context(client(server, token))
                writing.create_task(write(writer, grant, random.Random(chance.random()), written))
        head = await head_of(server, made[0].token)
        for reader in made:
            reader.follower.finish(head)
    assert any(reader.follower.connections > 2 for reader in made)
    assert "Traceback" not in server.output
    return made


async def told_and_found(server: Server, reader: Reader, written: Written) -> tuple[list[str], list[str]]:
    """Ids that the stream brought, and those that the query finds; without what was voided when it had been shown."""
    async with client(server, reader.token) as requester:
        return [one for one in reader.follower.ids if one not in written.voided], await ids(requester, **reader.query)


async def test_each_subscriber_got_what_a_query_finds_in_its_order_and_once(lrs: Server, seed: int) -> None:
    written = Written(early_references=False)
    for reader in await everybody(lrs, random.Random(seed), written):
        told, found = await told_and_found(lrs, reader, written)
        assert told == found, reader
        assert len(set(reader.follower.ids)) == len(reader.follower.ids)


async def test_what_is_found_by_more_once_its_target_has_come_is_brought_then_and_once(lrs: Server, seed: int) -> None:
    """Then the order is that in which statements could first be found, which no query has; the ids are the same."""
    written = Written(early_references=True)
    others_first = False
    for reader in await everybody(lrs, random.Random(seed), written):
        told, found = await told_and_found(lrs, reader, written)
        assert sorted(told) == sorted(found), reader
        others_first = others_first or told != found
    assert others_first, "nothing came late, so nothing was proven"
