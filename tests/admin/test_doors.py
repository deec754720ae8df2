"""Who may use the API for administrators: every act asks, and other sites can't act for who is logged in."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.routing import Route

from lrs.admin.http.door import AdminResource
from lrs.admin.http.routes import _of_accounts, _of_consumers, _of_followers, _of_the_rest
from lrs.auth.disclosure import Disclosure
from tests.admin.desk import Browser, Program, administered
from tests.door.client import Client

EVERY = [
    (method, re.sub(r"\{\w+\}", "1", path))
    for table in (_of_accounts(), _of_consumers(), _of_followers(), _of_the_rest())
    for path, handlers in table.items()
    for method in handlers
]
BEFORE_LOGIN = [("POST", "/session"), ("POST", "/password-link")]
GUARDED = [one for one in EVERY if one not in BEFORE_LOGIN]
CHANGING = [one for one in GUARDED if one[0] != "GET"]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One server for all tests of this module, none of which changes anything."""
    folder: Path = tmp_path_factory.mktemp("admin")
    with administered(
        folder,
    ) as browser:
        yield browser


@pytest.fixture(scope="module")
def others(shared: Browser) -> dict[str, Client]:
    """Credentials that are good, but not for this."""
    issuer = shared.server.engine.issuer
    issuer.add_consumer("veiled", scopes=frozenset({"admin"}), disclosure=Disclosure.of("pseudonym"))
    key = issuer.add_key("veiled")
    basic = b64encode(f"{key.key}:{key.secret}".encode()).decode()
    return {
        "admin who sees pseudonyms": Client(shared.server, f"Basic {basic}", "1.0.3"),
        "all but admin": shared.server.client("everything", "all"),
        "admin of a course": shared.server.client("assistant", "admin", courses=("course-v1:MITx+*",)),
    }


def test_the_table_is_what_is_served(shared: Browser) -> None:
    served = {
        (method, re.sub(r"\{\w+\}", "1", route.path.removeprefix("/admin/api")))
        for route in shared.server._app.routes
        if isinstance(route, Route)
        and isinstance(route.endpoint, AdminResource)
        and route.include_in_schema
        and route.path.startswith("/admin/api")
        for method in route.endpoint.handlers
        if method != "HEAD"
    }
    assert served == set(EVERY)


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_nobody_comes_in_without_a_credential(shared: Browser, method: str, path: str) -> None:
    answer = shared.server.request(method, f"/admin/api{path}")
    assert answer.status_code == 401
    assert answer.json()["code"] == "login_refused"
    assert "Basic" not in answer.headers["www-authenticate"]
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("who", ["all but admin", "admin of a course", "admin who sees pseudonyms"])
@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_the_scope_admin_and_every_course_are_asked_for(
    shared: Browser, others: dict[str, Client], who: str, method: str, path: str
) -> None:
    answer = Program(others[who]).request(method, path, json={})
    assert answer.status_code == 403, answer.text


