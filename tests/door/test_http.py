"""What every xAPI resource has in common: versions, HEAD, parameters, the alternate request syntax, other origins."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from lrs.limits import DEFAULT_LIMITS
from tests.door.client import VERSION, Client, Server, serving
from tests.samples import agent, statement

ACTIVITY = "https://x.org/activities/1"
AGENT = json.dumps(agent())

# Each resource, with parameters for a GET that finds something or an empty list.
RESOURCES: dict[str, dict[str, str]] = {
    "statements": {},
    "activities": {"activityId": ACTIVITY},
    "activities/state": {"activityId": ACTIVITY, "agent": AGENT},
    "activities/profile": {"activityId": ACTIVITY},
    "agents": {"agent": AGENT},
    "agents/profile": {"agent": AGENT},
}
DOCUMENTS = ("activities/state", "activities/profile", "agents/profile")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(params=RESOURCES)
def resource(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        ("1.0", "1.0.3"),
        ("1.0.0", "1.0.3"),
        ("1.0.9", "1.0.3"),
        ("2.0", "2.0.0"),
        ("2.0.0", "2.0.0"),
        ("2.0.7", "2.0.0"),
    ],
)
def test_the_version_of_the_answer_is_the_one_agreed_on(lms: Client, resource: str, sent: str, answered: str) -> None:
    """Communication 3.3, 9274.1.1 4.1.2."""
    answer = lms.get(resource, params=RESOURCES[resource], headers={VERSION: sent})
    assert (answer.status_code, answer.headers[VERSION]) == (200, answered)


@pytest.mark.parametrize("sent", ["", "0.95", "1.1.0", "3.0", "1", "BAD", "1.0.3, 2.0.0"])
def test_other_versions_and_none_are_refused_with_a_version(lms: Client, resource: str, sent: str) -> None:
    answer = lms.get(resource, params=RESOURCES[resource], headers={VERSION: sent})
    assert (answer.status_code, answer.json()["code"]) == (400, "unsupported_version")
    assert answer.headers[VERSION] == "1.0.3"


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
def test_head_is_get_without_a_body(lms: Client, resource: str, version: str) -> None:
    """Communication 1.1."""
    got, head = (lms.speaking(version).request(m, resource, params=RESOURCES[resource]) for m in ("GET", "HEAD"))
    volatile = {"x-experience-api-consistent-through", "x-request-id"}
    assert (head.status_code, head.content) == (200, b"")
    assert {k: v for k, v in head.headers.items() if k not in volatile} == {
        k: v for k, v in got.headers.items() if k not in volatile
    }


def test_unknown_repeated_and_wrongly_spelt_parameters_are_refused(lms: Client, resource: str) -> None:
    """Communication 3.2."""
    good = RESOURCES[resource]
    for bad in ({"x": "1"}, {"Agent": AGENT}, {"ActivityId": ACTIVITY}, {"": ""}):
        assert lms.get(resource, params={**good, **bad}).status_code == 400
    for name, value in good.items():
        assert lms.get(resource, params=[*good.items(), (name, value)]).status_code == 400


def test_parameters_that_are_not_utf_8_are_refused(lms: Client, resource: str) -> None:
    """Communication 1.4."""
    answer = lms.get(f"{resource}?activityId=https://x.org/%FF")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")


def test_a_query_string_is_bounded(lms: Client, resource: str) -> None:
    """Invariant 7."""
    answer = lms.get(resource, params=RESOURCES[resource] | {"x": "x" * DEFAULT_LIMITS.query_bytes_max})
    assert answer.status_code == 413


def test_what_a_resource_does_not_do_is_405_with_what_it_does(lms: Client, resource: str) -> None:
    for method in ("PATCH", "OPTIONS") if resource in ("statements", *DOCUMENTS) else ("PUT", "POST", "DELETE"):
        answer = lms.request(method, resource)
        assert answer.status_code == 405
        assert "GET" in answer.headers["Allow"]
        assert answer.headers[VERSION] == "1.0.3"


def alternate(client: Client, method: str, resource: str, fields: dict[str, str], **headers: str) -> httpx.Response:
    return client.post(f"{resource}?method={method}", data=fields, headers=headers)


def test_a_get_can_be_sent_as_a_form(lms: Client, resource: str) -> None:
    """Communication 1.3: with a real GET's answer."""
    got = lms.get(resource, params=RESOURCES[resource])
    answer = alternate(lms, "GET", resource, RESOURCES[resource])
    assert (answer.status_code, answer.content) == (200, got.content)
    assert ("X-Experience-API-Consistent-Through" in answer.headers) == (resource == "statements")


def test_a_head_as_a_form_has_no_body_and_says_so(lms: Client, resource: str) -> None:
    """The request on the wire is a POST, whose answer must have the length that it tells."""
    answer = alternate(lms, "HEAD", resource, RESOURCES[resource])
    assert (answer.status_code, answer.content, answer.headers["Content-Length"]) == (200, b"", "0")


def test_a_statement_can_be_sent_as_a_form_with_all_headers_in_it(server: Server, lms: Client) -> None:
    """Communication 1.3: unpacked before version and credentials are asked for."""
    made = statement()
    assert lms.authorization is not None
    fields = {
        "statementId": made["id"],
        "Authorization": lms.authorization,
        VERSION: "1.0.3",
        "Content-Type": "application/json",
        "Content-Length": "351",
        "content": json.dumps(made),
    }
    answer = server.stranger("").post("statements?method=PUT", data=fields)
    assert answer.status_code == 204, answer.text
    assert lms.get("statements", params={"statementId": made["id"]}).status_code == 200


