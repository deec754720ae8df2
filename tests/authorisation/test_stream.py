"""What is pushed is what a query finds: from the beginning, live, in the process and over websockets (invariant 4)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrs.errors import Forbidden
from lrs.subscriptions.hub import Subscription
from lrs.subscriptions.starts import Start
from tests.authorisation.making import LEARNERS, LMS, REGISTRATIONS, VERBS, VOIDED, Maker, agent, block
from tests.authorisation.matrix import CONSUMERS, OWNER, Matrix, expected, found, ids
from tests.authorisation.stated import FOREIGN, GRANTS, RIGHTS, A, Asked, B, C, Reader
from tests.door.client import serving

STREAMING = (("stream",), ("all/read",), ("statements/read/mine", "stream"), ("statements/write", "stream"))
MEMBERS = {"agent": "actor", "related_activities": "related_activity"}
ACTIVITIES = (FOREIGN, f"{LMS}/course/{A}", block(A, 1))
QUESTIONS: list[Asked] = [
    (),
    *((("verb", verb),) for verb in (*VERBS, VOIDED)),
    *((("agent", learner),) for learner in LEARNERS),
    *((("activity", iri),) for iri in ACTIVITIES),
    *((("related_activities", iri),) for iri in ACTIVITIES),
    (("registration", REGISTRATIONS[0]),),
    *((("course", key),) for key in (A, B, C)),
    (("course", A), ("course", B), ("verb", VERBS[0])),
    (("course", A), ("agent", LEARNERS[0])),
]  # fmt: skip

readers = st.builds(Reader, st.sampled_from(CONSUMERS), st.sampled_from(STREAMING), st.sampled_from(list(GRANTS)))


def members(asked: Asked) -> dict[str, list[Any]]:
    """What the model asks for, as a filter of the stream."""
    made: dict[str, list[Any]] = {}
    for name, value in asked:
        made.setdefault(MEMBERS.get(name, name), []).append(agent(value) if name == "agent" else value)
    return made


def covers(reader: Reader, asked: Asked) -> bool:
    return all(GRANTS[reader.grant].permits(frozenset({value})) for name, value in asked if name == "course")


def subscribed(matrix: Matrix, reader: Reader, asked: Asked, start: Start) -> Subscription:
    filter_: dict[str, Any] = members(asked)
    return matrix.server.engine.subscribe(principal=matrix.principal(reader), start=start, **filter_)


async def all_there_is(subscription: Subscription) -> list[dict[str, Any]]:
    """What a subscription has until it is live."""
    got: list[dict[str, Any]] = []
    async for batch in subscription:
        if batch.live:
            break
        got += map(orjson.loads, batch.payloads)
    return got


@settings(max_examples=100, deadline=None)
@given(reader=readers, asked=st.sampled_from(QUESTIONS))
def test_from_the_beginning_a_subscriber_gets_what_the_model_finds(
    matrix: Matrix, reader: Reader, asked: Asked
) -> None:
    async def beginning() -> list[dict[str, Any]]:
        async with subscribed(matrix, reader, asked, "beginning") as subscription:
            return await all_there_is(subscription)

    if not covers(reader, asked):
        with pytest.raises(Forbidden):
            matrix.run(beginning())
        return
    got = ids(matrix.run(beginning()))
    assert got == matrix.world.followed(reader, asked)
    assert sorted(got) == sorted(expected(matrix.world.seen(reader, asked)))


@pytest.mark.parametrize("scope", RIGHTS)
def test_only_scopes_for_it_may_subscribe(matrix: Matrix, scope: str) -> None:
    reader = Reader("engine", (scope,), "every course")
    if reader.has("stream"):
        subscribed(matrix, reader, (), "now")
    else:
        with pytest.raises(Forbidden):
            subscribed(matrix, reader, (), "now")


@pytest.fixture
def small(request: pytest.FixtureRequest, matrix: Matrix, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matrix]:
    """An empty world."""
    with serving(tmp_path_factory.mktemp("data")) as server:
        yield Matrix(server, matrix.chance.getrandbits(32))


def test_live_subscribers_get_each_statement_as_the_model_has_it_at_that_moment(small: Matrix) -> None:
    """With the bytes that a query has, too."""
    asking = [
        (Reader(CONSUMERS[number % 3], STREAMING[number % 4], grant), asked)
        for number, grant in enumerate(GRANTS)
        for asked in small.chance.sample(QUESTIONS, 3)
    ]
    asking = [(reader, asked) for reader, asked in asking if covers(reader, asked)]
    subscriptions = [subscribed(small, reader, asked, "now") for reader, asked in asking]
    due: list[list[str]] = [[] for _ in asking]
    hub, log = small.server.engine.hub, small.server.engine.log

    async def opened() -> None:
        for subscription in subscriptions:
            await subscription.open()

    async def matched() -> None:
        while hub.end < log.end():  # noqa: ASYNC110 - nobody tells when the tail has read.
            await asyncio.sleep(0.001)

    small.run(opened())
    for stated in Maker(small.chance.getrandbits(32), 120).all():
        small.store(stated)
        small.run(matched())
        for (reader, asked), expecting in zip(asking, due, strict=True):
            expecting.extend(small.world.due(reader, asked, expecting))
    pulled = {one["id"]: one for one in found(small.client(OWNER), ())}
    for (reader, asked), subscription, expecting in zip(asking, subscriptions, due, strict=True):
        got = small.run(all_there_is(subscription))
        assert ids(got) == expecting, (reader, asked)
        assert all(one == pulled.get(one["id"], one) for one in got)