@pytest.mark.parametrize(("method", "path"), CHANGING)
@pytest.mark.parametrize(
    "headers",
    [
        {"X-LRS-CSRF": ""},
        {"X-LRS-CSRF": "0"},
        {"Origin": ""},
        {"Origin": "null"},
        {"Origin": "http://lrs.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
    ids=str,
)
def test_no_other_site_acts_for_who_is_logged_in(
    shared: Browser, headers: dict[str, str], method: str, path: str
) -> None:
    answer = shared.request(method, path, headers=headers, json={})
    assert answer.status_code == 403
    assert answer.json()["code"] == "forbidden"


@pytest.mark.parametrize(("method", "path"), BEFORE_LOGIN)
def test_no_other_site_logs_anybody_in(shared: Browser, method: str, path: str) -> None:
    answer = shared.request(method, path, headers={"Origin": "http://evil.example"}, json={})
    assert answer.status_code == 403


def test_allowed_origins_of_the_stream_do_not_count_here(tmp_path: Path) -> None:
    with administered(tmp_path, allowed_origins=("http://page.example",)) as browser:
        answer = browser.request("POST", "/consumers", headers={"Origin": "http://page.example"}, json={"name": "x"})
        assert answer.status_code == 403
        assert "access-control-allow-credentials" not in answer.headers


def test_a_header_counts_more_than_the_cookie(shared: Browser) -> None:
    """A program that sends a bad credential is not let in by a cookie that came along."""
    assert shared.get("/consumers", headers={"Authorization": "Bearer x"}).status_code == 401


@pytest.mark.parametrize("path", ["/xapi/statements", "/xapi/changes", "/xapi/stream"])
def test_the_cookie_counts_nowhere_else(shared: Browser, path: str) -> None:
    headers = {
        "Cookie": f"lrs_admin={shared.cookie}",
        "X-Experience-API-Version": "1.0.3",
        "Accept": "text/event-stream",
    }
    assert shared.server.request("GET", path, headers=headers).status_code == 401


def test_unknown_paths_and_methods_are_problems_too(shared: Browser) -> None:
    assert shared.get("/nothing").json()["code"] == "not_found"
    answer = shared.request("PUT", "/consumers")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, POST"
    assert answer.json()["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"{}", "text/plain", 415),
        (b"{}", "application/x-www-form-urlencoded", 415),
        (b"{", "application/json", 400),
        (b'{"name":"a","name":"b"}', "application/json", 400),
        (b"[" * 100, "application/json", 400),
        (b'{"name":"\xff"}', "application/json", 400),
        (b" " * 65_537, "application/json", 413),
    ],
)
def test_bodies_are_strict_and_bounded(shared: Browser, content: bytes, media_type: str, status: int) -> None:
    answer = shared.request("POST", "/consumers", content=content, headers={"Content-Type": media_type})
    assert answer.status_code == status


@pytest.mark.parametrize("path", [path for method, path in EVERY if method == "GET" and "1" not in path])
def test_unknown_parameters_are_refused(shared: Browser, path: str) -> None:
    assert shared.get(path, params={"unknown": "1"}).status_code == 400


@pytest.mark.parametrize("path", ["/consumers", "/keys", "/tokens", "/audit", "/requests", "/quarantine", "/cursors"])
@pytest.mark.parametrize(
    "parameters",
    [
        {"limit": "0"},
        {"limit": "501"},
        {"limit": "x"},
        {"limit": "-1"},
        {"after": "x"},
        {"after": "W10"},
        {"after": "WzFlMzAwXQ"},
        {"after": "bnVsbA"},
        {"after": "\u00e9"},
    ],
    ids=str,
)
def test_pages_that_can_not_be_are_refused(shared: Browser, path: str, parameters: dict[str, str]) -> None:
    assert shared.get(path, params=parameters).status_code == 400


def test_answers_are_kept_nowhere(shared: Browser) -> None:
    for answer in (shared.get("/consumers"), shared.get("/nothing"), shared.post("/consumers", {})):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_head_is_get_without_a_body(shared: Browser) -> None:
    answer = shared.request("HEAD", "/scopes")
    assert answer.status_code == 200
    assert answer.content == b""


@pytest.mark.parametrize(
    "cookie",
    [
        "lrs_admin=",
        "lrs_admin=x",
        "lrs_admin=" + "x" * 201,
        "lrs_admin=\u00e9",
        "lrs_admin=%00; lrs_admin=y",
        "lrs_admin",
        ";" * 1000,
        'lrs_admin="unterminated',
    ],
    ids=lambda cookie: cookie[:20],
)
def test_a_cookie_that_is_none_of_ours_is_no_session(shared: Browser, cookie: str) -> None:
    answer = shared.server.request("GET", "/admin/api/session", headers={"Cookie": cookie.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.json()["code"] == "login_refused"
