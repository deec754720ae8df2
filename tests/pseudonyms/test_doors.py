"""Whatever a consumer asks for, on whatever door: no learner is recognised, and who is meant is found."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import orjson
import pytest
from websockets.sync.client import connect

from lrs.errors import Forbidden
from lrs.statements.match import visibility
from lrs.statements.record import Place
from lrs.subscriptions.hub import Batch, Subscription
from tests.cli.invoke import Shell
from tests.door.client import Client
from tests.pseudonyms.making import LMS, leaks
from tests.pseudonyms.world import DISCLOSURES, HIDDEN, World
from tests.statements.client import following

WAIT_S = 60
NAMED = [name for name in HIDDEN if DISCLOSURES[name].actors == "pseudonym"]


def pages(client: Client, query: dict[str, Any]) -> list[bytes]:
    """All pages of a query, as bytes."""
    answer = client.get("statements", params=query)
    found = []
    while True:
        assert answer.status_code == 200, answer.text
        found.append(answer.content)
        more = answer.json()["more"]
        if not more:
            return found
        answer = client.get(following(more))


def ids(found: list[bytes]) -> list[str]:
    return [one["id"] for page in found for one in orjson.loads(page)["statements"]]


@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize("query", [{}, {"format": "ids"}, {"format": "canonical"}, {"after": "beginning"}], ids=str)
def test_no_page_of_a_query_tells_who_it_was(world: World, name: str, query: dict[str, str]) -> None:
    found = pages(world.readers[name], {"limit": "30", **query})
    assert sorted(ids(found)) == sorted(world.ids)
    assert [leaks(page, world.learners) for page in found] == [[]] * len(found)


@pytest.mark.parametrize("name", HIDDEN)
def test_no_statement_by_id_tells_who_it_was(world: World, name: str) -> None:
    reader = world.readers[name]
    for statement_id in world.ids:
        answer = reader.get("statements", params={"statementId": statement_id})
        assert answer.json()["id"] == statement_id
        assert leaks(answer.content, world.learners) == []


@pytest.mark.parametrize("name", HIDDEN)
def test_no_data_of_attachments_is_sent(world: World, name: str) -> None:
    """It may hold anything, and a signature holds the whole statement."""
    answer = world.readers[name].get("statements", params={"attachments": "true", "limit": "0"})
    assert answer.status_code == 200
    assert answer.content.count(b"\r\nX-Experience-API-Hash") == 0
    assert leaks(answer.content, world.learners) == []
    assert world.owner.get("statements", params={"attachments": "true", "limit": "0"}).content.count(b"-API-Hash") > 0


@pytest.mark.parametrize("name", NAMED)
def test_no_person_tells_who_it_is(world: World, name: str) -> None:
    for learner in world.learners:
        agent = world.agent(name, learner)
        answer = world.readers[name].get("agents", params={"agent": json.dumps(agent)})
        assert answer.json() == {"objectType": "Person", "account": [agent["account"]]}
        activity = world.readers[name].get("activities", params={"activityId": f"{LMS}/courses/x"})
        assert leaks(activity.content, world.learners) == []


@pytest.mark.parametrize("related", ["false", "true"])
@pytest.mark.parametrize("name", NAMED)
def test_asking_by_a_pseudonym_finds_what_asking_by_the_identifier_does(world: World, name: str, related: str) -> None:
    for learner in world.learners:
        real = {"agent": json.dumps(learner.agent), "related_agents": related}
        veiled = {"agent": json.dumps(world.agent(name, learner)), "related_agents": related}
        found = ids(pages(world.owner, real))
        assert found == ids(pages(world.readers[name], veiled))
        assert found or related == "false"


@pytest.mark.parametrize("name", HIDDEN)
def test_nobody_is_found_by_an_identifier(world: World, name: str) -> None:
    """It would tell whose the pseudonym is. Nor does a pseudonym of another space say anything."""
    reader = world.readers[name]
    agents = [learner.agent for learner in world.learners]
    agents += [world.agent(other, world.learners[0]) for other in NAMED if world.agent(other, world.learners[0]) != (
        world.agent(name, world.learners[0]) if name in NAMED else None
    )]  # fmt: skip
    for agent in agents:
        text = json.dumps(agent)
        for resource, params in (
            ("statements", {"agent": text}),
            ("agents", {"agent": text}),
            ("changes", {"actor": text, "wait": "0", "from": "beginning"}),
            ("agents/profile", {"agent": text}),
            ("activities/state", {"agent": text, "activityId": LMS}),
        ):
            assert reader.get(resource, params=params).status_code == 403, (resource, agent)
        put = {"agent": text, "activityId": LMS, "stateId": "s"}
        assert reader.put("activities/state", params=put, json={}).status_code == 403


def test_an_unknown_pseudonym_is_nobody(world: World) -> None:
    agent = world.agent("tool", world.learners[0])
    agent["account"]["name"] = str(uuid4())
    assert ids(pages(world.readers["tool"], {"agent": json.dumps(agent)})) == []


async def _all(subscription: Subscription) -> list[bytes]:
    found: list[bytes] = []
    async with subscription:
        async for batch in subscription:
            if batch.live:
                break
            found += batch.payloads
    return found


def subscribed(world: World, name: str, **members: Any) -> list[bytes]:
    principal = world.engine.authenticator.principal_for_authorization(world.readers[name].authorization)

    async def read() -> list[bytes]:
        return await _all(world.engine.subscribe(principal=principal, start="beginning", **members))

    found: list[bytes] = world.server._run(read())
    return found


@pytest.mark.parametrize("name", HIDDEN)
def test_the_stream_tells_the_same_as_a_query(world: World, name: str) -> None:
    streamed = subscribed(world, name)
    queried = pages(world.readers[name], {"limit": "30", "ascending": "true"})
    assert [orjson.loads(one) for one in streamed] == [
        one for page in queried for one in orjson.loads(page)["statements"]
    ]


@pytest.mark.parametrize("name", NAMED)
def test_a_subscriber_asks_by_pseudonym(world: World, name: str) -> None:
    for learner in world.learners:
        found = [orjson.loads(one)["id"] for one in subscribed(world, name, actor=[world.agent(name, learner)])]
        assert found == ids(pages(world.owner, {"agent": json.dumps(learner.agent), "ascending": "true"}))
        with pytest.raises(Forbidden):
            subscribed(world, name, actor=[learner.agent])


def test_websocket_events_and_polls_tell_nobody_live_or_from_the_log(world: World, address: str) -> None:
    for name in HIDDEN:
        headers = {"Authorization": world.readers[name].authorization or ""}
        with connect(f"ws://{address}/xapi/stream?from=beginning", additional_headers=headers, compression=None) as ws:
            received: list[bytes] = []
            while b'"type":"live"' not in (frame := str(ws.recv(WAIT_S)).encode()):
                received.append(frame)
            before = len(received)
            new = world.store()
            world.ids.append(new)
            while len(received) == before:
                frame = str(ws.recv(WAIT_S)).encode()
                if b'"statements"' in frame:
                    received.append(frame)
        assert new.encode() in received[-1]
        assert [leaks(frame, world.learners) for frame in received] == [[]] * len(received)
        with httpx.Client(base_url=f"http://{address}/xapi", headers=headers, trust_env=False, timeout=WAIT_S) as http:
            polled = http.get("/changes", params={"from": "beginning", "wait": "0"})
            assert polled.json()["statements"]
            assert leaks(polled.content, world.learners) == []
            with http.stream("GET", "/stream?from=beginning", headers={"Accept": "text/event-stream"}) as events:
                for line in events.iter_lines():
                    assert leaks(line.removeprefix("data: ").encode(), world.learners) == []
                    if '"type":"live"' in line:
                        break
        error = f"ws://{address}/xapi/stream?from=now&actor={quote(json.dumps(world.learners[0].agent))}"
        with connect(error, additional_headers=headers, compression=None) as ws:
            codes = [orjson.loads(ws.recv(WAIT_S)).get("code") for _ in range(2)]
            assert codes == [None, "forbidden"]


def test_those_who_share_a_space_share_frames_and_others_do_not(world: World) -> None:
    async def channels(*names: str) -> int:
        subscriptions = []
        for name in names:
            principal = world.engine.authenticator.principal_for_authorization(world.readers[name].authorization)
            subscriptions.append(world.engine.subscribe(principal=principal, start="now"))
        numbers = set()
        for one in subscriptions:
            await one.open()
            batch = await one.next_batch()
            assert batch is not None
            numbers.add(batch.channel)
        for one in subscriptions:
            one.close()
        return len(numbers)

    assert world.server._run(channels("tool", "twin")) == 1
    assert world.server._run(channels("tool", "twin", "other", "blind")) == 3


def test_an_open_stream_asks_for_nobody_when_learners_appear_in_another_way(world: World) -> None:
    """Else it would tell which pseudonym an identifier, or another pseudonym, stands for."""
    engine, learner = world.engine, world.learners[0]
    reader = world.consumer("changing")
    authorization = reader.authorization

    async def read() -> list[int]:
        principal = engine.authenticator.principal_for_authorization(authorization)
        subscription = engine.subscribe(principal=principal, start="beginning", actor=[learner.agent])
        counts: list[int] = []
        for _ in range(2):
            async with asyncio.timeout(WAIT_S):
                if not counts:
                    await subscription.open()
                counts.append(sum([len(batch.payloads) async for batch in _until_live(subscription)]))
            hidden = replace(principal, disclosure=DISCLOSURES["tool"])
            subscription.resight(visibility(hidden))
            subscription._place = subscription._told = Place(0)
        subscription.close()
        return counts

    async def _until_live(subscription: Subscription) -> AsyncIterator[Batch]:
        while True:
            batch = await subscription.next_batch()
            if batch is None or batch.live:
                return
            yield batch

    first, second = world.server._run(read())
    assert first > 0
    assert second == 0


def test_documents_of_a_learner_are_found_by_pseudonym_and_tell_nobody(world: World) -> None:
    for learner in world.learners:
        value = {"note": f"of {learner.told[0]}", "who": learner.agent}
        state = {"activityId": f"{LMS}/a", "stateId": "s"}
        real, veiled = json.dumps(learner.agent), json.dumps(world.agent("tool", learner))
        assert world.owner.put("activities/state", params=state | {"agent": real}, json=value).status_code == 204
        assert world.owner.put("agents/profile", params={"profileId": "p", "agent": real}, content=f"I am {real}",
                               headers={"Content-Type": "text/plain"}).status_code == 204  # fmt: skip
        tool = world.readers["tool"]
        answer = tool.get("activities/state", params=state | {"agent": veiled})
        profile = tool.get("agents/profile", params={"profileId": "p", "agent": veiled})
        assert profile.text.startswith("I am ")
        for one in (answer, profile):
            assert one.status_code == 200
            assert leaks(one.content, world.learners) == []
        etags = {
            world.readers[name]
            .get("activities/state", params=state | {"agent": json.dumps(world.agent(name, learner))})
            .headers["ETag"]
            for name in ("tool", "other")
        } | {world.owner.get("activities/state", params=state | {"agent": real}).headers["ETag"]}
        assert len(etags) == 3, "the hash of what is hidden would tell it"


def test_a_document_is_written_under_a_pseudonym_for_whom_it_means(world: World) -> None:
    learner = world.learners[0]
    params = {"activityId": f"{LMS}/b", "stateId": "s", "agent": json.dumps(world.agent("tool", learner))}
    tool = world.readers["tool"]
    answer = tool.put("activities/state", params=params, json={"a": learner.told[0]})
    assert answer.status_code == 204
    etag = tool.get("activities/state", params=params).headers["ETag"]
    assert tool.put("activities/state", params=params, json={"a": 2}, headers={"If-Match": '"x"'}).status_code == 412
    assert tool.put("activities/state", params=params, json={"a": 2}, headers={"If-Match": etag}).status_code == 204
    real = params | {"agent": json.dumps(learner.agent)}
    assert world.owner.get("activities/state", params=real).json() == {"a": 2}


def test_a_statement_is_written_under_a_pseudonym_for_whom_it_means(world: World) -> None:
    learner = world.learners[1]
    veiled = {"objectType": "Agent", **world.agent("tool", learner)}
    made = {"actor": veiled, "verb": {"id": f"{LMS}/advised"}, "object": veiled}
    (found,) = world.readers["tool"].post("statements", json=made).json()
    world.ids.append(found)
    stored = world.owner.get("statements", params={"statementId": found}).json()
    assert stored["actor"] == stored["object"] == {"objectType": "Agent", **learner.agent}
    assert world.readers["tool"].get("statements", params={"statementId": found}).json()["actor"] == veiled


def test_a_statement_that_names_a_learner_otherwise_is_refused(world: World) -> None:
    """Reading it again would tell whose the pseudonym is."""
    agents = [learner.agent for learner in world.learners] + [world.agent("other", world.learners[0])]
    for agent in agents:
        for made in (
            {"actor": agent, "object": {"id": LMS}},
            {"actor": world.agent("tool", world.learners[0]), "object": {"objectType": "Agent", **agent}},
        ):
            answer = world.readers["tool"].post("statements", json=made | {"verb": {"id": f"{LMS}/did"}})
            assert answer.status_code == 403


def test_no_guess_at_a_statement_is_told_right_or_wrong(world: World) -> None:
    """To whom it is not shown as stored, the same statement and another one are the same conflict."""
    veiled = world.agent("tool", world.learners[0])
    for mail in ("right", "wrong"):
        made = {"id": str(uuid4()), "verb": {"id": f"{LMS}/did"}, "object": {"id": LMS}}
        stored = made | {"actor": world.learners[0].agent, "result": {"response": "right"}}
        world.ids.append(world.store(stored))
        guess = made | {"actor": veiled, "result": {"response": mail}}
        assert world.readers["tool"].post("statements", json=guess).status_code == 409


def test_an_export_in_the_name_of_a_consumer_tells_nobody(world: World) -> None:
    shell = Shell(world.engine.settings.data)
    for name in HIDDEN:
        lines = shell("export", "--as", name).stdout.splitlines()
        assert len(lines) == len(world.ids)
        assert [leaks(line.encode(), world.learners) for line in lines] == [[]] * len(lines)


@pytest.mark.parametrize("name", HIDDEN)
def test_the_hash_of_a_statement_tells_nothing_of_what_is_hidden(world: World, name: str) -> None:
    query = {"statementId": world.ids[0]}
    assert (
        world.readers[name].get("statements", params=query).headers["ETag"]
        != (world.owner.get("statements", params=query).headers["ETag"])
    )


def test_two_consumers_cannot_join_what_they_have(world: World) -> None:
    """Of the same learners in different statements: no word that tells one learner apart for one consumer is known to
    the other.
    """

    def words(name: str, half: int) -> dict[str, set[str]]:
        """By actor, the words of its statements that are in no other's."""
        by_actor: dict[str, set[str]] = {}
        for number, page in enumerate(json.loads(line) for line in lines[name]):
            if number % 2 == half:
                key = json.dumps(page["actor"], sort_keys=True)
                for apart in ("id", "stored", "timestamp"):
                    del page[apart]
                text = json.dumps(page).replace("\\", "")
                by_actor.setdefault(key, set()).update(text.replace('"', " ").replace("/", " ").split())
        common = set.union(*(a & b for a in by_actor.values() for b in by_actor.values() if a is not b), set())
        return {key: found - common for key, found in by_actor.items()}

    plain = [world.maker.plain() for _ in range(60)]
    world.ids += [world.store(made) for made in plain]
    wanted = {made["id"] for made in plain}
    lines: dict[str, list[str]] = {}
    for name in ("tool", "other"):
        found = [one for page in pages(world.readers[name], {}) for one in orjson.loads(page)["statements"]]
        lines[name] = [json.dumps(one) for one in found if one["id"] in wanted]
    mine, theirs = words("tool", 0), words("other", 1)
    assert len(mine) > 1
    assert not set().union(*mine.values()) & set().union(*theirs.values())
