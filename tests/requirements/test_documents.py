"""Documents, Persons and Activities, where other tests leave something out (Communication 2.2 to 2.7)."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from tests.door.client import Client
from tests.requirements.places import DOCUMENTS, place
from tests.samples import agent, statement
from tests.statements.client import store

NEW = {"If-None-Match": "*"}


@pytest.fixture(params=DOCUMENTS)
def resource(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.mark.parametrize(
    ("content", "content_type"),
    [(b"text", "text/plain"), (b'{"a":1}', "text/plain"), (b"[1]", "application/json"), (b'"x"', "application/json")],
)
def test_what_is_no_json_object_is_not_merged_into(
    client: Client, resource: str, content: bytes, content_type: str
) -> None:
    """Communication 2.2, XAPI-00278, 00281, 00309 and 00313: also if it only does not call itself JSON."""
    params = place(resource)
    headers = {"Content-Type": content_type, **NEW}
    assert client.put(resource, params=params, content=content, headers=headers).status_code == 204
    assert client.post(resource, params=params, json={"b": 2}).status_code == 400
    assert client.get(resource, params=params).content == content


def test_documents_are_taken_for_agents_and_activities_that_nobody_knows(client: Client, resource: str) -> None:
    """Communication 2.2: and by PUT and POST alike."""
    for method in ("PUT", "POST"):
        params = place(resource)
        params |= {"activityId": f"https://x.org/{uuid4()}"} if "activityId" in params else {}
        params |= {"agent": json.dumps(agent(str(uuid4())))} if "agent" in params else {}
        assert client.request(method, resource, params=params, json={}, headers=NEW).status_code == 204
        assert client.get(resource, params=params).json() == {}


def test_an_agent_of_each_kind_has_documents(client: Client) -> None:
    """Communication 2.3 and 2.6: by its one identifier."""
    for identifier in (
        {"mbox": f"mailto:{uuid4()}@x.org"},
        {"mbox_sha1sum": uuid4().hex.zfill(40)},
        {"openid": f"https://x.org/{uuid4()}"},
        {"account": {"homePage": "https://x.org", "name": str(uuid4())}},
    ):
        params = {"agent": json.dumps(identifier), "profileId": "p"}
        assert client.put("agents/profile", params=params, content=b"x", headers=NEW).status_code == 204
        named = params | {"agent": json.dumps({"name": "Ann", **identifier})}
        assert client.get("agents/profile", params=named).content == b"x"


def test_a_registration_has_states_of_its_own(client: Client) -> None:
    """Communication 2.3: for reading, listing and deleting."""
    within = {"activityId": f"https://x.org/{uuid4()}", "agent": json.dumps(agent())}
    contexts = [within, *(within | {"registration": str(uuid4())} for _ in range(2))]
    for number, context in enumerate(contexts):
        params = context | {"stateId": "s"}
        assert client.put("activities/state", params=params, json={"n": number}).status_code == 204
    for number, context in enumerate(contexts):
        assert client.get("activities/state", params=context | {"stateId": "s"}).json() == {"n": number}
        assert client.get("activities/state", params=context).json() == ["s"]
    assert client.delete("activities/state", params=contexts[1]).status_code == 204
    assert [client.get("activities/state", params=context).json() for context in contexts] == [["s"], [], ["s"]]


@pytest.mark.parametrize(
    "identifier",
    [
        {"mbox": "mailto:ann@x.org"},
        {"mbox_sha1sum": "0123456789abcdef0123456789abcdef01234567"},
        {"openid": "https://openid.x.org/ann"},
        {"account": {"homePage": "https://x.org", "name": "ann"}},
    ],
    ids=lambda identifier: next(iter(identifier)),
)
def test_a_person_has_arrays_of_what_an_agent_has_one_of(client: Client, identifier: dict[str, Any]) -> None:
    """Communication 2.4, XAPI-00236 to 00244; and nothing else."""
    answer = client.get("agents", params={"agent": json.dumps({"name": "Ann", **identifier})})
    (kind,) = identifier
    assert answer.status_code == 200
    assert answer.json() == {"objectType": "Person", "name": ["Ann"], kind: [identifier[kind]]}


def test_an_activity_is_whole(client: Client) -> None:
    """Communication 2.5: with every part of its definition."""
    definition = {
        "name": {"en": "a", "fr": "b"}, "description": {"en": "c"}, "type": "https://x.org/type",
        "moreInfo": "https://x.org/more", "interactionType": "choice", "correctResponsesPattern": ["a"],
        "choices": [{"id": "a", "description": {"en": "d"}}], "extensions": {"https://x.org/e": [None]},
    }  # fmt: skip
    activity = {"objectType": "Activity", "id": f"https://x.org/{uuid4()}", "definition": definition}
    store(client, statement(object=activity))
    assert client.get("activities", params={"activityId": activity["id"]}).json() == activity
