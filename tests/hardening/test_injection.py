"""SQL, index expressions and paths in everything that a client may name."""

from __future__ import annotations

import json
import sqlite3
import uuid
from typing import Any

import pytest
from websockets.sync.client import connect

from tests.hardening.conftest import Target, refused
from tests.samples import ANSWERED, COURSE_A, COURSE_B, agent, statement
from tests.system.access import STATEMENTS, authorization, blocking_client, token_of

PAYLOADS = [
    "' OR '1'='1",
    '" OR "1"="1',
    "'; DROP TABLE record; --",
    "x' UNION SELECT payload FROM record --",
    "1 OR 1",
    "a* OR b*",
    "NEAR(a b)",
    'keys : "1"',
    "^1 AND NOT 2",
    "%",
    "_",
    "\\",
    "${7*7}",
    "{{7*7}}",
    "../../etc/passwd",
    "\x00",
    "\ufffd\u202e",
    "1" * 3_000,
]
NAMES = ["verb", "activity", "registration", "since", "until", "limit", "statementId", "voidedStatementId", "course",
         "format", "more", "ascending", "related_agents", "related_activities", "attachments", "agent"]  # fmt: skip


def tables(target: Target) -> set[str]:
    connection = sqlite3.connect(target.server.data / "lrs.sqlite3")
    try:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    finally:
        connection.close()


@pytest.mark.parametrize("name", NAMES)
def test_a_parameter(target: Target, name: str) -> None:
    """Break out of a query by any of its parameters: each value is refused, or finds nothing."""
    before = tables(target)
    for payload in PAYLOADS:
        answer = target.request("GET", params={name: payload})
        if answer.status_code == 200:
            assert answer.json()["statements"] == [], payload
        else:
            refused(answer, 400, 404)
    assert tables(target) == before


@pytest.mark.parametrize("payload", PAYLOADS)
def test_an_iri_that_holds_it(target: Target, payload: str) -> None:
    """As a part of a value of the right form it is a value like any other: it finds itself and nothing else."""
    iri = f"http://example.com/{uuid.uuid4()}/{payload}"
    made = statement(verb=iri, learner=payload, course=None)
    made["verb"] = {"id": iri}
    stored = target.request("POST", json=made)
    if stored.status_code != 200:
        refused(stored, 400)
        return
    found = target.request("GET", params={"verb": iri}).json()["statements"]
    assert [one["id"] for one in found] == [made["id"]]
    by_agent = target.request("GET", params={"agent": json.dumps(agent(payload)), "verb": iri}).json()["statements"]
    assert [one["id"] for one in by_agent] == [made["id"]]


@pytest.mark.parametrize(
    "given",
    [
        {"account": {"homePage": "https://x.example", "name": "' OR 1=1 --"}},
        {"account": {"homePage": "https://x.example' OR '1'='1", "name": "ann"}},
        {"account": {"homePage": "https://x.example", "name": 'a" OR "b'}},
        {"mbox": "mailto:a@b.c' OR '1'='1"},
        {"mbox": "mailto:*@*"},
        {"mbox_sha1sum": "' OR 1=1 --"},
        {"openid": "http://x.example/' OR 1=1 --"},
        {"account": {"homePage": "https://x.example", "name": {"$ne": None}}},
        {"account": {"homePage": "https://x.example", "name": ["ann"]}},
        {"objectType": "Group", "member": [{"mbox": "mailto:a@b.c' OR 1"}]},
    ],
    ids=str,
)
def test_an_agent(target: Target, given: dict[str, Any]) -> None:
    """The same within JSON, quotes and all."""
    answer = target.request("GET", params={"agent": json.dumps(given)})
    if answer.status_code == 200:
        assert answer.json()["statements"] == []
    else:
        assert refused(answer, 400) == "invalid_parameter"


@pytest.mark.parametrize(
    "course",
    [
        "course-v1:Org+*",
        "course-v1:*+*+*",
        "course-v1:Org+A+2026 OR course-v1:Org+B+2026",
        "course-v1:Org+A+2026' OR '1'='1",
        'course-v1:Org+A+2026" OR 1',
        "course-v1:Org+A+2026\x00",
        "course-v1:Org+A+2026/../B",
        "course-v1:Org+A+2026\n",
        "COURSE-V1:Org+A+2026",
        "https://lms.example.com/course/course-v1:Org+B+2026?course-v1:Org+A+2026",
        "https://lms.example.com/course/course-v1:Org%2BB%2B2026",
        "https://lms.example.com/courses/course-v1:Org+A+2026/../course-v1:Org+B+2026",
        "*",
        "",
    ],
)
def test_a_course_by_another_spelling(target: Target, course: str) -> None:
    """A reader of course A asks for more in the words of course A: it sees nothing beyond its grant."""
    mine, other = statement(course=COURSE_A), statement(course=COURSE_B)
    assert target.request("POST", json=[mine, other]).status_code == 200
    with blocking_client(target.server, token_of(target.server, "engine")) as reader:
        answer = reader.get(STATEMENTS, params={"course": course})
        if answer.status_code == 200:
            found = {one["id"] for one in answer.json()["statements"]}
            assert other["id"] not in found
        else:
            refused(answer, 400, 403)


