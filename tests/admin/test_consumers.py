"""Consumers over the API for administrators."""

from __future__ import annotations

from typing import Any

import pytest

from tests.admin.desk import Browser, acts


def test_a_consumer_is_made_read_changed_and_disabled(browser: Browser) -> None:
    made = browser.post("/consumers", {"name": "engine"})
    assert made.status_code == 201
    assert made.json()["scopes"] == ["statements/write", "statements/read/mine"]
    assert made.json()["grant"] == {"courses": ["*"]}
    assert made.json()["state"] == "active"
    where = made.headers["location"].removeprefix("/admin/api")
    read = browser.get(where)
    assert read.json() == made.json()
    changed = browser.patch(
        where,
        {"scopes": ["stream"], "grant": {"courses": ["course-v1:MITx+*"]}, "expires_at": "2999-01-01T00:00:00Z"},
        read.headers["etag"],
    )
    assert changed.status_code == 200
    assert changed.json()["scopes"] == ["stream"]
    assert changed.json()["grant"] == {"courses": ["course-v1:MITx+*"]}
    assert changed.json()["expires_at"] == "2999-01-01T00:00:00Z"
    disabled = browser.patch(where, {"disabled": True}, changed.headers["etag"])
    assert disabled.json()["state"] == "disabled"
    assert browser.get(where).json() == disabled.json()


def test_nobody_overwrites_what_they_have_not_seen(browser: Browser) -> None:
    made = browser.post("/consumers", {"name": "engine"})
    where, seen = made.headers["location"].removeprefix("/admin/api"), made.headers["etag"]
    assert browser.patch(where, {"trusted": True}).status_code == 428
    assert browser.patch(where, {"trusted": True}, seen).status_code == 200
    late = browser.patch(where, {"trusted": False}, seen)
    assert late.status_code == 412
    assert late.json()["code"] == "precondition_failed"
    assert browser.get(where).json()["trusted"] is True
    assert browser.patch(where, {"trusted": False}, "*").status_code == 200
    assert acts(browser, act="consumer") == ["consumer.add", "consumer.change", "consumer.change"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": " x"},
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["root"]},
        {"name": "x", "scopes": "admin"},
        {"name": "x", "grant": {}},
        {"name": "x", "grant": {"courses": ["MITx"]}},
        {"name": "x", "grant": {"courses": "*"}},
        {"name": "x", "grant": {"type": "xapi", "courses": ["*"]}},
        {"name": "x", "expires_at": "soon"},
        {"name": "x", "expires_at": "2001-01-01T00:00:00Z"},
        {"name": "x", "trusted": 1},
        {"name": "x", "disabled": True},
        {"name": "x", "admin": True},
        ["x"],
    ],
)
def test_a_consumer_that_can_not_be_is_refused_and_leaves_nothing(browser: Browser, body: Any) -> None:
    answer = browser.post("/consumers", body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert browser.json("/consumers")["items"] == []
    assert acts(browser, act="consumer") == []


def test_a_name_is_taken_once(browser: Browser) -> None:
    browser.post("/consumers", {"name": "engine"})
    assert browser.post("/consumers", {"name": "engine"}).status_code == 409


def test_pages_hold_every_consumer_once(browser: Browser) -> None:
    names = [f"c{number:02}" for number in range(7)]
    for name in reversed(names):
        browser.post("/consumers", {"name": name})
    found: list[str] = []
    after: dict[str, str] = {}
    for _ in range(3):
        page = browser.json("/consumers", limit=3, **after)
        found += [one["name"] for one in page["items"]]
        after = {"after": page["next"]}
    assert found == names
    assert page["next"] is None


def test_consumers_are_found_by_state_and_by_a_part_of_the_name(browser: Browser) -> None:
    for name in ("Open edX", "engine", "engine two"):
        browser.post("/consumers", {"name": name})
    browser.patch("/consumers/2", {"disabled": True}, "*")
    assert [one["name"] for one in browser.json("/consumers", search="ENGINE")["items"]] == ["engine", "engine two"]
    assert [one["name"] for one in browser.json("/consumers", state="disabled")["items"]] == ["engine"]


@pytest.mark.parametrize("where", ["/consumers/1", "/consumers/x", "/consumers/99999999999999999999", "/consumers/-1"])
def test_what_is_not_there_is_not_found(browser: Browser, where: str) -> None:
    assert browser.get(where).status_code == 404
    assert browser.patch(where, {"disabled": True}, "*").status_code == 404


def test_scopes_are_listed_with_their_meaning(browser: Browser) -> None:
    found = {one["name"]: one["meaning"] for one in browser.json("/scopes")["items"]}
    assert "admin" in found
    assert all(found.values())


def test_courses_are_suggested_from_the_log(browser: Browser) -> None:
    server = browser.server
    lms = server.client("lms", "all")
    for course in ("course-v1:MITx+C1+a", "course-v1:MITx+C2+a", "course-v1:edX+D+b"):
        statement = {
            "actor": {"mbox": "mailto:a@example.org"},
            "verb": {"id": "http://example.org/verb"},
            "object": {"id": f"http://lms.example/course/{course}"},
        }
        assert lms.post("statements", json=statement).status_code == 200
    everything = [one["entry"] for one in browser.json("/courses")["items"]]
    assert everything == [
        "course-v1:MITx+*",
        "course-v1:edX+*",
        "course-v1:MITx+C1+a",
        "course-v1:MITx+C2+a",
        "course-v1:edX+D+b",
    ]
    for prefix in ("MITx+C1", "course-v1:MITx+C1"):
        found = browser.json("/courses", prefix=prefix)["items"]
        assert found == [{"entry": "course-v1:MITx+C1+a", "kind": "course"}]
    assert browser.json("/courses", prefix="nothing")["items"] == []
    assert len(browser.json("/courses", limit=2)["items"]) == 2
