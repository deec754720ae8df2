"""The long poll over real connections."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from lrs.auth.grants import Grant
from lrs.clock import SystemClock
from lrs.config import Settings
from lrs.errors import StoreUnavailable, TokenRevoked
from lrs.limits import Limits
from lrs.statements.record import Place
from tests.samples import COURSE_A, COURSE_B, principal, statement, voiding
from tests.subscriptions.events import following
from tests.subscriptions.memory_log import MemoryLog
from tests.subscriptions.served import PATIENCE_S, Served, hear, wait_until


def poll(served: Served, query: str = "", bearer: str | None = "engine") -> httpx.Response:
    headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
    with httpx.Client(trust_env=False, timeout=PATIENCE_S) as client:
        return client.get(f"http://{served.address}/xapi/changes{query}", headers=headers)


def changes(served: Served, query: str = "") -> Any:
    answer = poll(served, query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


def ids(found: Any) -> list[str]:
    return [one["id"] for one in found["statements"]]


def now(served: Served) -> str:
    cursor: str = changes(served, "?wait=0")["cursor"]
    return cursor


class Waiting(threading.Thread):
    """A poll that waits."""

    def __init__(self, served: Served, query: str, bearer: str = "engine") -> None:
        super().__init__()
        self._arguments = served, query, bearer
        self.start()
        wait_until(lambda: len(served.sessions))

    def run(self) -> None:
        self.answer = poll(*self._arguments)

    def answered(self) -> httpx.Response:
        self.join(PATIENCE_S)
        return self.answer


def test_what_is_there_comes_at_once_with_a_cursor_to_go_on_from(served: Served) -> None:
    start = now(served)
    made = served.put(*(statement() for _ in range(5)))
    first = changes(served, f"?after={start}&limit=2")
    assert (ids(first), first["more"]) == (made[:2], True)
    second = changes(served, f"?after={first['cursor']}&limit=3")
    assert (ids(second), second["more"]) == (made[2:], False)
    assert changes(served, f"?after={second['cursor']}&wait=0") == {
        "statements": [], "cursor": second["cursor"], "more": False
    }  # fmt: skip


def test_it_waits_for_the_first_that_comes(served: Served) -> None:
    waiting = Waiting(served, f"?after={now(served)}&wait=20")
    served.put(statement(course=COURSE_B))
    made = served.put(statement())
    assert ids(waiting.answered().json()) == made


def test_when_nothing_comes_the_cursor_has_moved_past_what_was_looked_at(served: Served) -> None:
    start = now(served)
    served.put(statement(course=COURSE_B))
    found = changes(served, f"?after={start}&wait=0.05")
    assert (found["statements"], found["more"]) == ([], False)
    assert found["cursor"] != start
    assert served.log.cursors.open(found["cursor"]) == served.log.end()


def test_without_a_cursor_it_begins_now_or_where_it_is_told_to(served: Served) -> None:
    served.put(statement())
    assert changes(served, "?wait=0")["statements"] == []
    assert len(changes(served, "?from=beginning&limit=1")["statements"]) == 1
    assert changes(served, "?from=2026-01-01T00:00:00Z&limit=1")["more"]


def test_the_filter_is_that_of_the_stream(served: Served) -> None:
    start = now(served)
    _, wanted = served.put(statement(), statement(verb="http://example.com/wanted"))
    query = f"?after={start}&verb={quote('http://example.com/wanted')}&course={COURSE_A}"
    assert ids(changes(served, query)) == [wanted]


def test_a_void_that_came_first_comes_in_place_of_what_it_voids(served: Served) -> None:
    made = statement(course=COURSE_A)
    (void,) = served.put(voiding(made["id"]))
    start = now(served)
    served.put(made)
    assert ids(changes(served, f"?after={start}&wait=0")) == [void]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("?colour=red", 400, "invalid_parameter"),
        ("?token=secret", 400, "invalid_parameter"),
        ("?wait=61", 400, "invalid_parameter"),
        ("?wait=-1", 400, "invalid_parameter"),
        ("?wait=nan", 400, "invalid_parameter"),
        ("?wait=", 400, "invalid_parameter"),
        ("?wait=1&wait=2", 400, "invalid_parameter"),
        ("?limit=x", 400, "invalid_parameter"),
        ("?limit=1&limit=2", 400, "invalid_parameter"),
        ("?window=5", 400, "invalid_parameter"),
        ("?after=nonsense", 400, "cursor_invalid"),
        ("?after=a&from=now", 400, "invalid_parameter"),
        (f"?after={MemoryLog(epoch=b'epoch0').cursors.seal(Place(0))}", 410, "epoch_changed"),
        (f"?course={quote(COURSE_B)}", 403, "forbidden"),
    ],
)
def test_what_can_not_be_is_refused_with_a_status(served: Served, query: str, status: int, code: str) -> None:
    answer = poll(served, query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(("bearer", "status"), [(None, 401), ("unknown", 401), ("old", 401), ("writer", 403)])
def test_the_credential_is_that_of_a_header_with_the_scope_stream(
    served: Served, bearer: str | None, status: int
) -> None:
    assert poll(served, bearer=bearer).status_code == status


def test_only_get_is_allowed(served: Served) -> None:
    answer = httpx.post(f"http://{served.address}/xapi/changes")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


def test_a_token_that_is_revoked_ends_a_wait(served: Served) -> None:
    who = served.credentials.held["engine"]
    waiting = Waiting(served, "?wait=20")
    served.credentials.change("engine", TokenRevoked("gone"))
    try:
        answer = waiting.answered()
    finally:
        served.credentials.change("engine", who)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_revoked")


def test_a_grant_that_changes_counts_during_a_wait(served: Served) -> None:
    who = served.credentials.held["engine"]
    assert not isinstance(who, Exception)
    waiting = Waiting(served, "?wait=20")
    served.credentials.change("engine", replace(who, grant=Grant.of([COURSE_B])))
    try:
        (guest,) = served.sessions
        wait_until(lambda: guest.principal and guest.principal.grant == Grant.of([COURSE_B]))
        served.put(statement(course=COURSE_A))
        other = served.put(statement(course=COURSE_B))
        assert ids(waiting.answered().json()) == other
    finally:
        served.credentials.change("engine", who)


def test_a_course_that_is_taken_away_during_a_wait_is_forbidden(served: Served) -> None:
    who = served.credentials.held["engine"]
    assert not isinstance(who, Exception)
    waiting = Waiting(served, f"?wait=20&course={quote(COURSE_A)}")
    served.credentials.change("engine", replace(who, grant=Grant.of([COURSE_B])))
    try:
        assert waiting.answered().status_code == 403
    finally:
        served.credentials.change("engine", who)


def test_a_token_that_ends_during_a_wait_is_told(served: Served) -> None:
    ends = SystemClock().now_us() + 300_000
    served.credentials.held["short"] = replace(principal("short", scopes=("stream",)), expires_at_us=ends)
    answer = poll(served, "?wait=20", "short")
    assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")


def test_a_log_that_fails_is_told(served: Served) -> None:
    start = now(served)
    served.log.failure = StoreUnavailable("gone")
    try:
        answer = poll(served, f"?after={start}")
    finally:
        served.log.failure = None
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    assert answer.headers["retry-after"]


def test_polls_count_as_connections(served: Served) -> None:
    waiting = [Waiting(served, f"?wait=20&after={now(served)}") for _ in range(3)]
    wait_until(lambda: len(served.sessions) == 3)
    refused = poll(served)
    assert (refused.status_code, refused.json()["code"]) == (429, "connection_limit")
    served.put(statement())
    assert [each.answered().status_code for each in waiting] == [200] * 3


def test_a_client_that_leaves_is_forgotten(served: Served) -> None:
    leaves_soon = httpx.Timeout(PATIENCE_S, read=0.2)
    with httpx.Client(trust_env=False, timeout=leaves_soon) as client, pytest.raises(httpx.ReadTimeout):
        client.get(f"http://{served.address}/xapi/changes?wait=60", headers={"Authorization": "Bearer engine"})
    wait_until(lambda: not len(served.sessions))


def test_a_stop_of_the_server_answers_those_who_wait() -> None:
    served = Served()
    with served:
        waiting = Waiting(served, "?wait=60")
        began_s = time.monotonic()
        served._server.should_exit = True
        answer = waiting.answered()
        assert (answer.status_code, answer.json()["statements"]) == (200, [])
        assert time.monotonic() - began_s < PATIENCE_S


def test_the_longest_wait_is_a_setting() -> None:
    with Served(Settings(limits=Limits(poll_wait_s=1))) as served:
        assert poll(served, "?wait=2").status_code == 400
        assert changes(served)["statements"] == []


def test_a_cursor_of_one_door_is_good_at_the_others(served: Served) -> None:
    """The same place, whoever told it; and all doors tell the same cursor for it."""
    start = now(served)
    made = served.put(*(statement() for _ in range(4)))
    first = changes(served, f"?after={start}&limit=1")
    assert ids(first) == made[:1]
    with served.connect(f"?after={first['cursor']}&window=1") as client:
        while (second := hear(client))["type"] != "statements":
            continue
    assert [one["id"] for one in second["statements"]] == made[1:2]
    with following(served.address, f"?after={second['cursor']}") as events:
        third = events.until("statements")
    assert [one["id"] for one in third.frame["statements"]] == made[2:]
    assert third.id == changes(served, f"?after={third.id}&wait=0")["cursor"] == now(served)
    assert served.log.cursors.seal(served.log.end()) == third.id
