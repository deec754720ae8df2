"""What holds for requests and answers of every resource (Communication 1, 3.2, 3.3, 4)."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from lrs.limits import DEFAULT_LIMITS
from tests.door.client import VERSION, Client, Server, serving
from tests.samples import agent, statement, voiding
from tests.statements.attached import MIXED, attachment, body, carrying
from tests.statements.client import one, store

ACTIVITY = "https://x.org/activities/1"
AGENT = json.dumps(agent())
DOCUMENT = {"activityId": ACTIVITY, "agent": AGENT, "stateId": "x"}

# Each resource, with parameters for a GET that finds something.
RESOURCES: dict[str, dict[str, str]] = {
    "statements": {},
    "activities": {"activityId": ACTIVITY},
    "activities/state": DOCUMENT,
    "activities/profile": {"activityId": ACTIVITY, "profileId": "x"},
    "agents": {"agent": AGENT},
    "agents/profile": {"agent": AGENT, "profileId": "x"},
    "about": {},
}
UNKNOWN = {"stateId": "unknown", "profileId": "unknown", "statementId": str(uuid4())}


@pytest.fixture(scope="module", autouse=True)
def documents(lms: Client) -> None:
    """One in each place."""
    for resource, params in RESOURCES.items():
        if "profileId" in params or "stateId" in params:
            answer = lms.put(resource, params=params, json={}, headers={"If-None-Match": "*"})
            assert answer.status_code == 204


@pytest.fixture(params=RESOURCES)
def resource(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_every_resource_of_the_standard_is_there(client: Client, resource: str) -> None:
    """Communication 2.0."""
    assert client.get(resource, params=RESOURCES[resource]).status_code == 200


def test_head_is_get_without_a_body_whatever_the_answer(client: Client, resource: str) -> None:
    """Communication 1.1, XAPI-00125 and 00126: found, not found, refused and unknown."""
    good = RESOURCES[resource]
    absent = {name: UNKNOWN.get(name, value) for name, value in good.items()}
    asked: list[tuple[Client, dict[str, Any]]] = [
        (client, {"params": good}),
        (client, {"params": absent if resource != "statements" else {"statementId": UNKNOWN["statementId"]}}),
        (client, {"params": good | {"unknown": "1"}}),
        (client, {"params": good, "headers": {VERSION: "BAD"}}),
        (client.server.stranger(client.version), {"params": good}),
    ]
    for who, request in asked:
        got, head = (who.request(method, resource, **request) for method in ("GET", "HEAD"))
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert head.headers.keys() == got.headers.keys()
        assert head.headers["Content-Length"] == got.headers["Content-Length"]


def test_head_tells_of_one_statement_and_of_a_voided_one(client: Client) -> None:
    made, gone = statement(), statement()
    store(client, made, gone, voiding(gone["id"]))
    for params, status in (
        ({"statementId": made["id"]}, 200),
        ({"statementId": gone["id"]}, 404),
        ({"voidedStatementId": gone["id"]}, 200),
        ({"statementId": made["id"], "attachments": "true"}, 200),
    ):
        answer = client.request("HEAD", "statements", params=params)
        assert (answer.status_code, answer.content) == (status, b"")


def test_the_version_of_every_answer_is_the_latest_of_its_family(lms: Client, resource: str) -> None:
    """Communication 3.3, XAPI-00333; 9274.1.1 4.1.2."""
    asked = {"1.0": "1.0.3", "1.0.0": "1.0.3", "1.0.2": "1.0.3", "1.0.9": "1.0.3", "2.0": "2.0.0", "2.0.1": "2.0.0"}
    for sent, answered in asked.items():
        for params in (RESOURCES[resource], {"unknown": "1"}):
            answer = lms.get(resource, params=params, headers={VERSION: sent})
            assert (answer.status_code, answer.headers[VERSION]) == (
                200 if params != {"unknown": "1"} else 400,
                answered,
            )


@pytest.mark.parametrize(
    "sent",
    ["", "0.9", "0.95", "0.8", "1", "1.1", "1.1.0", "1.10.0", "2.1.0", "3.0", "10.0", "BAD", "1.0.3, 2.0.0", "v1.0.3"],
)
def test_other_versions_are_refused_everywhere_but_by_about(lms: Client, resource: str, sent: str) -> None:
    """Communication 2.8 and 3.3, XAPI-00321 and 00331: and the answer says why."""
    answer = lms.get(resource, params=RESOURCES[resource], headers={VERSION: sent})
    assert answer.headers[VERSION] == "1.0.3"
    if resource == "about":
        assert answer.status_code == 200
    else:
        assert (answer.status_code, answer.json()["code"]) == (400, "unsupported_version")
        assert "1.0.3, 2.0.0" in answer.json()["detail"]


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Basic",
        "Basic ",
        "Basic Og==",
        "Basic ICA6IA==",
        "Basic:x",
        "Basic !!!",
        basic("no:body"),
        "Bearer",
        "x y",
    ],
)
def test_strangers_are_refused_by_every_resource_and_method_but_about(
    server: Server, client: Client, resource: str, authorization: str | None
) -> None:
    """Communication 3.2 and 4.0, XAPI-00334: also with an empty name and secret, which are nobody's here."""
    stranger = Client(server, authorization, client.version)
    for method in ("GET", "HEAD", "PUT", "POST", "DELETE"):
        answer = stranger.request(method, resource, params=RESOURCES[resource])
        if resource == "about":
            assert answer.status_code == (200 if method in ("GET", "HEAD") else 405)
        elif method in client.request("PATCH", resource).headers["Allow"]:
            assert answer.status_code == 401
            assert {value.split()[0] for value in answer.headers.get_list("WWW-Authenticate")} == {"Basic", "Bearer"}


