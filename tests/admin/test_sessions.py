"""Logging in and out."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import pytest
from argon2 import PasswordHasher, extract_parameters

from lrs.admin.passwords import hashed
from lrs.admin.service.accounts import PAGES
from lrs.clock import SystemClock
from tests.admin.desk import PASSWORD, Browser, Program, acts, administered, administration_of, logged_in
from tests.door.client import serving


def test_the_cookie_is_for_the_api_alone_and_for_no_script(browser: Browser) -> None:
    answer = browser.post("/session", {"name": "admin", "password": PASSWORD})
    assert answer.status_code == 201
    parts = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/admin", "max-age=43200"} <= parts
    assert "secure" not in parts
    assert browser.cookie
    assert browser.cookie not in answer.text


def test_the_cookie_is_secure_where_clients_come_by_tls(tmp_path: Path) -> None:
    with administered(tmp_path, public_url="https://lrs.example") as browser:
        answer = browser.post("/session", {"name": "admin", "password": PASSWORD})
        assert "; secure" in answer.headers["set-cookie"].lower()


def test_who_is_asking_is_told(browser: Browser, program: Program) -> None:
    session = browser.json("/session")
    assert (session["kind"], session["name"], session["idle_s"]) == ("administrator", "admin", 1800)
    assert session["started_at"] < session["expires_at"]
    assert program.json("/session")["kind"] == "consumer"


def test_logging_out_ends_the_session_at_once(browser: Browser) -> None:
    secret = browser.cookie
    answer = browser.delete("/session")
    assert answer.status_code == 204
    assert "max-age=0" in answer.headers["set-cookie"].lower()
    browser.cookie = secret
    assert browser.get("/session").status_code == 401


def test_logging_in_makes_a_new_session_and_ends_the_one_before(browser: Browser) -> None:
    """Nobody can plant a session that somebody else then logs in to."""
    before = browser.cookie
    browser.post("/session", {"name": "admin", "password": PASSWORD})
    assert browser.cookie != before
    after, browser.cookie = browser.cookie, before
    assert browser.get("/session").status_code == 401
    browser.cookie = "planted-by-somebody"
    browser.post("/session", {"name": "admin", "password": PASSWORD})
    assert browser.cookie not in ("planted-by-somebody", after)


def test_an_unknown_name_and_a_wrong_password_have_one_answer(browser: Browser) -> None:
    wrong = browser.post("/session", {"name": "admin", "password": "not the password"})
    unknown = browser.post("/session", {"name": "nobody", "password": "not the password"})
    assert (wrong.status_code, wrong.content) == (unknown.status_code, unknown.content)
    assert wrong.status_code == 401
    assert "set-cookie" not in wrong.headers


@pytest.mark.parametrize("name", ["admin", "nobody"])
def test_an_unknown_name_costs_the_work_of_a_known_one(browser: Browser, name: str) -> None:
    """Both verify one hash of the same cost; without that, the time would tell which names there are."""
    parameters = []
    verify = PasswordHasher.verify

    def counted(hasher: PasswordHasher, stored: str, password: str) -> bool:
        parameters.append(extract_parameters(stored))
        return verify(hasher, stored, password)

    with patch.object(PasswordHasher, "verify", counted):
        assert browser.post("/session", {"name": name, "password": "not the password"}).status_code == 401
    assert parameters == [extract_parameters(hashed("any other password"))]


def test_attempts_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Otherwise a slow machine would be allowed another one before the last.
    monkeypatch.setattr(SystemClock, "monotonic_s", lambda _: 1.0)
    with administered(tmp_path) as browser:
        answers = [browser.post("/session", {"name": f"n{n}", "password": "x"}) for n in range(10)]
        assert [answer.status_code for answer in answers][:9] == [401] * 9
        refused = browser.post("/session", {"name": "admin", "password": PASSWORD})
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 6
        assert browser.get("/session").status_code == 200


def test_a_link_is_good_once(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        link = administration_of(server).accounts.first_link()
        assert link is not None
        browser = Browser(server)
        assert browser.post("/password-link", {"link": link.secret, "password": "short"}).status_code == 400
        assert browser.post("/password-link", {"link": "x", "password": PASSWORD}).status_code == 401
        assert browser.post("/password-link", {"link": link.secret, "password": PASSWORD}).status_code == 201
        assert browser.post("/password-link", {"link": link.secret, "password": PASSWORD}).status_code == 401
        assert administration_of(server).accounts.first_link() is None


def test_a_new_password_ends_the_other_sessions(browser: Browser) -> None:
    other = logged_in(browser.server)
    new = "another horse, another battery"
    wrong = browser.request("PUT", "/session/password", json={"current": "x", "password": new})
    assert wrong.status_code == 401
    body = {"current": PASSWORD, "password": new}
    assert browser.request("PUT", "/session/password", json=body).status_code == 204
    assert browser.get("/session").status_code == 200
    assert other.get("/session").status_code == 401
    assert other.post("/session", {"name": "admin", "password": PASSWORD}).status_code == 401
    assert other.post("/session", {"name": "admin", "password": new}).status_code == 201


def test_administrators_are_made_linked_and_removed(browser: Browser) -> None:
    made = browser.post("/administrators", {"name": "anna"})
    assert made.status_code == 201
    assert made.json()["link"].startswith("http://localhost:8080/admin/password#")
    first = made.json()["link"].partition("#")[2]
    second = browser.post("/administrators/anna/link").json()["link"].partition("#")[2]
    anna = Browser(browser.server)
    assert anna.post("/password-link", {"link": first, "password": PASSWORD}).status_code == 401
    assert anna.post("/password-link", {"link": second, "password": PASSWORD}).status_code == 201
    assert [one["name"] for one in browser.json("/administrators")["items"]] == ["admin", "anna"]
    assert anna.delete("/administrators/admin").status_code == 204
    assert browser.get("/session").status_code == 401
    assert anna.delete("/administrators/anna").status_code == 409
    assert anna.delete("/administrators/nobody").status_code == 404
    assert anna.post("/administrators", {"name": "Anna"}).status_code == 400


def test_a_stream_token_reads_everything_and_ends_with_the_session(browser: Browser) -> None:
    issued = [browser.post("/session/stream-token").json() for _ in range(2)]
    assert issued[0]["scopes"] == ["statements/read", "stream"]
    sent = {"Authorization": f"Bearer {issued[1]['token']}", "X-Experience-API-Version": "1.0.3"}
    assert browser.server.request("GET", "/xapi/statements", headers=sent).status_code == 200
    assert Browser(browser.server).get("/consumers", headers=sent).status_code == 403
    assert browser.delete("/session").status_code == 204
    assert browser.server.request("GET", "/xapi/statements", headers=sent).status_code == 401
    again = logged_in(browser.server)
    assert acts(again, act="session.stream") == ["session.stream"]
    assert [one["name"] for one in again.json("/consumers")["items"]] == [PAGES]


def test_programs_have_no_session(program: Program) -> None:
    assert program.post("/session/stream-token").status_code == 403
    assert program.delete("/session").status_code == 403
    body = {"current": PASSWORD, "password": PASSWORD}
    assert program.request("PUT", "/session/password", json=body).status_code == 403
