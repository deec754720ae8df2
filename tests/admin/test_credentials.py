"""Keys, tokens and signing keys over the API for administrators."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.admin.desk import Browser

XAPI = {"X-Experience-API-Version": "1.0.3"}


def basic(key: str, secret: str) -> dict[str, str]:
    return {**XAPI, "Authorization": "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()}


def status(browser: Browser, headers: dict[str, str]) -> int:
    return browser.server.request("GET", "/xapi/statements", headers=headers).status_code


@pytest.fixture
def engine(browser: Browser) -> str:
    made = browser.post("/consumers", {"name": "engine", "scopes": ["statements/read"]})
    assert made.status_code == 201
    return "engine"


def test_a_key_is_shown_once_works_and_is_revoked(browser: Browser, engine: str) -> None:
    made = browser.post("/keys", {"consumer": engine})
    assert made.status_code == 201
    key = made.json()
    headers = basic(key["key"], key["secret"])
    assert status(browser, headers) == 200
    (listed,) = browser.json("/keys", consumer=engine)["items"]
    assert "secret" not in listed
    assert listed["key"] == key["key"]
    revoked = browser.post(f"/keys/{key['key']}/revoke")
    assert revoked.status_code == 200
    assert revoked.json()["state"] == "revoked"
    assert status(browser, headers) == 401
    assert browser.json("/keys", state="active")["items"] == []


def test_a_token_is_shown_once_works_and_is_revoked(browser: Browser, engine: str) -> None:
    made = browser.post("/tokens", {"consumer": engine, "ttl_s": 60, "grant": {"courses": ["course-v1:MITx+*"]}})
    assert made.status_code == 201
    token = made.json()
    assert token["grant"] == {"courses": ["course-v1:MITx+*"]}
    headers = {**XAPI, "Authorization": f"Bearer {token['token']}"}
    assert status(browser, headers) == 200
    (listed,) = browser.json("/tokens")["items"]
    assert listed == {name: value for name, value in token.items() if name != "token"} | {
        "last_used_at": listed["last_used_at"]
    }
    assert browser.post(f"/tokens/{token['jti']}/revoke").json()["state"] == "revoked"
    assert status(browser, headers) == 401


@pytest.mark.parametrize(
    ("body", "answered"),
    [
        ({}, 400),
        ({"consumer": "nobody"}, 404),
        ({"consumer": "engine", "scopes": ["all"]}, 403),
        ({"consumer": "engine", "scopes": []}, 400),
        ({"consumer": "engine", "ttl_s": 0}, 400),
        ({"consumer": "engine", "ttl_s": True}, 400),
        ({"consumer": "engine", "ttl_s": 1e300}, 400),
        ({"consumer": "engine", "ttl_s": 10**30}, 400),
        ({"consumer": "engine", "grant": {"courses": ["*"], "colour": ["red"]}}, 400),
        ({"consumer": 7}, 400),
    ],
    ids=str,
)
def test_a_token_that_can_not_be_is_refused(browser: Browser, engine: str, body: Any, answered: int) -> None:
    answer = browser.post("/tokens", body)
    assert answer.status_code == answered, answer.text
    assert browser.json("/tokens")["items"] == []


def test_a_disabled_consumer_gets_nothing(browser: Browser, engine: str) -> None:
    browser.patch("/consumers/1", {"disabled": True}, "*")
    assert browser.post("/keys", {"consumer": engine}).status_code == 403
    assert browser.post("/tokens", {"consumer": engine}).status_code == 403


@pytest.mark.parametrize("kind", ["keys", "tokens"])
def test_lists_are_newest_first_and_pages_hold_each_once(browser: Browser, engine: str, kind: str) -> None:
    name = {"keys": "key", "tokens": "jti"}[kind]
    made = [browser.post(f"/{kind}", {"consumer": engine}).json()[name] for _ in range(5)]
    first = browser.json(f"/{kind}", limit=3)
    second = browser.json(f"/{kind}", limit=3, after=first["next"])
    found = [one[name] for one in first["items"] + second["items"]]
    assert sorted(found) == sorted(made)
    assert second["next"] is None
    assert browser.get(f"/{kind}", params={"consumer": "nobody"}).status_code == 404


@pytest.mark.parametrize("path", ["/keys/nothing/revoke", "/tokens/nothing/revoke", "/signing-keys/nothing/retire"])
def test_what_is_not_there_can_not_be_ended(browser: Browser, path: str) -> None:
    assert browser.post(path).status_code == 404


def test_a_signing_key_is_replaced_and_the_old_one_retired(browser: Browser, engine: str) -> None:
    headers = {**XAPI, "Authorization": f"Bearer {browser.post('/tokens', {'consumer': engine}).json()['token']}"}
    (before,) = browser.json("/signing-keys")["items"]
    assert before["state"] == "signs"
    rotated = browser.post("/signing-keys", {})
    assert rotated.status_code == 201
    assert [one["state"] for one in rotated.json()["items"]] == ["signs", "verifies"]
    assert status(browser, headers) == 200
    assert browser.post(f"/signing-keys/{before['kid']}/retire").json()["state"] == "retired"
    assert status(browser, headers) == 401
    signs = rotated.json()["items"][0]["kid"]
    assert browser.post(f"/signing-keys/{signs}/retire").status_code == 409