def test_a_good_key_is_taken_by_every_resource(client: Client, resource: str) -> None:
    """XAPI-00335: HTTP Basic, whose scheme has no case."""
    assert client.authorization is not None
    for authorization in (client.authorization, client.authorization.replace("Basic", "bAsIc")):
        answer = client.get(resource, params=RESOURCES[resource], headers={"Authorization": authorization})
        assert answer.status_code == 200


TEXT = "naïve 日本語 🎓 \u202e\u0000"[:-1]


def test_text_is_utf_8_in_and_out(client: Client) -> None:
    """Communication 1.4, XAPI-00015: with and without escapes, with and without a charset."""
    for ascii_ in (True, False):
        for content_type in ("application/json", "application/json; charset=utf-8", 'application/json;charset="UTF-8"'):
            made = statement(actor=agent(TEXT), result={"response": TEXT})
            content = json.dumps(made, ensure_ascii=ascii_).encode()
            answer = client.post("statements", content=content, headers={"Content-Type": content_type})
            assert answer.status_code == 200
            assert one(client, made["id"])["result"]["response"] == TEXT
            found = client.get("statements", params={"agent": json.dumps(agent(TEXT)), "limit": 1})
            assert found.json()["statements"][0]["id"] == made["id"]
            assert found.content.decode() == found.text


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-8-sig"])
def test_other_encodings_are_refused(client: Client, encoding: str) -> None:
    """Communication 1.4."""
    content = json.dumps(statement(result={"response": "ü"}), ensure_ascii=False).encode(encoding)
    answer = client.post("statements", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


@pytest.mark.parametrize("content_type", ["application/json", "multipart/mixed"])
def test_statements_without_attachments_may_come_either_way(client: Client, content_type: str) -> None:
    """Communication 1.5.1 and 1.5.2: also with attachments that all have a fileUrl, and also by PUT."""
    for made in (statement(), carrying(attachment(b"x", fileUrl="https://x.org/file"))):
        content, sent = json.dumps(made).encode(), content_type
        if content_type == "multipart/mixed":
            content, sent = body(made), MIXED
        headers = {"Content-Type": sent}
        assert client.post("statements", content=content, headers=headers).json() == [made["id"]]
        params = {"statementId": made["id"]}
        assert client.put("statements", params=params, content=content, headers=headers).status_code == 204


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/xml",
        "multipart/form-data; boundary=x",
        "x",
        "application/x-www-form-urlencoded",
    ],
)
def test_content_of_another_type_is_refused(client: Client, content_type: str) -> None:
    """Communication 3.2, XAPI-00127: also a form that has no method."""
    answer = client.post("statements", content=json.dumps(statement()), headers={"Content-Type": content_type})
    assert answer.status_code == 400


