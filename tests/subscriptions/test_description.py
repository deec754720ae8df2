"""The AsyncAPI description tells what is built: every frame, filter, parameter and limit."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest

from lrs import Settings, create_app
from lrs.errors import LrsError
from lrs.limits import Limits
from lrs.statements.record import Place
from lrs.subscriptions.client_frames import parse_request
from lrs.subscriptions.description import description, document
from lrs.subscriptions.filters import FILTER_MEMBERS
from lrs.subscriptions.frames import LIMITS_TOLD, PROTOCOL
from lrs.subscriptions.http.routes import CHANGES_PATH, STREAM_PATH
from lrs.subscriptions.openings import KEEPING_MEMBERS
from lrs.subscriptions.starts import START_MEMBERS
from tests.described import BY_EVENTS, FROM_CLIENT, FROM_SERVER, check_sent, validator
from tests.samples import COURSE_A, agent, statement
from tests.subscriptions.memory_log import MemoryLog
from tests.subscriptions.served import Served
from tests.subscriptions.test_stream_page import FRAMES, built_frames

SCHEMAS = document()["components"]["schemas"]
CURSOR = MemoryLog().cursors.seal(Place(1))


def test_every_reference_leads_somewhere() -> None:
    def look(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                found: Any = document()
                for part in value["$ref"].removeprefix("#/").split("/"):
                    found = found[part]
            for each in value.values():
                look(each)
        elif isinstance(value, list):
            for each in value:
                look(each)

    look(document())


def test_every_frame_of_the_server_is_described_with_its_members() -> None:
    built = built_frames()
    assert set(built) == set(FROM_SERVER) | set(BY_EVENTS)
    for name, frame in built.items():
        members = SCHEMAS[f"{name}Frame"]["properties"]
        assert set(frame) <= set(members)
        assert set(members) - set(frame) <= {"re", "problems", "restrictions"}


def test_a_frame_with_a_member_that_is_not_described_is_found() -> None:
    """The hook that looks at all frames would see it."""
    frame = {"type": "live", "sub": "s1", "cursor": CURSOR}
    check_sent(orjson.dumps(frame))
    for wrong in (frame | {"more": 1}, frame | {"cursor": "short"}, frame | {"type": "lively"}, {"type": "live"}):
        with pytest.raises(AssertionError):
            check_sent(orjson.dumps(wrong))


def test_names_of_the_protocol_are_right() -> None:
    assert document()["info"]["title"] == SCHEMAS["helloFrame"]["properties"]["protocol"]["const"] == PROTOCOL
    channels = document()["channels"]
    assert {name: channel["address"] for name, channel in channels.items()} == {
        "stream": STREAM_PATH, "events": STREAM_PATH, "changes": CHANGES_PATH
    }  # fmt: skip


def test_filters_parameters_and_limits_are_those_that_are_understood() -> None:
    assert tuple(SCHEMAS["filter"]["properties"]) == FILTER_MEMBERS
    assert set(SCHEMAS["limits"]["properties"]) == set(LIMITS_TOLD)
    websocket = document()["channels"]["stream"]["bindings"]["ws"]["query"]["properties"]
    assert set(websocket) == {*FILTER_MEMBERS, *START_MEMBERS, *KEEPING_MEMBERS}
    operations = document()["operations"]
    assert set(operations["tellByEvents"]["bindings"]["http"]["query"]["properties"]) == {
        *FILTER_MEMBERS, *START_MEMBERS
    }  # fmt: skip
    assert set(operations["answerPolls"]["bindings"]["http"]["query"]["properties"]) == {
        *FILTER_MEMBERS, *START_MEMBERS, "limit", "wait"
    }  # fmt: skip


TAKEN: list[dict[str, Any]] = [
    {"type": "auth", "token": "t"},
    {"type": "subscribe", "sub": "s1"},
    {"type": "subscribe", "id": 7, "sub": "s1", "from": {"stored": "2026-11-22T06:00:00Z"}},
    {"type": "subscribe", "sub": "s1", "filter": {"course": [COURSE_A], "actor": [agent()]}, "after": CURSOR},
    {"type": "subscribe", "sub": "s1", "durable": "k", "reset": True, "window": 500},
    {"type": "ack", "id": "x", "sub": "s1", "cursor": CURSOR},
    {"type": "unsubscribe", "sub": "s1"},
]
REFUSED: list[dict[str, Any]] = [
    {"type": "auth"},
    {"type": "auth", "token": 7},
    {"type": "subscribe"},
    {"type": "subscribe", "sub": "a b"},
    {"type": "subscribe", "sub": "s1", "filters": {}},
    {"type": "subscribe", "sub": "s1", "filter": []},
    {"type": "subscribe", "sub": "s1", "filter": {"colour": ["red"]}},
    {"type": "subscribe", "sub": "s1", "filter": {"verb": []}},
    {"type": "subscribe", "sub": "s1", "filter": {"verb": "x:y"}},
    {"type": "subscribe", "sub": "s1", "from": "later"},
    {"type": "subscribe", "sub": "s1", "from": {"stored": "2026-11-22T06:00:00Z", "until": 1}},
    {"type": "subscribe", "sub": "s1", "after": CURSOR, "from": "now"},
    {"type": "subscribe", "sub": "s1", "window": 0},
    {"type": "subscribe", "sub": "s1", "window": True},
    {"type": "subscribe", "sub": "s1", "durable": "a b"},
    {"type": "subscribe", "sub": "s1", "durable": "k", "reset": 1},
    {"type": "subscribe", "id": 1.5, "sub": "s1"},
    {"type": "subscribe", "id": "x" * 65, "sub": "s1"},
    {"type": "ack", "sub": "s1"},
    {"type": "ack", "sub": "s1", "cursor": CURSOR, "window": 1},
    {"type": "unsubscribe", "sub": "s1", "cursor": CURSOR},
]


@pytest.mark.parametrize("frame", TAKEN, ids=repr)
def test_what_is_taken_is_described(frame: dict[str, Any]) -> None:
    assert frame["type"] in FROM_CLIENT
    parse_request(frame, Limits())
    validator(frame["type"]).validate(frame)


@pytest.mark.parametrize("frame", FRAMES[0], ids=lambda frame: frame["type"])
def test_what_the_page_shows_is_described(frame: dict[str, Any]) -> None:
    validator(frame["type"]).validate(orjson.loads(orjson.dumps(frame).replace(b"<cursor>", CURSOR.encode())))


@pytest.mark.parametrize("frame", REFUSED, ids=repr)
def test_what_is_described_as_wrong_is_refused(frame: dict[str, Any]) -> None:
    assert not validator(frame["type"]).is_valid(frame)
    with pytest.raises(LrsError):
        parse_request(frame, Limits())


def test_the_answer_of_a_poll_is_as_described() -> None:
    with Served() as served:
        served.put(statement())
        url, headers = f"http://{served.address}/xapi/changes", {"Authorization": "Bearer engine"}
        for parameters in {"from": "beginning"}, {"wait": "0"}:
            answer = httpx.get(url, params=parameters, headers=headers, trust_env=False)
            validator("changes").validate(answer.json())


@pytest.mark.parametrize(
    ("public_url", "base", "expected"),
    [
        ("http://localhost:8080", "/xapi", ("localhost:8080", "/xapi", "ws", "http")),
        ("https://lrs.example.com/", "/xapi", ("lrs.example.com", "/xapi", "wss", "https")),
        ("https://example.com/lrs", "/x", ("example.com", "/lrs/x", "wss", "https")),
    ],
)
def test_it_is_served_with_the_public_address(public_url: str, base: str, expected: tuple[str, ...]) -> None:
    servers = description(Settings(public_url=public_url, base=base))["servers"]
    host, pathname, *protocols = expected
    assert [server["protocol"] for server in servers.values()] == protocols
    assert all((server["host"], server["pathname"]) == (host, pathname) for server in servers.values())
    assert document()["servers"]["http"]["host"] == "localhost:8080"


async def test_it_is_served_to_everybody(tmp_path: Any) -> None:
    app = create_app(Settings(data=tmp_path))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://lrs") as client:
        answer = await client.get("/asyncapi.json")
    await app.stop()
    assert (answer.status_code, answer.json()["asyncapi"]) == (200, "3.0.0")
