"""``after``: exact increments of a query, by cursor."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from lrs.door.http import CURSOR_HEADER
from tests.door.client import Client, Server
from tests.samples import COURSE_A, COURSE_B, statement, voiding
from tests.statements.client import following, store
from tests.subscriptions.memory_log import MemoryLog


def after(client: Client, cursor: str, **parameters: Any) -> tuple[list[str], str]:
    """Ids that came after ``cursor``, and where to go on."""
    answer = client.get("statements", params={"after": cursor, **parameters})
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["statements"]], answer.headers[CURSOR_HEADER]


def end(client: Client) -> str:
    cursor: str = client.get("statements", params={"limit": 1}).headers[CURSOR_HEADER]
    return cursor


def test_each_answer_holds_what_came_since_the_last(lms: Client) -> None:
    cursor = "beginning"
    for count in (3, 0, 1, 5):
        made = [statement() for _ in range(count)]
        store(lms, *made)
        found, cursor = after(lms, cursor)
        assert found == [one["id"] for one in made]
    assert after(lms, cursor) == ([], cursor)


def test_pages_can_be_followed_by_their_cursor_or_by_more(lms: Client) -> None:
    made = [statement() for _ in range(7)]
    store(lms, *made)
    by_cursor, cursor = [], "beginning"
    while True:
        found, cursor = after(lms, cursor, limit=3)
        if not found:
            break
        by_cursor += found
    answer = lms.get("statements?after=beginning&limit=3")
    by_more = [one["id"] for one in answer.json()["statements"]]
    while answer.json()["more"]:
        answer = lms.get(following(answer.json()["more"]))
        by_more += [one["id"] for one in answer.json()["statements"]]
    assert by_cursor == by_more == [one["id"] for one in made]
    assert answer.headers[CURSOR_HEADER] == cursor


def test_ascending_may_be_said(lms: Client) -> None:
    store(lms, statement(), statement())
    assert after(lms, "beginning", ascending="true") == after(lms, "beginning")


def test_the_conditions_of_a_query_hold(lms: Client) -> None:
    made = [statement(course=COURSE_A), statement(course=COURSE_B), statement(course=COURSE_A, verb="http://x.org/v")]
    store(lms, *made)
    assert after(lms, "beginning", course=COURSE_A)[0] == [made[0]["id"], made[2]["id"]]
    found, cursor = after(lms, "beginning", course=COURSE_A, verb="http://x.org/v", format="ids")
    assert found == [made[2]["id"]]
    store(lms, statement(course=COURSE_B))
    found, moved = after(lms, cursor, course=COURSE_A)
    assert found == []
    assert moved != cursor


def test_the_first_page_of_any_query_says_where_its_increments_begin(lms: Client) -> None:
    """Everything stored before is in its pages, everything after is after the cursor."""
    made = [statement() for _ in range(5)]
    store(lms, *made)
    first = lms.get("statements?limit=2")
    store(lms, statement(), statement())
    rest: list[str] = []
    more = first.json()["more"]
    while more:
        page = lms.get(following(more))
        assert CURSOR_HEADER not in page.headers
        rest += [one["id"] for one in page.json()["statements"]]
        more = page.json()["more"]
    paged = [one["id"] for one in first.json()["statements"]] + rest
    assert sorted(paged) == sorted(one["id"] for one in made)
    assert len(after(lms, first.headers[CURSOR_HEADER])[0]) == 2


def test_a_void_that_came_first_comes_in_place_of_what_it_voids(server: Server) -> None:
    lms = server.client("voiding", "all")
    reader = server.client("course-reader", "statements/read", courses=(COURSE_A,))
    made = statement(course=COURSE_A)
    void = voiding(made["id"])
    store(lms, void)
    cursor = end(reader)
    store(lms, made)
    assert after(reader, cursor)[0] == [void["id"]]


def test_who_sees_only_its_own_gets_only_its_own(server: Server) -> None:
    mine, other = server.client("mine", "statements/write", "statements/read/mine"), server.client("other", "all")
    cursor = end(mine)
    own = statement()
    store(other, statement())
    store(mine, own)
    store(other, statement())
    assert after(mine, cursor)[0] == [own["id"]]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("after=nonsense", 400, "cursor_invalid"),
        ("after=", 400, "cursor_invalid"),
        (f"after={MemoryLog().cursors.seal(3)}", 410, "epoch_changed"),
        ("after=beginning&after=beginning", 400, "invalid_parameter"),
        ("after=beginning&ascending=false", 400, "invalid_parameter"),
        ("after=beginning&since=2026-01-01T00:00:00Z", 400, "invalid_parameter"),
        ("after=beginning&until=2026-01-01T00:00:00Z", 400, "invalid_parameter"),
        ("after=beginning&statementId=7c0ec9f1-1f0a-4a9d-9d6b-6a6f2c3b1a55", 400, "invalid_parameter"),
        ("After=beginning", 400, "invalid_parameter"),
    ],
)
def test_what_can_not_be_is_refused(shared: Client, query: str, status: int, code: str) -> None:
    answer = shared.get(f"statements?{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_cursor_ahead_of_the_log_is_refused(server: Server) -> None:
    """It is of this history by its look, and can only be of a copy that went on by itself."""
    ahead = server.engine.log.cursors.seal(10**9)
    answer = server.client("ahead", "all").get(f"statements?after={ahead}")
    assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid")


def test_cursors_of_the_query_and_of_the_stream_are_the_same(lms: Client) -> None:
    store(lms, statement(), statement(), statement())
    cursor = end(lms)
    changes: httpx.Response = lms.get("changes", params={"from": "beginning", "limit": 1})
    assert len(after(lms, changes.json()["cursor"])[0]) == 2
    made = statement()
    store(lms, made)
    polled = lms.get("changes", params={"after": cursor, "wait": 0}).json()
    assert [one["id"] for one in polled["statements"]] == [made["id"]]
    assert polled["cursor"] == end(lms)
