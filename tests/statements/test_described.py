"""The Agents and Activities Resources as clients see them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from lrs.auth.scopes import MEANINGS
from lrs.limits import DEFAULT_LIMITS
from tests.door.client import Client, Server, serving
from tests.samples import COURSE_A, COURSE_B, statement, voiding


@pytest.fixture(scope="module", params=["1.0.3", "2.0.0"])
def lms(request: pytest.FixtureRequest, server: Server) -> Client:
    return server.client(f"lms of {request.param}", "all", version=request.param)


def post(client: Client, *made: dict[str, Any]) -> None:
    answer = client.post("statements", json=list(made))
    assert answer.status_code == 200, answer.text


def told(name: str, course: str | None = COURSE_A, *, activity: str, mbox: str) -> dict[str, Any]:
    """A statement that gives this name to an activity and to an agent."""
    return statement(
        course=course,
        actor={"mbox": mbox, "name": name},
        object={"objectType": "Activity", "id": activity, "definition": {"name": {f"x-{name.lower()}": name}}},
    )


@pytest.fixture
def new() -> dict[str, str]:
    """An activity and an agent that nobody has heard of."""
    return {"activity": f"https://x.org/{uuid4()}", "mbox": f"mailto:{uuid4()}@x.org"}


def names(client: Client, new: dict[str, str]) -> tuple[list[str], list[str]]:
    """Names of the activity and of the agent, as ``client`` sees them."""
    activity = client.get("activities", params={"activityId": new["activity"]})
    agent = client.get("agents", params={"agent": json.dumps({"mbox": new["mbox"]})})
    assert (activity.status_code, agent.status_code) == (200, 200)
    definition = activity.json().get("definition", {"name": {}})
    return sorted(definition["name"].values()), sorted(agent.json().get("name", []))


def test_what_nobody_knows_is_answered_with_what_was_asked(lms: Client, new: dict[str, str]) -> None:
    activity = lms.get("activities", params={"activityId": new["activity"]})
    assert activity.json() == {"objectType": "Activity", "id": new["activity"]}
    agent = lms.get("agents", params={"agent": json.dumps({"mbox": new["mbox"], "name": "Ann"})})
    assert agent.json() == {"objectType": "Person", "mbox": [new["mbox"]], "name": ["Ann"]}


def test_statements_are_put_together(lms: Client, new: dict[str, str]) -> None:
    post(lms, told("En", **new), told("De", **new), statement())
    assert names(lms, new) == (["De", "En"], ["De", "En"])


def test_answers_have_an_etag(lms: Client, new: dict[str, str]) -> None:
    """Communication 3.1."""
    etags = []
    for name in ("En", "De"):
        post(lms, told(name, **new))
        etags.append(lms.get("activities", params={"activityId": new["activity"]}).headers["ETag"])
    assert etags[0] != etags[1]


def test_voided_statements_and_those_that_refer_to_a_match_say_nothing(lms: Client, new: dict[str, str]) -> None:
    first, second = told("En", **new), told("De", **new)
    post(lms, first, second)
    post(lms, voiding(first["id"]), statement(object={"objectType": "StatementRef", "id": second["id"]}))
    assert names(lms, new) == (["De"], ["De"])


@pytest.mark.parametrize(
    ("courses", "seen"),
    [
        (None, ["A", "B", "None"]),
        ((COURSE_A,), ["A"]),
        (("course-v1:Org+*",), ["A", "B"]),
        (("course-v1:Other+*",), []),
        ((), []),
    ],
)
def test_a_reader_learns_nothing_outside_its_grant(
    server: Server, lms: Client, new: dict[str, str], courses: tuple[str, ...] | None, seen: list[str]
) -> None:
    """Invariant 4."""
    post(lms, told("A", COURSE_A, **new), told("B", COURSE_B, **new), told("None", None, **new))
    reader = server.client(str(uuid4()), "statements/read", courses=courses)
    assert names(reader, new) == (seen, seen)


def test_who_may_read_only_its_own_learns_only_from_its_own(server: Server, lms: Client, new: dict[str, str]) -> None:
    writer = server.client(str(uuid4()), "statements/write", "statements/read/mine", "define")
    post(lms, told("Theirs", **new))
    post(writer, told("Mine", **new))
    assert names(writer, new) == (["Mine"], ["Mine"])


def test_only_who_may_define_says_what_something_is(server: Server, lms: Client, new: dict[str, str]) -> None:
    """Communication 4.2 define: the statement is kept, what it says of Activities and Agents does not count."""
    writer = server.client(str(uuid4()), "statements/write")
    post(lms, told("True", **new))
    made = told("False", **new)
    post(writer, made)
    assert names(lms, new) == (["True"], ["True"])
    found = lms.get("statements", params={"statementId": made["id"]}).json()
    assert found["object"]["definition"] == made["object"]["definition"]


def test_reading_needs_a_scope_that_reads_statements(server: Server, new: dict[str, str]) -> None:
    readers = {"statements/read/mine", "statements/read", "all/read", "all"}
    for scope in MEANINGS:
        client = server.client(str(uuid4()), scope)
        for path, params in (
            ("activities", {"activityId": new["activity"]}),
            ("agents", {"agent": json.dumps({"mbox": new["mbox"]})}),
        ):
            assert client.get(path, params=params).status_code == (200 if scope in readers else 403), (scope, path)


@pytest.mark.parametrize("text", [None, "", "true", "abc", "x y:z"])
def test_an_activity_is_asked_for_by_an_iri(lms: Client, text: str | None) -> None:
    assert lms.get("activities", params={} if text is None else {"activityId": text}).status_code == 400


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "true",
        "{}",
        '{"name":"Rick James","objectType":"Agent"}',
        '{"objectType":"Group","mbox":"mailto:team@x.org"}',
        '{"objectType":"Person","mbox":["mailto:ann@x.org"]}',
        '{"mbox":"mailto:ann@x.org","openid":"https://x.org"}',
    ],
)
def test_a_person_is_asked_for_by_an_agent(lms: Client, text: str | None) -> None:
    """Communication 2.4: a single identifier, no arrays, no Group."""
    assert lms.get("agents", params={} if text is None else {"agent": text}).status_code == 400


def test_only_the_newest_statements_count(tmp_path: Path, new: dict[str, str]) -> None:
    """Invariant 7."""
    with serving(tmp_path, limits=replace(DEFAULT_LIMITS, described_from_max=2)) as server:
        client = server.client("lms", "all")
        post(client, *(told(name, **new) for name in ("A", "B", "C")))
        assert names(client, new) == (["B", "C"], ["B", "C"])
