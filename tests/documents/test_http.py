"""The document resources as clients see them, under both versions."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from lrs.limits import DEFAULT_LIMITS
from lrs.xapi.timestamps import parse_timestamp
from tests.door.client import VERSION, Client, serving
from tests.samples import agent

ACTIVITY = "https://x.org/activities/1"
RESOURCES = ("activities/state", "activities/profile", "agents/profile")
VERSIONS = ("1.0.3", "2.0.0")


def target(resource: str, **more: Any) -> dict[str, str]:
    """Parameters that name a document of its own."""
    made: dict[str, str] = {"stateId" if resource == "activities/state" else "profileId": str(uuid4())}
    if resource != "agents/profile":
        made["activityId"] = ACTIVITY
    if resource != "activities/profile":
        made["agent"] = json.dumps(agent())
    return made | more


@pytest.fixture(params=RESOURCES)
def resource(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(params=VERSIONS)
def client(request: pytest.FixtureRequest, lms: Client) -> Client:
    return lms.speaking(request.param)


NEW = {"If-None-Match": "*"}


def stored(client: Client, resource: str, body: bytes = b'{"a":1}', content_type: str = "application/json") -> Any:
    """Parameters of a new document."""
    params = target(resource)
    answer = client.put(resource, params=params, content=body, headers={"Content-Type": content_type, **NEW})
    assert answer.status_code == 204, answer.text
    return params


def test_a_document_is_kept_byte_for_byte_with_its_type(client: Client, resource: str) -> None:
    body = bytes(range(256)) * 40
    params = stored(client, resource, body, 'text/html; charset="utf-16"')
    answer = client.get(resource, params=params)
    assert (answer.status_code, answer.content) == (200, body)
    assert answer.headers["Content-Type"] == 'text/html; charset="utf-16"'
    assert answer.headers[VERSION] == client.version


def test_a_document_without_a_type_is_octets(client: Client, resource: str) -> None:
    params = target(resource)
    assert client.put(resource, params=params, content=b"x", headers=NEW).status_code == 204
    assert client.get(resource, params=params).headers["Content-Type"] == "application/octet-stream"


def test_the_etag_is_the_quoted_sha_1_of_the_bytes(client: Client, resource: str) -> None:
    """Communication 3.1."""
    params = stored(client, resource, b"bytes", "text/plain")
    assert client.get(resource, params=params).headers["ETag"] == f'"{hashlib.sha1(b"bytes").hexdigest()}"'


def test_last_modified_and_updated_tell_when_it_was_changed(client: Client, resource: str) -> None:
    """Communication 2.2, also for lists, whose newest document counts."""
    params = stored(client, resource)
    one = client.get(resource, params=params)
    every = client.get(resource, params={name: params[name] for name in params if name not in ("stateId", "profileId")})
    for answer in (one, every):
        updated_us = parse_timestamp(answer.headers["Updated"])
        modified = parsedate_to_datetime(answer.headers["Last-Modified"])
        assert modified.timestamp() == updated_us // 1_000_000
    assert one.headers["Updated"] == every.headers["Updated"]


def test_head_answers_like_get_without_a_body(client: Client, resource: str) -> None:
    """Communication 1.1."""
    params, same = stored(client, resource), {"X-Request-ID": "same"}
    got, head = (client.request(method, resource, params=params, headers=same) for method in ("GET", "HEAD"))
    assert head.content == b""
    assert (head.status_code, head.headers) == (200, got.headers)


def test_a_document_can_do_no_harm_in_a_browser(client: Client, resource: str) -> None:
    """A document of type text/html that an administrator opens."""
    answer = client.get(resource, params=stored(client, resource, b"<script>", "text/html"))
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"


def test_what_is_not_there_is_404_to_read_and_204_to_delete(client: Client, resource: str) -> None:
    params = target(resource)
    assert client.get(resource, params=params).status_code == 404
    assert client.delete(resource, params=params).status_code == 204


def test_delete_deletes_one_document(client: Client, resource: str) -> None:
    one, other = stored(client, resource), stored(client, resource)
    assert client.delete(resource, params=one).status_code == 204
    assert client.get(resource, params=one).status_code == 404
    assert client.get(resource, params=other).status_code == 200


def test_post_merges_json_at_the_top_only(client: Client, resource: str) -> None:
    """Communication 2.2."""
    params = stored(client, resource, b'{"x":"foo","y":{"a":1},"z":{"b":2}}')
    answer = client.post(resource, params=params, json={"x": "bash", "y": {"c": 3}})
    assert answer.status_code == 204
    assert client.get(resource, params=params).json() == {"x": "bash", "y": {"c": 3}, "z": {"b": 2}}


@pytest.mark.parametrize(
    ("body", "content_type"), [(b"abc", "text/plain"), (b"[1]", "application/json"), (b'{"a":', "application/json")]
)
def test_post_that_can_not_be_merged_is_400_and_changes_nothing(
    client: Client, resource: str, body: bytes, content_type: str
) -> None:
    params = stored(client, resource)
    answer = client.post(resource, params=params, content=body, headers={"Content-Type": content_type})
    assert answer.status_code == 400
    assert client.get(resource, params=params).content == b'{"a":1}'


def test_post_of_a_new_document_stores_it(client: Client, resource: str) -> None:
    params = target(resource)
    assert client.post(resource, params=params, content=b"\x00\x01", headers={"Content-Type": "a/b"}).status_code == 204
    assert client.get(resource, params=params).content == b"\x00\x01"


def test_json_that_is_none_is_refused(client: Client, resource: str) -> None:
    answer = client.put(
        resource, params=target(resource), content=b"{", headers={"Content-Type": "application/json", **NEW}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")


def put_without_precondition(client: Client, resource: str, params: dict[str, str]) -> httpx.Response:
    return client.put(resource, params=params, json={"new": 1})


@pytest.mark.parametrize(
    ("version", "name", "existing", "status"),
    [
        ("1.0.3", "activities/state", False, 204),
        ("1.0.3", "activities/state", True, 204),
        ("1.0.3", "activities/profile", False, 400),
        ("1.0.3", "activities/profile", True, 409),
        ("1.0.3", "agents/profile", False, 400),
        ("1.0.3", "agents/profile", True, 409),
        ("2.0.0", "activities/state", False, 204),
        ("2.0.0", "activities/state", True, 409),
        ("2.0.0", "activities/profile", False, 204),
        ("2.0.0", "activities/profile", True, 409),
        ("2.0.0", "agents/profile", False, 204),
        ("2.0.0", "agents/profile", True, 409),
    ],
)
def test_put_without_a_precondition(lms: Client, version: str, name: str, existing: bool, status: int) -> None:
    """Communication 3.1, 9274.1.1 4.1.4; the body of a refusal says what to do."""
    client = lms.speaking(version)
    params = stored(client, name) if existing else target(name)
    answer = put_without_precondition(client, name, params)
    assert answer.status_code == status
    if status != 204:
        assert "If-Match" in answer.json()["detail"]
        found = client.get(name, params=params)
        assert found.content == b'{"a":1}' if existing else found.status_code == 404


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [{"If-Match": '"1234"'}, {"If-None-Match": "*"}, {"If-None-Match": "{etag}"}, {"If-Match": "W/{etag}"}],
    ids=str,
)
def test_a_precondition_that_fails_is_412_and_changes_nothing(
    client: Client, resource: str, method: str, headers: dict[str, str]
) -> None:
    params = stored(client, resource)
    etag = client.get(resource, params=params).headers["ETag"]
    sent = {name: value.format(etag=etag) for name, value in headers.items()}
    content = {} if method == "DELETE" else {"json": {"b": 2}}
    answer = client.request(method, resource, params=params, headers=sent, **content)
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
    assert client.get(resource, params=params).content == b'{"a":1}'


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_a_precondition_that_holds_lets_the_change_happen(client: Client, resource: str, method: str) -> None:
    params = stored(client, resource)
    etag = client.get(resource, params=params).headers["ETag"]
    content = {} if method == "DELETE" else {"json": {"b": 2}}
    answer = client.request(method, resource, params=params, headers={"If-Match": etag}, **content)
    assert answer.status_code == 204
    after = client.get(resource, params=params)
    expected = {"PUT": (200, b'{"b":2}'), "POST": (200, b'{"a":1,"b":2}')}
    assert after.status_code == 404 if method == "DELETE" else (after.status_code, after.content) == expected[method]


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_if_match_fails_where_there_is_nothing(client: Client, resource: str, method: str) -> None:
    params = target(resource)
    for tag in ("*", '"1234"'):
        answer = client.request(method, resource, params=params, headers={"If-Match": tag})
        assert answer.status_code == 412
    assert client.get(resource, params=params).status_code == 404


def test_a_put_tells_the_new_etag(client: Client, resource: str) -> None:
    """So that a client that goes on writing need not read between."""
    params = target(resource)
    first = client.put(resource, params=params, content=b"1", headers=NEW)
    second = client.put(resource, params=params, content=b"2", headers={"If-Match": first.headers["ETag"]})
    assert second.status_code == 204
    assert second.headers["ETag"] == client.get(resource, params=params).headers["ETag"]


def test_what_the_client_has_already_is_not_sent_again(client: Client, resource: str) -> None:
    """RFC 9110 13.1.2, also for lists."""
    params = stored(client, resource)
    for wanted in (params, {name: params[name] for name in params if name not in ("stateId", "profileId")}):
        etag = client.get(resource, params=wanted).headers["ETag"]
        answer = client.get(resource, params=wanted, headers={"If-None-Match": etag})
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", etag)
        assert client.get(resource, params=wanted, headers={"If-None-Match": '"1234"'}).status_code == 200


def test_of_writers_at_the_same_time_with_one_etag_one_wins(client: Client, resource: str) -> None:
    params = stored(client, resource)
    etag = client.get(resource, params=params).headers["ETag"]

    def write(number: int) -> int:
        return client.put(resource, params=params, json={"n": number}, headers={"If-Match": etag}).status_code

    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(write, range(6)))
    assert statuses == [204] + [412] * 5


def listed(client: Client, resource: str, **params: str) -> list[str]:
    answer = client.get(resource, params=params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    found: list[str] = answer.json()
    return found


def test_ids_are_listed_and_since_is_exclusive(client: Client, resource: str) -> None:
    whom = json.dumps(agent(str(uuid4())))
    within = {"activityId": f"https://x.org/{uuid4()}", "agent": whom}
    if resource != "activities/state":
        del within["agent" if resource == "activities/profile" else "activityId"]
    name = "stateId" if resource == "activities/state" else "profileId"
    assert listed(client, resource, **within) == []
    for one in ("ü/1", "2"):
        assert client.put(resource, params={**within, name: one}, content=b"", headers=NEW).status_code == 204
    assert listed(client, resource, **within) == ["ü/1", "2"]
    first = client.get(resource, params={**within, name: "ü/1"}).headers["Updated"]
    assert listed(client, resource, **within, since=first) == ["2"]
    assert listed(client, resource, **within, since="2000-01-01T00:00:00Z") == ["ü/1", "2"]
    assert listed(client, resource, **within, since="2100-01-01T00:00:00+02:00") == []


def test_all_states_of_a_context_are_deleted_at_once_and_no_others(client: Client) -> None:
    within = {"activityId": f"https://x.org/{uuid4()}", "agent": json.dumps(agent())}
    registered = within | {"registration": str(uuid4())}
    for context in (within, registered):
        for one in ("1", "2"):
            client.put("activities/state", params={**context, "stateId": one}, content=b"")
    assert client.delete("activities/state", params=within).status_code == 204
    assert listed(client, "activities/state", **within) == []
    assert listed(client, "activities/state", **registered) == ["1", "2"]
    assert client.delete("activities/state", params=registered).status_code == 204
    assert listed(client, "activities/state", **registered) == []


def test_a_precondition_for_many_documents_is_refused(client: Client) -> None:
    """Rather than deleted in spite of it."""
    params = stored(client, "activities/state")
    within = {name: params[name] for name in ("activityId", "agent")}
    assert client.delete("activities/state", params=within, headers={"If-Match": "*"}).status_code == 400
    assert client.get("activities/state", params=params).status_code == 200


def test_the_agent_is_known_by_its_identifier(client: Client) -> None:
    """Whatever its name, the order of its members, and the case of a mail domain."""
    params = target("activities/state", agent='{"mbox":"mailto:ann@X.org","name":"Ann"}')
    client.put("activities/state", params=params, content=b"x")
    same = params | {"agent": '{"objectType": "Agent", "mbox": "mailto:ann@x.org"}'}
    assert client.get("activities/state", params=same).content == b"x"


def test_an_identified_group_is_an_agent_under_2_0_only(lms: Client) -> None:
    """Communication 2.6, note; 9274.1.1 4.1.6.2."""
    params = target("agents/profile", agent='{"objectType":"Group","mbox":"mailto:team@x.org"}')
    statuses = [
        lms.speaking(v).put("agents/profile", params=params, content=b"x", headers=NEW).status_code for v in VERSIONS
    ]
    assert statuses == [400, 204]
    as_agent = params | {"agent": '{"mbox":"mailto:team@x.org"}'}
    assert lms.get("agents/profile", params=as_agent).content == b"x"


@pytest.mark.parametrize(
    "content_type",
    [b"x" * 256, "text/ä".encode("latin-1"), b"a\tb"],
    ids=["long", "not ASCII", "with a control character"],
)
def test_a_type_that_can_not_be_sent_back_is_refused(lms: Client, content_type: bytes) -> None:
    answer = lms.request(
        "PUT",
        "activities/state",
        params=target("activities/state"),
        content=b"",
        headers={"Content-Type": content_type},
    )
    assert answer.status_code == 400


def test_a_compressed_document_is_refused(lms: Client) -> None:
    """It would come back as if it were not compressed."""
    headers = {"Content-Encoding": "gzip"}
    answer = lms.put("activities/state", params=target("activities/state"), content=b"", headers=headers)
    assert answer.status_code == 415


def test_documents_are_bounded_in_size_also_when_they_grow_by_merging(tmp_path: Path) -> None:
    """Invariant 7."""
    with serving(tmp_path, limits=replace(DEFAULT_LIMITS, document_bytes_max=1024)) as server:
        client = server.client("lms", "all")
        params = target("activities/state")
        assert client.put("activities/state", params=params, content=b"x" * 1025).status_code == 413
        assert client.put("activities/state", params=params, content=b"x" * 1024).status_code == 204
        params = target("activities/state")
        assert client.post("activities/state", params=params, json={"a": "x" * 600}).status_code == 204
        assert client.post("activities/state", params=params, json={"b": "x" * 600}).status_code == 413
        assert client.get("activities/state", params=params).json() == {"a": "x" * 600}


def test_documents_are_bounded_in_number(tmp_path: Path) -> None:
    """Invariant 7."""
    with serving(tmp_path, limits=replace(DEFAULT_LIMITS, documents_max=2)) as server:
        client = server.client("lms", "all")
        answers = [client.put("activities/state", params=target("activities/state"), content=b"") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [204, 204, 413]