def test_the_grant_can_not_be_left_by_any_query(target: Target) -> None:
    """Every way to ask, by a reader of course A: what belongs to course B, to both or to none does not show."""
    both = statement(course=COURSE_A)
    both["context"]["contextActivities"]["parent"] += statement(course=COURSE_B)["context"]["contextActivities"][
        "parent"
    ]
    hidden = [statement(course=COURSE_B), statement(course=None), both]
    assert target.request("POST", json=hidden).status_code == 200
    ids = {one["id"] for one in hidden}
    queries: list[dict[str, Any]] = [
        {},
        {"verb": ANSWERED},
        {"agent": json.dumps(agent())},
        {"agent": json.dumps(agent()), "related_agents": "true"},
        {"activity": hidden[0]["object"]["id"]},
        {"activity": f"https://lms.example.com/course/{COURSE_B}", "related_activities": "true"},
        {"since": "2000-01-01T00:00:00Z", "ascending": "true"},
        {"format": "ids"},
        {"format": "canonical"},
        {"attachments": "true"},
        {"course": COURSE_B},
        {"course": [COURSE_A, COURSE_B]},
        *({name: one} for one in ids for name in ("statementId", "voidedStatementId")),
    ]
    with blocking_client(target.server, token_of(target.server, "engine")) as reader:
        for query in queries:
            answer = reader.get(STATEMENTS, params=query)
            assert answer.status_code in (200, 403, 404), answer.text
            assert not any(one in answer.text for one in ids), query


def test_more_of_another_reader(target: Target) -> None:
    """Go on with the page of somebody who sees more."""
    assert target.request("POST", json=[statement(course=COURSE_B) for _ in range(3)]).status_code == 200
    more = target.request("GET", params={"limit": 1}).json()["more"]
    with blocking_client(target.server, token_of(target.server, "engine")) as reader:
        assert refused(reader.get(more), 400) == "invalid_parameter"


@pytest.mark.parametrize(
    "alter", [lambda t: t[:-1], lambda t: t + "A", lambda t: t[::-1], lambda t: "A" * len(t), lambda t: ""]
)
def test_more_that_was_altered(target: Target, alter: Any) -> None:
    """Forge the place to go on from."""
    assert target.request("POST", json=[statement() for _ in range(3)]).status_code == 200
    path, _, text = target.request("GET", params={"limit": 1}).json()["more"].partition("?more=")
    assert refused(target.request("GET", path, params={"more": alter(text)}), 400) == "invalid_parameter"


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_document(target: Target, payload: str) -> None:
    """The ids of documents are free text: each is its own, and touches no file and no other document."""
    place = {"activityId": "http://example.com/a", "agent": json.dumps(agent(str(uuid.uuid4())))}
    path = "/xapi/activities/state"
    stored = target.request("PUT", path, params=place | {"stateId": payload}, content=b"mine")
    if stored.status_code != 204:
        refused(stored, 400)
        return
    assert target.request("GET", path, params=place).json() == [payload]
    assert target.request("GET", path, params=place | {"stateId": payload}).content == b"mine"
    assert target.request("GET", path, params=place | {"stateId": payload + "x"}).status_code == 404


def test_a_filter_of_the_stream(target: Target) -> None:
    """The same values in the words of the stream: errors, or subscriptions that find nothing."""
    headers = authorization(target.token)
    members = ["course", "verb", "activity", "related_activity", "activity_type", "actor", "registration", "platform"]
    for member in members:
        with connect(target.server.stream_url, additional_headers=headers, proxy=None) as socket:
            assert json.loads(socket.recv())["type"] == "hello"
            for number, payload in enumerate(one for one in PAYLOADS if "\0" not in one):
                asked = {"mbox": f"mailto:{payload}"} if member == "actor" else payload
                name = f"s{number}"
                frame = {"type": "subscribe", "sub": name, "filter": {member: [asked]}, "from": "beginning"}
                socket.send(json.dumps(frame))
                answer = json.loads(socket.recv())
                if answer["type"] == "subscribed":
                    assert json.loads(socket.recv())["type"] == "live"
                    socket.send(json.dumps({"type": "unsubscribe", "sub": name}))
                    assert json.loads(socket.recv())["type"] == "unsubscribed"
                else:
                    assert answer["type"] == "error"
