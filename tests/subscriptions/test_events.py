"""Server-sent events over real connections."""

from __future__ import annotations

import socket
from dataclasses import replace
from urllib.parse import quote

import httpx
import pytest

from lrs.auth.grants import Grant
from lrs.cli.requests import Requests
from lrs.clock import SystemClock
from lrs.config import Settings
from lrs.errors import TokenRevoked
from lrs.limits import Limits
from lrs.statements.record import Place
from tests.samples import COURSE_A, COURSE_B, principal, statement
from tests.subscriptions.events import following
from tests.subscriptions.memory_log import MemoryLog
from tests.subscriptions.served import Served, hear, wait_until


def test_events_hold_the_frames_of_the_stream_and_their_ids_are_its_cursors(served: Served) -> None:
    with following(served.address, "?from=now") as events:
        assert events.answer.headers["content-type"] == "text/event-stream"
        assert events.answer.headers["cache-control"] == "no-store"
        hello, subscribed, live = events.next(), events.next(), events.next()
        assert (hello.frame["type"], hello.id) == ("hello", None)
        assert subscribed.frame["sub"] == "main"
        assert subscribed.id == subscribed.frame["after"]
        assert (live.frame["type"], live.id) == ("live", live.frame["cursor"])
        (made,) = served.put(statement(course=COURSE_A))
        found = events.until("statements")
        assert [one["id"] for one in found.frame["statements"]] == [made]
        assert found.frame["prev"] == live.id
        assert found.id == found.frame["cursor"] == events.last_id


def test_a_url_without_parameters_follows_everything_from_now_on(served: Served) -> None:
    with following(served.address) as events:
        events.until("live")
        served.put(statement(course=COURSE_B))
        mine = served.put(statement(course=COURSE_A))
        assert events.ids(1) == mine


def test_a_client_that_comes_back_with_its_last_id_misses_nothing(served: Served) -> None:
    """It counts more than the start in the URL, which stays the same when a browser comes back."""
    with following(served.address, "?from=beginning") as events:
        events.until("live")
        first = served.put(statement())
        assert events.ids(1) == first
    missed = served.put(statement(), statement())
    for query in "?from=beginning", "?from=now", "":
        with following(served.address, query, headers={"Last-Event-ID": events.last_id or ""}) as again:
            assert again.until("subscribed").id == events.last_id
            assert again.ids(2) == missed


def test_a_heartbeat_moves_the_id_past_what_does_not_match() -> None:
    settings = Settings(limits=Limits(heartbeat_s=0.1, credential_check_s=0.01))
    with Served(settings) as served, following(served.address, f"?course={quote(COURSE_A)}") as events:
        events.until("live")
        served.put(statement(course=COURSE_B))
        head = served.log.cursors.seal(Place(1))
        while events.last_id != head:
            events.until("heartbeat")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("?colour=red", 400, "invalid_parameter"),
        ("?token=secret", 400, "invalid_parameter"),
        ("?access_token=secret", 400, "invalid_parameter"),
        ("?window=5", 400, "invalid_parameter"),
        ("?durable=k", 400, "invalid_parameter"),
        ("?after=nonsense", 400, "cursor_invalid"),
        (f"?after={MemoryLog(epoch=b'epoch0').cursors.seal(Place(0))}", 410, "epoch_changed"),
        (f"?after={MemoryLog().cursors.seal(Place(10**6))}", 400, "cursor_invalid"),
        (f"?course={quote(COURSE_B)}", 403, "forbidden"),
        (f"?verb={'x' * 20_000}", 413, "too_large"),
    ],
)
def test_what_can_not_be_is_refused_with_a_status(served: Served, query: str, status: int, code: str) -> None:
    """A client of events stops at any status but 200, and does not come again in vain."""
    with following(served.address, query) as events:
        events.answer.read()
        assert (events.answer.status_code, events.answer.json()["code"]) == (status, code)


def test_a_last_id_of_another_history_is_told(served: Served) -> None:
    cursor = MemoryLog(epoch=b"epoch0").cursors.seal(Place(0))
    with following(served.address, headers={"Last-Event-ID": cursor}) as events:
        assert events.answer.status_code == 410


