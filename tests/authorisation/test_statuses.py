"""Every scope and grant on every resource and verb: what is allowed, and what is 403 (Communication 3.2, 4.2)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from tests.authorisation.stated import GRANTS, RIGHTS, SCOPES, A, B, C, Reader
from tests.door.client import Client, Server, serving
from tests.samples import agent, course_activity, statement
from tests.statements.attached import MIXED, body

ACTIVITY = course_activity(A)["id"]
AGENT = json.dumps(agent())
STATE = {"activityId": ACTIVITY, "agent": AGENT}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
IN_A = frozenset({A})
SOME_GRANTS = ("every course", "one", "two", "organisation", "custom course", "none")


class Row(NamedTuple):
    """A request, the right that it takes, and what each thing written names: the grant must permit all of them."""

    method: str
    resource: str
    right: str
    more: dict[str, Any]
    success: int = 200
    named: tuple[frozenset[str], ...] = ()


def writing_statements() -> Iterator[Row]:
    contexts = (IN_A, frozenset({A, B}), frozenset({C}), frozenset[str]())
    for courses in contexts:
        parents = {"contextActivities": {"parent": [course_activity(key) for key in sorted(courses)]}}
        one, other, third = (statement(course=None, context=parents) for _ in range(3))
        yield Row("POST", "statements", "write", {"json": one}, 200, (courses,))
        yield Row("POST", "statements", "write", {"json": [other, statement(course=A)]}, 200, (courses, IN_A))
        yield Row(
            "PUT", "statements", "write", {"params": {"statementId": third["id"]}, "json": third}, 204, (courses,)
        )
    mixed = {"content": body(statement(course=A)), "headers": {"Content-Type": MIXED}}
    yield Row("POST", "statements", "write", mixed, 200, (IN_A,))
    form = {"params": {"method": "POST"}, "data": {"content": json.dumps(statement(course=A))}}
    yield Row("POST", "statements", "write", form, 200, (IN_A,))


def reading() -> Iterator[Row]:
    for resource, right, params in (
        ("statements", "read", {}),
        ("statements", "read", {"attachments": "true"}),
        ("statements", "read", {"course": A, "related_agents": "true", "agent": AGENT}),
        ("agents", "read", {"agent": AGENT}),
        ("activities", "read", {"activityId": ACTIVITY}),
        ("activities/state", "read state", STATE),
        ("activities/profile", "read profile", {"activityId": ACTIVITY}),
        ("agents/profile", "read profile", {"agent": AGENT}),
    ):
        yield Row("GET", resource, right, {"params": params})
        yield Row("HEAD", resource, right, {"params": params})
        yield Row("POST", resource, right, {"params": {"method": "GET"}, "data": params, "headers": FORM})


def writing_documents() -> Iterator[Row]:
    for resource, right, within, courses in (
        ("activities/state", "write state", STATE, IN_A),
        ("activities/profile", "write profile", {"activityId": ACTIVITY}, IN_A),
        ("agents/profile", "write profile", {"agent": AGENT}, frozenset[str]()),
    ):
        name = "stateId" if resource == "activities/state" else "profileId"
        new = {"params": within | {name: str(uuid4())}, "json": {}, "headers": {"If-None-Match": "*"}}
        yield Row("PUT", resource, right, new, 204, (courses,))
        yield Row("POST", resource, right, {"params": within | {name: str(uuid4())}, "json": {}}, 204, (courses,))
        yield Row("DELETE", resource, right, {"params": within | {name: str(uuid4())}}, 204, (courses,))
    yield Row("DELETE", "activities/state", "write state", {"params": STATE}, 204, (IN_A,))


def rows() -> Iterator[Row]:
    """Made anew for each reader, so that ids are its own."""
    yield from writing_statements()
    yield from reading()
    yield from writing_documents()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("data")) as made:
        yield made


@pytest.mark.parametrize("grant", SOME_GRANTS)
@pytest.mark.parametrize("scopes", SCOPES, ids=" ".join)
def test_a_request_needs_its_right_and_a_grant_that_covers_it(
    server: Server, scopes: tuple[str, ...], grant: str
) -> None:
    """By the key of a consumer; its tokens are drawn at random elsewhere in this folder."""
    reader = Reader(f"{' '.join(scopes)}, {grant}", scopes, grant)
    client = server.client(reader.consumer, *scopes, courses=GRANTS[grant].entries)
    for row in rows():
        covered = all(map(GRANTS[grant].permits, row.named))
        answer = client.request(row.method, row.resource, **row.more)
        expected = row.success if reader.has(row.right) and covered else 403
        assert answer.status_code == expected, (row, answer.text)
    assert client.get("about").status_code == 200


def test_every_right_is_asked_for(server: Server) -> None:
    asked = {row.right for row in rows()} | {"stream", "others", "define"}
    assert asked == frozenset().union(*RIGHTS.values())


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
@pytest.mark.parametrize(
    "authorization", [None, "Basic", "Basic Og==", "Basic:bm9ib2R5Om5vdGhpbmc=", "Bearer x.y.z", "Digest a=b", "%"]
)
def test_strangers_get_nothing_anywhere(server: Server, version: str, authorization: str | None) -> None:
    """401 with the schemes to come again with, before anything else is looked at; and nothing is stored."""
    stranger = Client(server, authorization, version)
    before = server.engine.log.head()
    for row in rows():
        if version == "2.0.0" and "method" in row.more.get("params", {}):
            continue
        answer = stranger.request(row.method, row.resource, **row.more)
        assert answer.status_code == 401, row
        assert "WWW-Authenticate" in answer.headers
    assert server.engine.log.head() == before
    assert stranger.get("about").status_code == 200
