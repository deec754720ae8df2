"""The stream over real websockets: handshakes, credentials, frames and ends as a client sees them."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from contextlib import ExitStack, suppress
from typing import Any

import httpx
import orjson
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from lrs.config import Settings
from lrs.errors import LrsError, StoreUnavailable, TokenRevoked
from lrs.limits import Limits
from tests.samples import COURSE_A, COURSE_B, statement
from tests.subscriptions.served import LIMITS, Served, ended, hear, say


def subprotocols(token: str) -> list[str]:
    encoded = urlsafe_b64encode(token.encode()).rstrip(b"=").decode()
    return ["xapi-stream.v1", f"bearer.b64u.{encoded}"]


# The three ways to show a credential.


def test_a_bearer_token_in_a_header(served: Served) -> None:
    with served.connect() as client:
        hello = hear(client)
        assert (hello["type"], hello["courses"]) == ("hello", [COURSE_A])
        assert client.subprotocol is None


def test_a_token_in_a_subprotocol_which_is_not_echoed(served: Served) -> None:
    with served.connect(bearer=None, subprotocols=subprotocols("engine")) as client:
        assert hear(client)["type"] == "hello"
        assert client.subprotocol == "xapi-stream.v1"


def test_a_token_in_the_first_frame(served: Served) -> None:
    with served.connect(bearer=None) as client:
        say(client, type="auth", id=1, token="engine")
        assert hear(client)["re"] == 1


def test_a_header_comes_before_a_subprotocol(served: Served) -> None:
    with served.connect(subprotocols=subprotocols("nonsense")) as client:
        assert hear(client)["type"] == "hello"


@pytest.mark.parametrize(
    ("token", "status", "challenge"),
    [
        ("nonsense", 401, 'error="invalid_token"'),
        ("old", 401, 'error="invalid_token"'),
        ("gone", 401, 'error="invalid_token"'),
        ("writer", 403, 'error="insufficient_scope"'),
    ],
)
def test_a_bad_credential_in_a_header_is_an_http_status(
    served: Served, token: str, status: int, challenge: str
) -> None:
    with pytest.raises(InvalidStatus) as caught:
        served.connect(bearer=token)
    response = caught.value.response
    assert response.status_code == status
    assert any(challenge in value for value in response.headers.get_all("WWW-Authenticate"))
    assert orjson.loads(response.body or b"")["status"] == status


def test_two_authorization_headers_are_refused(served: Served) -> None:
    url = f"ws://{served.address}/xapi/stream"
    headers = [("Authorization", "Bearer engine"), ("Authorization", "Bearer writer")]
    with pytest.raises(InvalidStatus) as caught:
        connect(url, additional_headers=headers)
    assert caught.value.response.status_code == 401


@pytest.mark.parametrize(("token", "code"), [("nonsense", 4500), ("old", 4001), ("gone", 4503), ("writer", 4507)])
def test_a_bad_token_in_a_subprotocol_is_a_close_code(served: Served, token: str, code: int) -> None:
    """A browser shows its page no HTTP status."""
    with served.connect(bearer=None, subprotocols=subprotocols(token)) as client:
        assert ended(client) == code


@pytest.mark.parametrize("encoded", ["!", "a", "_____w", ""])
def test_a_subprotocol_that_is_no_token_is_a_close_code(served: Served, encoded: str) -> None:
    names = ["xapi-stream.v1", f"bearer.b64u.{encoded or '.'}"]
    with served.connect(bearer=None, subprotocols=names) as client:
        assert ended(client) == 4500


@pytest.mark.parametrize(("token", "code"), [("nonsense", 4500), ("old", 4001), ("gone", 4503), ("writer", 4507)])
def test_a_bad_token_in_the_first_frame_is_a_close_code(served: Served, token: str, code: int) -> None:
    with served.connect(bearer=None) as client:
        say(client, type="auth", token=token)
        assert ended(client) == code


def test_a_token_in_the_url_is_refused_and_not_repeated(served: Served) -> None:
    with served.connect("?access_token=very-secret") as client:
        hear(client)
        error = hear(client)
        assert (error["code"], "very-secret" in error["message"]) == ("invalid_parameter", False)
        assert ended(client) == 4501


def test_a_stranger_that_says_nothing_is_closed(served: Served) -> None:
    with served.connect(bearer=None) as client:
        assert ended(client) == 4502


# Who may open it in a browser.


@pytest.mark.parametrize("bearer", ["engine", None])
def test_a_page_of_another_origin_is_refused(served: Served, bearer: str | None) -> None:
    with pytest.raises(InvalidStatus) as caught:
        served.connect(bearer=bearer, headers={"Origin": "https://evil.example.com"})
    assert caught.value.response.status_code == 403


def test_a_page_of_an_allowed_origin_is_served(served: Served) -> None:
    with served.connect(headers={"Origin": "https://engine.example.com"}) as client:
        assert hear(client)["type"] == "hello"


# Frames.


def test_one_line_is_enough_also_with_a_plus_that_was_not_encoded(served: Served) -> None:
    with served.connect(f"?course={COURSE_A}") as client:
        assert [hear(client)["type"] for _ in range(3)] == ["hello", "subscribed", "live"]
        mine, _ = served.put(statement(course=COURSE_A), statement(course=COURSE_B))
        frame = hear(client)
        assert [one["id"] for one in frame["statements"]] == [mine]


def test_a_connection_goes_on_where_the_last_one_ended(served: Served) -> None:
    with served.connect(f"?course={COURSE_A}") as client:
        for _ in range(3):
            cursor = hear(client).get("cursor")
    missed = served.put(statement(), statement())
    with served.connect(f"?course={COURSE_A}&after={cursor}") as client:
        assert hear(client)["type"] == "hello"
        assert hear(client)["after"] == cursor
        frame = hear(client)
        assert (frame["prev"], [one["id"] for one in frame["statements"]]) == (cursor, missed)


def test_a_statement_is_sent_as_it_was_stored_in_any_language(served: Served) -> None:
    with served.connect("?from=now") as client:
        for _ in range(3):
            hear(client)
        served.put(statement(result={"response": "naïve 日本語 🎓"}))
        assert hear(client)["statements"][0]["result"]["response"] == "naïve 日本語 🎓"


def test_a_course_outside_the_grant_is_refused_by_name(served: Served) -> None:
    with served.connect(f"?course={COURSE_B}") as client:
        assert [hear(client).get("code") for _ in range(2)] == [None, "forbidden"]
        assert ended(client) == 4507


def test_a_frame_over_the_limit_is_closed(served: Served) -> None:
    with served.connect() as client:
        client.send("x" * 70_000)
        assert ended(client) == 1009


def test_a_binary_frame_is_closed(served: Served) -> None:
    with served.connect() as client:
        client.send(b"{}")
        assert ended(client) == 1003


def test_too_many_frames_are_closed(served: Served) -> None:
    with served.connect() as client:
        # The server may be quicker than the last of them.
        with suppress(ConnectionClosed):
            for _ in range(LIMITS.client_frames_burst + 10):
                say(client, type="unsubscribe", sub="none")
        assert ended(client) == 4013


def test_a_revoked_token_is_closed(served: Served) -> None:
    who = served.credentials.held["engine"]
    with served.connect("?from=now") as client:
        hear(client)
        served.credentials.change("engine", TokenRevoked("gone"))
        try:
            assert ended(client) == 4503
        finally:
            served.credentials.change("engine", who)


# Limits.


def test_one_connection_too_many_of_a_token_is_refused(served: Served) -> None:
    with ExitStack() as clients:
        for _ in range(LIMITS.connections_per_token_max):
            clients.enter_context(served.connect())
        with pytest.raises(InvalidStatus) as caught:
            served.connect()
        assert caught.value.response.status_code == 429
        assert caught.value.response.headers["Retry-After"]
        browser = clients.enter_context(served.connect(bearer=None, subprotocols=subprotocols("engine")))
        assert ended(browser) == 4504


@pytest.mark.parametrize(
    ("limits", "bearer"),
    [({"connections_max": 1}, "engine"), ({"connections_unauthenticated_max": 1}, None)],
)
def test_one_connection_too_many_for_the_process_is_refused(limits: dict[str, Any], bearer: str | None) -> None:
    with (
        Served(Settings(limits=Limits(**limits))) as served,
        served.connect(bearer=bearer),
        pytest.raises(InvalidStatus) as caught,
    ):
        served.connect(bearer=bearer)
    assert caught.value.response.status_code == 503
    assert caught.value.response.headers["Retry-After"]


def test_a_log_that_can_not_be_read_is_told(served: Served) -> None:
    failure: LrsError = StoreUnavailable("gone")
    with served.connect() as client:
        hear(client)
        served.log.failure = failure
        try:
            say(client, type="subscribe", id=1, sub="s1")
            assert hear(client)["code"] == "store_unavailable"
        finally:
            served.log.failure = None


def test_a_plain_get_is_told_what_is_spoken_here(served: Served) -> None:
    answer = httpx.get(f"http://{served.address}/xapi/stream")
    assert (answer.status_code, answer.headers["upgrade"]) == (426, "websocket")


def test_the_server_ends_while_clients_are_connected() -> None:
    """By whichever of the two learns of it first: the server program, or the stream."""
    with ExitStack() as clients:
        with Served() as served:
            client = clients.enter_context(served.connect("?from=now"))
            hear(client)
        assert ended(client) in (1001, 1012)
