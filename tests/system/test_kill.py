"""``kill -9`` under load, several times over: what was answered is there, and nothing is there by half."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from tests.samples import COURSE_A, COURSE_B, statement
from tests.system.access import STATEMENTS, WAIT_S, add_consumer, client, ids, key_of, token_for
from tests.system.follower import Follower, head_of
from tests.system.server import Server, running

ROUNDS = 4
WRITERS = 4
BATCH_MAX = 60


@dataclass
class Aftermath:
    """What the clients know at the end, and what the server says."""

    seed: int
    answered: set[str] = field(default_factory=set)
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    unanswered: int = 0
    kills: int = 0
    sent: list[list[str]] = field(default_factory=list)
    stored: list[str] = field(default_factory=list)
    stored_of_a: list[str] = field(default_factory=list)
    followers: list[Follower] = field(default_factory=list)
    verified: str = ""
    output: str = ""


async def write(writer: httpx.AsyncClient, chance: random.Random, found: Aftermath) -> None:
    """Write one request after the other, by PUT and by POST, until the server is gone."""
    while True:
        count = chance.choice((0, 1, 2, BATCH_MAX))
        made = [statement(course=chance.choice((COURSE_A, COURSE_B))) for _ in range(count or 1)]
        names = [one["id"] for one in made]
        found.sent.append(names)
        try:
            if count:
                answer = await writer.post(STATEMENTS, json=made)
            else:
                answer = await writer.put(STATEMENTS, params={"statementId": names[0]}, json=made[0])
        except httpx.TransportError:
            found.unanswered += 1
            return
        assert answer.is_success, answer.text
        found.answered.update(names)
        found.answers.set()


async def one_round(server: Server, chance: random.Random, found: Aftermath) -> None:
    credential = key_of(server, "lms")
    async with asyncio.TaskGroup() as group:
        for _ in range(WRITERS):
            group.create_task(with_client(server, credential, chance, found))
        found.answers.clear()
        await found.answers.wait()
        # Each follower has a connection to lose in each round.
        while any(one.connections <= found.kills for one in found.followers):  # noqa: ASYNC110 - They go on by themselves.
            await asyncio.sleep(0.01)
        await asyncio.sleep(chance.uniform(0.05, 0.5))
        found.kills += 1
        await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)


async def with_client(server: Server, credential: tuple[str, str], chance: random.Random, found: Aftermath) -> None:
    async with client(server, credential) as writer:
        await write(writer, chance, found)


@asynccontextmanager
async def following(server: Server, token: str, found: Aftermath, chance: random.Random) -> AsyncIterator[None]:
    """Three followers of course A and one of everything, from before the first write to after the last."""
    filters = [{"course": [COURSE_A]}] * 3 + [{}]
    found.followers = [Follower(server, token, one, random.Random(chance.random())) for one in filters]
    async with asyncio.TaskGroup() as group:
        for follower in found.followers:
            group.create_task(follower.run())
            await follower.opened.wait()
        yield
        head = await head_of(server, token)
        for follower in found.followers:
            follower.finish(head)


async def play(server: Server, found: Aftermath) -> None:
    chance = random.Random(found.seed)
    add_consumer(server, "lms", "statements/write")
    token = token_for(server, "engine", "stream", "statements/read")
    async with asyncio.timeout(3 * WAIT_S), following(server, token, found, chance):
        for _ in range(ROUNDS):
            await one_round(server, chance, found)
    async with client(server, token) as reader:
        found.stored = await ids(reader, limit=500)
        found.stored_of_a = await ids(reader, limit=500, course=COURSE_A)
    found.verified = await asyncio.to_thread(server.run, "verify")
    found.output = server.output


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory, seed: int) -> Aftermath:
    found = Aftermath(seed)
    with running(tmp_path_factory.mktemp("kill") / "data", LRS_HEARTBEAT_S="0.2") as server:
        asyncio.run(play(server, found))
    return found


def test_something_was_lost_on_the_way(aftermath: Aftermath) -> None:
    """Otherwise the rest would prove nothing."""
    assert aftermath.unanswered >= ROUNDS
    assert len(aftermath.answered) > ROUNDS


def test_every_statement_that_was_answered_is_there(aftermath: Aftermath) -> None:
    """Invariant 2."""
    assert aftermath.answered <= set(aftermath.stored)


def test_no_statement_is_there_twice_or_was_never_sent(aftermath: Aftermath) -> None:
    assert len(aftermath.stored) == len(set(aftermath.stored))
    assert set(aftermath.stored) <= {one for batch in aftermath.sent for one in batch}


def test_no_batch_is_there_by_half(aftermath: Aftermath) -> None:
    stored = set(aftermath.stored)
    assert [batch for batch in aftermath.sent if 0 < len(stored & set(batch)) < len(batch)] == []


def test_batches_stand_together_in_their_order(aftermath: Aftermath) -> None:
    place = {one: number for number, one in enumerate(aftermath.stored)}
    for batch in aftermath.sent:
        if batch[0] in place:
            assert [place[one] - place[batch[0]] for one in batch] == list(range(len(batch)))


def test_the_log_is_whole(aftermath: Aftermath) -> None:
    assert str(len(aftermath.stored)) in aftermath.verified


def test_subscribers_that_went_on_from_their_last_cursor_missed_nothing_and_got_nothing_twice(
    aftermath: Aftermath,
) -> None:
    """Invariant 5, over broken connections and a server that was killed four times."""
    *of_a, of_all = aftermath.followers
    assert of_all.ids == aftermath.stored
    for follower in of_a:
        assert follower.ids == aftermath.stored_of_a
        assert follower.connections > ROUNDS


def test_nothing_went_wrong_beside_the_kills(aftermath: Aftermath) -> None:
    assert "Traceback" not in aftermath.output
