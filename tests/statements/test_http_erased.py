"""Those who poll learn what was erased, of what they may have seen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lrs.auth.grants import Grant
from tests.door.client import Client, Server, serving
from tests.samples import ANSWERED, COURSE_A, COURSE_B, agent, statement, voiding

ASKED = "http://adlnet.gov/expapi/verbs/asked"
PROBLEM, VIDEO = (
    "http://adlnet.gov/expapi/activities/cmi.interaction",
    "https://w3id.org/xapi/video/activity-type/video",
)
LMS, OTHER = "https://lms.example.com", "https://other.example.com"


def test_ids_come_in_order_after_a_cursor_and_by_course(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        first, other, second = statement(course=COURSE_A), statement(course=COURSE_B), statement(learner="bob")
        server.client("lms", "all").post("statements", json=[first, other, second])
        everything = server.client("all", "statements/read")
        of_course = server.client("some", "statements/read", courses=(COURSE_A,))
        restricted = server.client("bot", "stream", courses=(COURSE_A,))
        begun = everything.get("statements/erased").json()
        assert (begun["erased"], begun["more"]) == ([], False)
        asyncio.run(server.engine.erase(agent("ann")))
        told = everything.get("statements/erased", params={"after": begun["after"]}).json()
        assert told["erased"] == [first["id"], other["id"]]
        assert of_course.get("statements/erased").json()["erased"] == [first["id"]]
        assert restricted.get("statements/erased").json()["erased"] == [first["id"]]
        asyncio.run(server.engine.erase(agent("bob")))
        assert everything.get("statements/erased", params={"after": told["after"]}).json()["erased"] == [second["id"]]
        assert everything.get("statements", params={"statementId": first["id"]}).status_code == 404
        assert everything.get("statements/erased", params={"after": "nonsense"}).status_code == 400
        assert server.client("w", "statements/write").get("statements/erased").status_code == 403


def act(verb: str = ANSWERED, kind: str | None = PROBLEM, site: str = LMS, **members: Any) -> dict[str, Any]:
    """What Ann did, of whom there is an account at each site."""
    made = statement(verb=verb, **members)
    made["actor"]["account"]["homePage"] = site
    if kind is not None:
        made["object"]["definition"] = {"type": kind}
    return made


ACTS = {
    "answered": act(),
    "asked": act(verb=ASKED),
    "watched": act(kind=VIDEO),
    "untyped": act(kind=None),
    "elsewhere": act(site=OTHER),
    "other course": act(course=COURSE_B),
}
NAMES = {made["id"]: name for name, made in ACTS.items()}
ANN = [agent("ann"), {"account": {"homePage": OTHER, "name": "ann"}}]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """All that there was is erased."""
    with serving(tmp_path_factory.mktemp("data")) as made:
        answer = made.client("lms", "all").post("statements", json=list(ACTS.values()))
        assert answer.status_code == 200, answer.text
        asyncio.run(made.engine.erase(ANN))
        yield made


def reader(server: Server, grant: dict[str, Any]) -> Client:
    name = f"reader-{len(server.engine.consumers.consumers())}"
    server.engine.issuer.add_consumer(name, scopes=frozenset({"statements/read"}), grant=Grant.from_json(grant))
    return Client(server, f"Bearer {server.engine.issuer.issue_token(name).token}", "1.0.3")


def told(client: Client) -> set[str]:
    return {NAMES[one] for one in client.get("statements/erased").json()["erased"]}


@pytest.mark.parametrize(
    ("grant", "covered"),
    [
        ({}, set(ACTS)),
        ({"verbs": [ASKED]}, {"asked"}),
        ({"verbs": [ASKED], "courses": [COURSE_B]}, set()),
        ({"verbs": [ANSWERED], "courses": [COURSE_B]}, {"other course"}),
        ({"activity_types": [VIDEO]}, {"watched", "untyped"}),
        ({"sites": [OTHER]}, {"elsewhere"}),
        ({"sites": [LMS], "activity_types": [PROBLEM]}, {"answered", "asked", "untyped", "other course"}),
        ({"verbs": []}, set()),
    ],
)
def test_of_what_a_grant_did_not_cover_no_id_is_told(server: Server, grant: dict[str, Any], covered: set[str]) -> None:
    """Of a kind of which nothing was named, nothing can be judged."""
    assert told(reader(server, {"courses": ["*"]} | grant)) == covered


def test_who_it_was_is_not_kept_so_a_grant_for_certain_actors_is_told_of_others_too(server: Server) -> None:
    grant = {"courses": ["*"], "actors": [agent("bob")], "verbs": [ASKED]}
    assert told(reader(server, grant)) == {"asked"}


def test_what_was_erased_before_verbs_were_kept_is_told_by_course(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.client("lms", "all").post("statements", json=list(ACTS.values()))
        asyncio.run(server.engine.erase(ANN))
        with server.engine.store.writing() as connection:
            connection.execute("DROP TRIGGER tombstone_refuses_update")
            connection.execute("UPDATE tombstone SET kept = NULL")
        assert told(reader(server, {"courses": ["*"], "verbs": [ASKED]})) == set(ACTS)
        assert told(reader(server, {"courses": [COURSE_B], "verbs": [ASKED]})) == {"other course"}


def test_who_saw_what_voids_by_what_it_voided_is_told_of_it(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        lms = server.client("lms", "all")
        target = act(learner="bob")
        void = voiding(target["id"])
        for one in (target, void):
            assert lms.post("statements", json=one).status_code == 200
        client = reader(server, {"courses": ["*"], "verbs": [ANSWERED], "sites": [LMS]})
        assert client.get("statements", params={"statementId": void["id"]}).status_code == 200
        asyncio.run(server.engine.erase(void["actor"]))
        assert client.get("statements/erased").json()["erased"] == [void["id"]]
