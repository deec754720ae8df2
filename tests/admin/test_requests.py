"""Requests for access: asked without an account, decided by an administrator, taken once."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import httpx
import pytest

from lrs.limits import Limits
from tests.admin.desk import Browser, acts, administered

WISH: dict[str, Any] = {
    "organisation": "University of Somewhere",
    "contact": "Ada <ada@somewhere.example>",
    "courses": ["course-v1:MITx+C1+2026", "course-v1:edX+*"],
    "purpose": "An adaptive engine\nfor one course.",
}


def ask(browser: Browser, wish: Any = WISH) -> httpx.Response:
    return browser.server.request("POST", "/request/api", json=wish)


def state(browser: Browser, secret: str) -> httpx.Response:
    return browser.server.request("GET", "/request/api/state", headers={"X-LRS-Request": secret})


def take(browser: Browser, secret: str) -> httpx.Response:
    return browser.server.request("POST", "/request/api/key", headers={"X-LRS-Request": secret})


def decide(browser: Browser, number: int, what: str, body: Any) -> httpx.Response:
    seen = browser.get(f"/requests/{number}").headers["etag"]
    return browser.request("POST", f"/requests/{number}/{what}", json=body, headers={"If-Match": seen})


def test_the_whole_way(browser: Browser) -> None:
    made = ask(browser)
    assert made.status_code == 201
    secret = made.json()["secret"]
    assert made.json()["link"] == f"http://localhost:8080/request#{secret}"
    assert state(browser, secret).json()["state"] == "open"
    assert take(browser, secret).status_code == 409
    (request,) = browser.json("/requests", state="open")["items"]
    assert {name: request[name] for name in WISH} == WISH
    approved = decide(
        browser, request["number"], "approve", {"name": "somewhere", "grant": {"courses": ["course-v1:edX+*"]}}
    )
    assert approved.status_code == 200, approved.text
    assert (approved.json()["state"], approved.json()["decided_by"]) == ("approved", "admin:admin")
    followed = state(browser, secret).json()
    assert followed["grant"] == {"courses": ["course-v1:edX+*"]}
    assert "contact" not in followed
    taken = take(browser, secret)
    assert taken.status_code == 201
    key = taken.json()
    assert take(browser, secret).status_code == 409
    assert state(browser, secret).json()["state"] == "taken"
    authorization = base64.b64encode(f"{key['key']}:{key['secret']}".encode()).decode()
    headers = {"Authorization": f"Basic {authorization}", "X-Experience-API-Version": "1.0.3"}
    assert browser.server.request("GET", "/xapi/statements", headers=headers).status_code == 200
    (consumer,) = browser.json("/consumers")["items"]
    assert (consumer["name"], consumer["scopes"]) == ("somewhere", ["statements/read", "stream"])
    assert acts(browser, act="request") == ["request.make", "request.approve", "request.take"]


def test_learners_may_be_shown_under_pseudonyms_only(browser: Browser) -> None:
    ask(browser)
    disclosure = {"actors": "pseudonym", "space": "somewhere", "strip": ["names"]}
    assert decide(browser, 1, "approve", {"name": "x", "disclosure": disclosure}).status_code == 200
    assert browser.json("/consumers/1")["disclosure"] == disclosure
    assert browser.json("/audit", act="request.approve")["items"][0]["details"]["disclosure"] == disclosure


def test_a_refusal_comes_with_a_word(browser: Browser) -> None:
    secret = ask(browser).json()["secret"]
    assert decide(browser, 1, "refuse", {"word": "Ask the platform first."}).status_code == 200
    assert state(browser, secret).json()["word"] == "Ask the platform first."
    assert take(browser, secret).status_code == 409
    assert decide(browser, 1, "approve", {"name": "x"}).status_code == 409
    assert browser.json("/consumers")["items"] == []


def test_deciding_needs_what_was_seen(browser: Browser) -> None:
    ask(browser)
    seen = browser.get("/requests/1").headers["etag"]
    assert browser.post("/requests/1/refuse", {}).status_code == 428
    headers = {"If-Match": '"other"'}
    assert browser.post("/requests/1/refuse", {}, headers=headers).status_code == 412
    assert browser.post("/requests/1/refuse", {}, headers={"If-Match": seen}).status_code == 200


def test_an_approval_that_fails_leaves_the_request_open(browser: Browser) -> None:
    ask(browser)
    browser.post("/consumers", {"name": "taken"})
    assert decide(browser, 1, "approve", {"name": "taken"}).status_code == 409
    assert browser.json("/requests/1")["state"] == "open"
    assert "request.approve" not in acts(browser)


def test_a_disabled_consumer_keeps_its_key_from_being_taken(browser: Browser) -> None:
    secret = ask(browser).json()["secret"]
    decide(browser, 1, "approve", {"name": "x"})
    browser.patch("/consumers/1", {"disabled": True}, "*")
    assert take(browser, secret).status_code == 403
    browser.patch("/consumers/1", {"disabled": False}, "*")
    assert take(browser, secret).status_code == 201


@pytest.mark.parametrize(
    "change",
    [
        {"organisation": ""},
        {"organisation": None},
        {"contact": "x" * 201},
        {"purpose": "x" * 2_001},
        {"purpose": "\u0000"},
        {"courses": []},
        {"courses": ["MITx"]},
        {"courses": ["course-v1:a+b+c"] * 51},
        {"courses": [7]},
        {"courses": "*"},
        {"admin": True},
    ],
    ids=lambda change: str(change)[:40],
)
def test_a_wish_that_can_not_be_is_refused(browser: Browser, change: dict[str, Any]) -> None:
    answer = ask(browser, WISH | change)
    assert answer.status_code == 400
    assert browser.json("/requests")["items"] == []


def test_all_that_is_wrong_is_named_at_once(browser: Browser) -> None:
    problems = ask(browser, WISH | {"organisation": "", "courses": ["x", "y"]}).json()["errors"]
    assert {one["path"] for one in problems} == {"$.organisation", "$.courses[0]", "$.courses[1]"}


def test_nothing_tells_which_courses_and_consumers_there_are(browser: Browser) -> None:
    known = {**WISH, "courses": ["course-v1:MITx+C1+2026"]}
    unknown = {**WISH, "courses": ["course-v1:Nobody+X+1"]}
    first, second = ask(browser, known), ask(browser, unknown)
    assert first.status_code == second.status_code
    assert first.json().keys() == second.json().keys()


@pytest.mark.parametrize("secret", ["", "x", "x" * 1000, "1"])
def test_an_unknown_secret_is_not_found_however_it_looks(browser: Browser, secret: str) -> None:
    ask(browser)
    answers = [state(browser, secret), take(browser, secret)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


def test_requests_from_one_address_are_limited(browser: Browser) -> None:
    answers = [ask(browser).status_code for _ in range(11)]
    assert answers == [201] * 10 + [429]


def test_open_requests_are_limited_in_all(tmp_path: Path) -> None:
    with administered(tmp_path, limits=Limits(access_requests_open_max=2)) as browser:
        assert [ask(browser).status_code for _ in range(3)] == [201, 201, 429]
        decide(browser, 1, "refuse", {})
        assert ask(browser).status_code == 201


def test_addresses_are_those_that_a_proxy_tells_if_one_is_trusted(tmp_path: Path) -> None:
    with administered(
        tmp_path, limits=Limits(access_requests_per_hour=1), client_address_header="X-Forwarded-For"
    ) as browser:

        def from_(address: str) -> int:
            headers = {"X-Forwarded-For": f"9.9.9.9, {address}"}
            return browser.server.request("POST", "/request/api", json=WISH, headers=headers).status_code

        assert [from_("192.0.2.1"), from_("192.0.2.1"), from_("192.0.2.2")] == [201, 429, 201]
        assert [from_("2001:db8::1"), from_("2001:db8::2"), from_("2001:db8:0:1::1")] == [201, 429, 201]


def test_pages_of_requests_are_newest_first(browser: Browser) -> None:
    for _ in range(5):
        ask(browser)
    first = browser.json("/requests", limit=2)
    second = browser.json("/requests", limit=2, after=first["next"])
    third = browser.json("/requests", limit=2, after=second["next"])
    numbers = [one["number"] for page in (first, second, third) for one in page["items"]]
    assert numbers == [5, 4, 3, 2, 1]
    assert third["next"] is None
