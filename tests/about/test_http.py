"""The About Resource (Communication 2.8)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.door.client import VERSION, Client, Server, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("data")) as made:
        yield made


@pytest.fixture
def stranger(server: Server) -> Client:
    return server.stranger("")


def test_it_tells_strangers_the_latest_version_of_each_major_one(stranger: Client) -> None:
    answer = stranger.get("about")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json()["version"] == ["1.0.3", "2.0.0"]


def test_it_has_no_members_but_those_of_the_standard(stranger: Client) -> None:
    assert set(stranger.get("about").json()) <= {"version", "extensions"}


def test_it_tells_where_the_stream_is(stranger: Client) -> None:
    extensions = stranger.get("about").json()["extensions"]
    assert extensions == {"http://localhost:8080/xapi/stream": {"subprotocol": "xapi-stream.v1"}}


@pytest.mark.parametrize(
    ("sent", "answered"),
    [("", "1.0.3"), ("1.0.3", "1.0.3"), ("1.0", "1.0.3"), ("2.0.0", "2.0.0"), ("0.95", "1.0.3"), ("BAD", "1.0.3")],
)
def test_no_version_is_refused(stranger: Client, sent: str, answered: str) -> None:
    answer = stranger.get("about", headers={VERSION: sent})
    assert (answer.status_code, answer.headers[VERSION]) == (200, answered)


def test_no_credential_is_looked_at(stranger: Client) -> None:
    assert stranger.get("about", headers={"Authorization": "Basic nonsense"}).status_code == 200


def test_unknown_parameters_are_refused(stranger: Client) -> None:
    """Communication 3.2."""
    answer = stranger.get("about?x=1")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")


def test_it_can_only_be_read(stranger: Client) -> None:
    for method in ("PUT", "POST", "DELETE"):
        answer = stranger.request(method, "about")
        assert (answer.status_code, answer.headers["Allow"], answer.headers[VERSION]) == (405, "GET, HEAD", "1.0.3")


def test_head_has_no_body(stranger: Client) -> None:
    got, head = (stranger.request(method, "about", headers={"X-Request-ID": "same"}) for method in ("GET", "HEAD"))
    assert (head.status_code, head.content, head.headers) == (200, b"", got.headers)


def test_the_version_of_the_answer_is_a_setting_where_none_is_asked_for(tmp_path: Path) -> None:
    with serving(tmp_path, default_xapi_version="2.0.0") as server:
        assert server.stranger("").get("about").headers[VERSION] == "2.0.0"
