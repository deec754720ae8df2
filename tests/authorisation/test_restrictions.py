"""Documents and tokens under restrictions: covered, absent or refused, as statements are (invariant 4)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from lrs.auth.grants import Grant
from lrs.auth.restrictions import Restrictions
from lrs.errors import Forbidden
from tests.authorisation.making import LMS, VERBS, agent
from tests.door.client import Client, Server, serving

ANN, BOB, CLEO = (agent(name) for name in ("ann", "bob", "cleo"))
ACTIVITY = f"{LMS}/activity"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("data")) as made:
        yield made


def reader(server: Server, name: str, **limits: Any) -> Client:
    """A client with a token of a consumer that is restricted by ``limits``."""
    issuer = server.engine.issuer
    issuer.add_consumer(name, scopes=frozenset({"all"}), grant=Grant.of(["*"], Restrictions.of(limits)))
    return Client(server, f"Bearer {issuer.issue_token(name).token}", "1.0.3")


def documents(client: Client, method: str, who: Any, body: Any = None) -> dict[str, int]:
    """The statuses of all three resources for the documents of ``who``."""
    state = {"activityId": ACTIVITY, "agent": json.dumps(who), "stateId": "s"}
    agents = {"agent": json.dumps(who), "profileId": "p"}
    activity = {"activityId": ACTIVITY, "profileId": "p"}
    more = {} if body is None else {"json": body, "headers": {"If-None-Match": "*"} if method == "PUT" else {}}
    return {
        resource: client.request(method, resource, params=params, **more).status_code
        for resource, params in (
            ("activities/state", state), ("agents/profile", agents), ("activities/profile", activity)
        )
    }  # fmt: skip


def test_documents_of_an_agent_are_for_who_may_see_the_agent(server: Server) -> None:
    owner, limited = reader(server, "lms"), reader(server, "tutor", actors=[ANN])
    for who in (ANN, BOB):
        documents(owner, "PUT", who, {"a": 1})
    seen = {"activities/state": 200, "agents/profile": 200, "activities/profile": 404}
    assert documents(limited, "GET", ANN) == seen
    assert set(documents(limited, "GET", BOB).values()) == {404}
    assert documents(limited, "POST", ANN, {"b": 2}) == {name: 204 if seen[name] == 200 else 403 for name in seen}
    assert set(documents(limited, "POST", BOB, {"b": 2}).values()) == {403}


def test_documents_of_a_site_are_those_of_its_accounts(server: Server) -> None:
    limited = reader(server, "site", sites=[LMS])
    assert documents(limited, "POST", ANN, {})["activities/state"] == 204
    assert documents(limited, "POST", CLEO, {})["activities/state"] == 403


def test_documents_have_no_verb_and_no_type(server: Server) -> None:
    limited = reader(server, "verbs", verbs=[VERBS[0]], activity_types=[])
    assert set(documents(limited, "POST", BOB, {}).values()) == {204}


def test_a_token_has_no_more_than_its_consumer(server: Server) -> None:
    reader(server, "narrow", verbs=list(VERBS[:2]))
    issue = server.engine.issuer.issue_token
    wide = issue("narrow").row.grant
    assert wide.restrictions.verbs == frozenset(VERBS[:2])
    assert issue("narrow", grant=Grant.of(["*"], Restrictions.of({"verbs": [VERBS[0]]}))).row.grant.restrictions
    for more in ({}, {"verbs": list(VERBS)}, {"sites": [LMS]}):
        with pytest.raises(Forbidden, match="verbs"):
            issue("narrow", grant=Grant.of(["*"], Restrictions.of(more)))


def test_a_token_follows_when_its_consumer_is_restricted(server: Server) -> None:
    client = reader(server, "later")
    statement = {"actor": ANN, "verb": {"id": VERBS[0]}, "object": {"id": ACTIVITY}}
    assert client.request("POST", "statements", json=statement).status_code == 200

    def found() -> int:
        return len(client.get("statements", params={"agent": json.dumps(ANN)}).json()["statements"])

    assert found() == 1
    limits = Grant.of(["*"], Restrictions.of({"verbs": [VERBS[1]]}))
    server.engine.consumers.change_consumer("later", lambda one: replace(one, grant=limits))
    assert found() == 0
    assert client.request("POST", "statements", json=statement).status_code == 403
