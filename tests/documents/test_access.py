"""Who may read and write which documents: every scope and grant against a plain model, over HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from lrs.auth.scopes import MEANINGS
from lrs.documents.access import courses_of
from lrs.documents.documents import Context, Kind
from tests.door.client import Client, Server, serving
from tests.samples import COURSE_A, COURSE_B, LMS, agent

GRANTS: dict[str, tuple[str, ...] | None] = {
    "every": None,
    "a": (COURSE_A,),
    "org": ("course-v1:Org+*",),
    "other": ("course-v1:Other+*",),
    "none": (),
}

# Activities by the course that they belong to.
ACTIVITIES = {
    f"{LMS}/course/{COURSE_A}": COURSE_A,
    f"{LMS}/xblock/block-v1:{COURSE_A.removeprefix('course-v1:')}+type@problem+block@1": COURSE_A,
    f"{LMS}/courses/{COURSE_B.replace(':', '%3A').replace('+', '%2B')}/jump": COURSE_B,
    f"{LMS}/nothing": None,
}
COVERED = {"a": {COURSE_A}, "org": {COURSE_A, COURSE_B}, "other": set[str](), "none": set[str]()}

READERS = {
    "state": {"all", "all/read", "state"},
    "profile": {"all", "all/read", "profile"},
}
WRITERS = {"state": {"all", "state"}, "profile": {"all", "profile"}}


def places() -> list[tuple[str, dict[str, str], str | None]]:
    """(resource, parameters without an id, course) of everything where documents can be."""
    whom = json.dumps(agent())
    return [
        *(("activities/state", {"activityId": one, "agent": whom}, course) for one, course in ACTIVITIES.items()),
        *(("activities/profile", {"activityId": one}, course) for one, course in ACTIVITIES.items()),
        ("agents/profile", {"agent": whom}, None),
    ]


def covered(grant: str, course: str | None) -> bool:
    return grant == "every" or course in COVERED[grant]


def one(resource: str, within: dict[str, str], document_id: str = "d") -> dict[str, str]:
    return within | {"stateId" if resource == "activities/state" else "profileId": document_id}


@pytest.fixture(scope="module")
def matrix(server: Server) -> dict[tuple[str, str], Client]:
    """A client for each scope and grant; and a document in every place."""
    writer = server.client("writer", "all")
    for resource, within, _ in places():
        answer = writer.put(resource, params=one(resource, within), content=b"x", headers={"If-None-Match": "*"})
        assert answer.status_code == 204
    return {
        (scope, grant): server.client(f"{scope} {grant}", scope, courses=courses)
        for scope in MEANINGS
        for grant, courses in GRANTS.items()
    }


@pytest.mark.parametrize("grant", GRANTS)
@pytest.mark.parametrize("scope", MEANINGS)
def test_reading_needs_the_scope_and_shows_the_grant(
    matrix: dict[tuple[str, str], Client], scope: str, grant: str
) -> None:
    """Outside the grant a document is as absent as one that does not exist (invariant 4)."""
    client = matrix[scope, grant]
    for resource, within, course in places():
        kind = "state" if resource == "activities/state" else "profile"
        found = client.get(resource, params=one(resource, within))
        absent = client.get(resource, params=one(resource, within, str(uuid4())))
        every = client.get(resource, params=within)
        if scope not in READERS[kind]:
            assert {answer.status_code for answer in (found, absent, every)} == {403}
        elif covered(grant, course):
            assert (found.status_code, absent.status_code, every.json()) == (200, 404, ["d"])
        else:
            assert (found.status_code, found.content) == (404, absent.content)
            assert (every.json(), "Last-Modified" in every.headers) == ([], False)


@pytest.mark.parametrize("grant", GRANTS)
@pytest.mark.parametrize("scope", MEANINGS)
def test_writing_needs_the_scope_and_stays_in_the_grant(
    matrix: dict[tuple[str, str], Client], scope: str, grant: str
) -> None:
    client = matrix[scope, grant]
    for resource, within, course in places():
        kind = "state" if resource == "activities/state" else "profile"
        allowed = scope in WRITERS[kind] and covered(grant, course)
        new = one(resource, within, str(uuid4()))
        attempts: list[tuple[str, dict[str, Any]]] = [
            ("PUT", {"params": new, "json": {}, "headers": {"If-None-Match": "*"}}),
            ("POST", {"params": new, "json": {}}),
            ("DELETE", {"params": new}),
        ]
        if resource == "activities/state":
            attempts.append(("DELETE", {"params": within | {"registration": str(uuid4())}}))
        for method, more in attempts:
            assert client.request(method, resource, **more).status_code == (204 if allowed else 403), (method, resource)


def test_a_write_outside_the_grant_changes_nothing_and_tells_nothing(server: Server) -> None:
    """Neither by the status nor by a precondition can a writer probe what is there."""
    owner, writer = server.client("owner of b", "all"), server.client("writer of a", "all", courses=(COURSE_A,))
    within = {"activityId": f"{LMS}/course/{COURSE_B}/{uuid4()}", "agent": json.dumps(agent())}
    owner.put("activities/state", params=within | {"stateId": "d"}, content=b"x")
    there, absent = (
        writer.put("activities/state", params=within | {"stateId": name}, content=b"y", headers={"If-Match": "*"})
        for name in ("d", "e")
    )
    assert (there.status_code, there.content) == (403, absent.content)
    assert writer.delete("activities/state", params=within).status_code == 403
    assert owner.get("activities/state", params=within | {"stateId": "d"}).content == b"x"


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
def test_strangers_are_refused(server: Server, version: str) -> None:
    for resource, within, _ in places():
        for method in ("GET", "HEAD", "PUT", "POST", "DELETE"):
            answer = server.stranger(version).request(method, resource, params=one(resource, within))
            assert answer.status_code == 401
            assert "WWW-Authenticate" in answer.headers


def test_a_missing_scope_is_named(server: Server) -> None:
    """RFC 6750 3.1."""
    client = server.client("reads states", "all/read")
    answer = client.put("activities/state", params={}, content=b"")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert 'scope="state"' in answer.headers["WWW-Authenticate"]


def test_a_body_is_not_read_from_who_may_not_write(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        client = server.client("reader", "all/read")
        sent = client.put("activities/state", content=b"x" * 5_000_000)
        assert sent.status_code == 403


@pytest.mark.parametrize(
    ("context", "courses"),
    [
        (Context(Kind.AGENT_PROFILE, agent="mbox|mailto:a@x.org"), set()),
        (Context(Kind.ACTIVITY_PROFILE, activity="https://x.org/course/7"), {"https://x.org/course/7"}),
        (Context(Kind.STATE, activity=f"https://x.org/{COURSE_A}/x", agent="a"), {COURSE_A}),
    ],
)
def test_an_activity_without_a_course_key_stands_for_itself(context: Context, courses: set[str]) -> None:
    """It may be a course that is known by its IRI."""
    assert courses_of(context) == courses