@pytest.mark.parametrize(
    ("bearer", "status", "code"),
    [
        (None, 401, "invalid_token"),
        ("unknown", 401, "invalid_token"),
        ("old", 401, "token_expired"),
        ("gone", 401, "token_revoked"),
        ("writer", 403, "forbidden"),
    ],
)
def test_only_a_header_counts_as_credential(served: Served, bearer: str | None, status: int, code: str) -> None:
    with following(served.address, bearer=bearer, headers={"Cookie": "token=engine"}) as events:
        events.answer.read()
        assert (events.answer.status_code, events.answer.json()["code"]) == (status, code)
        assert ("www-authenticate" in events.answer.headers) == (status == 401 or bearer == "writer")


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/*", ""])
def test_who_does_not_ask_for_events_is_told_to_connect_with_a_websocket(served: Served, accept: str) -> None:
    answer = httpx.get(f"http://{served.address}/xapi/stream", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["upgrade"]) == (426, "websocket")


def test_only_get_gives_events(served: Served) -> None:
    url, headers = f"http://{served.address}/xapi/stream", {"Accept": "text/event-stream"}
    for method in "HEAD", "POST", "DELETE":
        assert httpx.request(method, url, headers=headers).status_code == 426


def test_a_revoked_token_ends_it_and_says_so(served: Served) -> None:
    who = served.credentials.held["engine"]
    with following(served.address) as events:
        events.until("live")
        served.credentials.change("engine", TokenRevoked("gone"))
        try:
            last = events.rest()[-1]
        finally:
            served.credentials.change("engine", who)
    assert last.id is None
    assert last.frame == {
        "type": "close", "code": 4503, "name": "token_revoked", "again": False, "message": "gone"
    }  # fmt: skip


def test_a_grant_that_changes_counts_at_once(served: Served) -> None:
    who = served.credentials.held["engine"]
    assert not isinstance(who, Exception)
    with following(served.address) as events:
        events.until("live")
        served.credentials.change("engine", replace(who, grant=Grant.of([COURSE_B])))
        try:
            (guest,) = served.sessions
            wait_until(lambda: guest.principal and guest.principal.grant == Grant.of([COURSE_B]))
            served.put(statement(course=COURSE_A))
            other = served.put(statement(course=COURSE_B))
            assert events.ids(1) == other
        finally:
            served.credentials.change("engine", who)


def test_a_subscription_to_a_course_that_was_taken_away_ends(served: Served) -> None:
    who = served.credentials.held["engine"]
    assert not isinstance(who, Exception)
    with following(served.address, f"?course={quote(COURSE_A)}") as events:
        events.until("live")
        served.credentials.change("engine", replace(who, grant=Grant.of([COURSE_B])))
        try:
            error = events.until("error")
            assert (error.frame["sub"], error.frame["code"]) == ("main", "forbidden")
            events.until("unsubscribed")
        finally:
            served.credentials.change("engine", who)


def test_an_end_of_the_token_is_announced_and_comes() -> None:
    settings = Settings(limits=Limits(expiry_warning_s=3600, expiry_grace_s=0, credential_check_s=0.01))
    with Served(settings) as served:
        who = replace(principal("short", scopes=("stream",)), expires_at_us=SystemClock().now_us() + 3_000_000_000)
        served.credentials.held["short"] = who
        with following(served.address, bearer="short") as events:
            events.until("expiring")
            served.credentials.change("short", replace(who, expires_at_us=SystemClock().now_us()))
            assert events.until("close").frame["code"] == 4001
            assert events.rest() == []


def test_the_limit_of_connections_counts_events_too(served: Served) -> None:
    with (
        following(served.address) as first,
        following(served.address) as second,
        served.connect() as third,
    ):
        first.next()
        second.next()
        hear(third)
        with following(served.address) as refused:
            refused.answer.read()
            assert (refused.answer.status_code, refused.answer.json()["code"]) == (429, "connection_limit")
            assert refused.answer.headers["retry-after"]


def test_events_take_no_room_from_requests(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """They have limits of their own; however many follow the stream, statements must come in."""
    wait_until(lambda: not served.sockets)
    monkeypatch.setattr(Requests, "limits", Limits(http_connections_max=1))
    with following(served.address) as one, following(served.address) as other:
        one.until("live")
        other.until("live")
        assert httpx.get(f"http://{served.address}/xapi/stream").status_code == 426


def test_a_stop_of_the_server_ends_it_at_once_and_says_when_to_come_again() -> None:
    served = Served()
    with served, following(served.address) as events:
        events.until("live")
        served._server.should_exit = True
        last = events.rest()[-1]
        assert (last.frame["code"], last.frame["again"]) == (1001, True)
        assert events.retry_ms is not None
        assert 1_000 <= events.retry_ms < 5_000


def test_a_client_that_leaves_is_forgotten(served: Served) -> None:
    with following(served.address) as events:
        events.until("live")
        assert len(served.sessions) == 1
    wait_until(lambda: not len(served.sessions))
    wait_until(lambda: not served.sockets)


def test_a_client_that_takes_nothing_loses_its_connection_and_its_place() -> None:
    """Invariant 7: what waits for it is bounded, and after a while it goes."""
    settings = Settings(limits=Limits(send_blocked_s=0.2, credential_check_s=0.05, server_frame_statements_max=5))
    request = b"GET /xapi/stream?from=beginning HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n"
    with Served(settings) as served, socket.create_connection(("127.0.0.1", served.port)) as stalled:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for _ in range(100):
            served.put(*(statement(result={"response": "x" * 20_000}) for _ in range(5)))
        stalled.sendall(request + b"Authorization: Bearer engine\r\n\r\n")
        wait_until(lambda: len(served.sessions))
        wait_until(lambda: not len(served.sessions))
        wait_until(lambda: not served.sockets)