def test_many_statements_can_be_sent_as_a_form(lms: Client) -> None:
    made = [statement(), statement()]
    answer = alternate(lms, "POST", "statements", {"content": json.dumps(made)})
    assert answer.json() == [one["id"] for one in made]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_can_be_written_and_deleted_with_preconditions_as_a_form(lms: Client, name: str) -> None:
    params = RESOURCES[name] | {"stateId" if name == "activities/state" else "profileId": str(uuid4())}
    first = {**params, "content": '{"ü":"&=+%"}', "Content-Type": "application/json", "If-None-Match": "*"}
    assert alternate(lms, "PUT", name, first).status_code == 204
    assert alternate(lms, "PUT", name, first).status_code == 412
    found = lms.get(name, params=params)
    assert (found.json(), found.headers["Content-Type"]) == ({"ü": "&=+%"}, "application/json")
    merge = {**params, "content": '{"b":1}', "Content-Type": "application/json", "If-Match": found.headers["ETag"]}
    assert alternate(lms, "POST", name, merge).status_code == 204
    assert alternate(lms, "DELETE", name, {**params, "If-Match": found.headers["ETag"]}).status_code == 412
    assert alternate(lms, "DELETE", name, params).status_code == 204
    assert lms.get(name, params=params).status_code == 404


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("statements?method=PUT&statementId=00000000-0000-4000-8000-000000000000", {"data": {"content": "{}"}}),
        ("statements?method=PUT", {}),
        ("statements?method=PUT", {"content": b'{"content":"{}"}', "headers": FORM}),
        ("statements?method=PUT", {"json": {"content": "{}"}}),
        ("statements?method=PUT", {"data": {"content": "{}", VERSION: "0.8"}}),
        ("statements?method=PATCH", {"data": {"content": "{}"}}),
        ("statements?method=GET", {"content": b"limit=%FF", "headers": FORM}),
        ("statements?method=GET", {"data": {"unknown": "1"}}),
        ("activities?method=GET", {"files": {"activityId": ACTIVITY}}),
    ],
    ids=str,
)
def test_what_is_no_alternate_request_is_refused(lms: Client, path: str, more: dict[str, Any]) -> None:
    answer = lms.post(path, **more)
    assert answer.status_code == 400, answer.text
    assert answer.headers[VERSION] == "1.0.3"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_only_a_post_carries_another_method(lms: Client, method: str, resource: str) -> None:
    if method != "GET" and resource in ("activities", "agents"):
        return
    answer = lms.request(method, resource, params={"method": "POST"})
    assert answer.status_code in (400, 405)


def test_2_0_has_no_alternate_syntax(server: Server, lms: Client, resource: str) -> None:
    """Wherever the version stands; and the answer is one of 2.0."""
    newer = lms.speaking("2.0.0")
    for answer in (
        alternate(newer, "GET", resource, RESOURCES[resource]),
        newer.post(f"{resource}?method=GET", json={}),
        newer.post(f"{resource}?method=PUT"),
    ):
        assert (answer.status_code, answer.headers[VERSION]) == (400, "2.0.0")
    assert alternate(lms, "GET", resource, {**RESOURCES[resource], VERSION: "2.0.0"}).status_code == 400


def test_credentials_in_a_form_are_judged_like_those_in_a_header(server: Server, lms: Client) -> None:
    nobody = server.stranger()
    assert alternate(nobody, "GET", "statements", {}).status_code == 401
    assert alternate(nobody, "GET", "statements", {"Authorization": "Basic AAAA"}).status_code == 401
    assert lms.authorization is not None
    other = server.client("other", "all")
    assert alternate(other, "GET", "statements", {"Authorization": lms.authorization}).status_code == 401
    assert alternate(lms, "GET", "statements", {"Authorization": lms.authorization}).status_code == 200


def test_a_form_is_bounded(tmp_path: Path) -> None:
    """Invariant 7: it is read before anybody is known."""
    with serving(tmp_path, limits=replace(DEFAULT_LIMITS, form_bytes_max=1024)) as server:
        assert alternate(server.stranger(), "PUT", "statements", {"content": "x" * 1024}).status_code == 413


PREFLIGHT = {"Origin": "https://player.example", "Access-Control-Request-Method": "PUT"}


def test_no_other_origin_is_let_in_unless_it_is_set(lms: Client, resource: str) -> None:
    answer = lms.get(resource, params=RESOURCES[resource], headers={"Origin": "https://player.example"})
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert lms.request("OPTIONS", resource, headers=PREFLIGHT).status_code == 405


def test_the_origins_that_are_set_may_use_every_resource(tmp_path: Path) -> None:
    with serving(tmp_path, allowed_origins=("https://player.example",)) as server:
        client = server.client("lms", "all")
        for name, params in RESOURCES.items():
            asked = PREFLIGHT | {"Access-Control-Request-Headers": "authorization, if-match, x-experience-api-version"}
            preflight = server.stranger("").request("OPTIONS", name, headers=asked)
            assert preflight.status_code == 200
            assert preflight.headers["Access-Control-Allow-Origin"] == "https://player.example"
            assert "If-Match" in preflight.headers["Access-Control-Allow-Headers"]
            answer = client.get(name, params=params, headers={"Origin": "https://player.example"})
            assert answer.headers["Access-Control-Allow-Origin"] == "https://player.example"
            assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
            assert "Access-Control-Allow-Credentials" not in answer.headers
            other = client.get(name, params=params, headers={"Origin": "https://evil.example"})
            assert "Access-Control-Allow-Origin" not in other.headers