def test_every_refusal_says_why(client: Client) -> None:
    """Communication 3.2: in words, with the status that fits."""
    made = statement()
    store(client, made)
    profile = RESOURCES["agents/profile"]
    answers = {
        400: client.get("statements?x=1"),
        401: client.server.stranger(client.version).get("statements"),
        403: client.server.client(str(uuid4()), "admin", version=client.version).get("statements"),
        404: client.get("activities/state", params=DOCUMENT | {"stateId": "unknown"}),
        409: client.put("agents/profile", params=profile, json={"a": 1}),
        412: client.put("agents/profile", params=profile, json={}, headers={"If-Match": '"x"'}),
        413: client.get("statements", params={"x": "x" * DEFAULT_LIMITS.query_bytes_max}),
    }
    for status, answer in answers.items():
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
        assert (answer.json()["status"], len(answer.json()["detail"]) > 10) == (status, True)


def test_what_is_too_large_is_413_and_the_limits_can_be_set(tmp_path: Path) -> None:
    """Communication 3.2: statements, attachments and documents."""
    small = replace(DEFAULT_LIMITS, body_bytes_max=2_000, document_bytes_max=1_024, attachment_bytes_max=1_024)
    for limits, expected in ((small, [413] * 3), (DEFAULT_LIMITS, [200, 200, 204])):
        with serving(tmp_path / str(expected[0]), limits=limits) as server:
            client = server.client("lms", "all")
            data = b"x" * 1_500
            answers = [
                client.post("statements", json=statement(result={"response": "x" * 3_000})),
                client.post(
                    "statements", content=body(carrying(attachment(data)), data), headers={"Content-Type": MIXED}
                ),
                client.put("activities/state", params=DOCUMENT, content=data),
            ]
            assert [answer.status_code for answer in answers] == expected


def test_an_answer_to_get_has_an_etag_of_its_bytes(client: Client, resource: str) -> None:
    """Communication 3.1: the quoted SHA-1 in lower case; of lists of statements there is none to be had."""
    answer = client.get(resource, params=RESOURCES[resource])
    if resource == "statements":
        made = statement()
        store(client, made)
        answer = client.get(resource, params={"statementId": made["id"]})
    assert answer.headers["ETag"] == f'"{hashlib.sha1(answer.content).hexdigest()}"'


def test_a_rejected_batch_leaves_everything_as_it_was(client: Client) -> None:
    """Communication 3.2, XAPI-00182 and 00326: wherever the bad one stands."""
    for place in range(3):
        made = [statement() for _ in range(3)]
        made[place]["verb"] = {}
        head = client.server.engine.log.head()
        assert client.post("statements", json=made).status_code == 400
        assert client.server.engine.log.head() == head


def test_nothing_that_a_statement_names_is_ever_fetched() -> None:
    """Data 3.2: no metadata is looked for, so that nobody can have the server call an address of his choice.

    Beside the commands and the client library, which call a server that their user names, and what fetches the keys of
    issuers that the operator names in the settings, nothing here can call out.
    """
    package = Path(__file__).parents[2] / "lrs"
    calling = re.compile(
        r"^\s*(?:import|from) (?:httpx|requests|urllib\.request|urllib3|aiohttp|http\.client)\b", re.MULTILINE
    )
    serving = [path for path in package.rglob("*.py") if path.relative_to(package).parts[0] not in ("cli", "client")]
    assert len(serving) > 50
    found = [str(path.relative_to(package)) for path in serving if calling.search(path.read_text())]
    assert found == ["oauth/fetch.py"]
