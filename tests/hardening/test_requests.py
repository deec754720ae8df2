"""Request lines, paths, headers and methods that mean to confuse."""

from __future__ import annotations

import socket
from contextlib import ExitStack

import pytest

from tests.hardening.conftest import Target
from tests.hardening.wire import head, wire
from tests.system.access import STATEMENTS


def statuses(target: Target, request: bytes) -> int:
    with wire(target.port) as made:
        made.send(request)
        return made.status()


@pytest.mark.parametrize(
    "path",
    [
        "/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        "/..%5c..%5cetc",
        "/%252e%252e/etc/passwd",
        "/style.css/../../pyproject.toml",
        "/style.css%2f..%2f..%2fpyproject.toml",
        "/style.css%00.html",
        "//etc/passwd",
        "/lrs.sqlite3",
        "/data/lrs.sqlite3",
        "/.git/config",
        "/.env",
        "/xapi/../xapi/statements",
        "/xapi/%00",
        "/xapi/%ff%fe",
        "/xapi/%zz",
        "/xapi/statements%2f",
        "/xapi/statements;x=1",
        "/xapi/statements/",
        "/xapi//statements",
        "/XAPI/STATEMENTS",
        "/xapi/" + "a/" * 5_000,
        "/xapi/" + "%41" * 5_000,
        "*",
    ],
)
def test_a_path_that_leads_elsewhere(target: Target, path: str) -> None:
    """Leave the folder of the pages, or reach a resource by a spelling that a proxy does not know.

    Nor is anybody sent elsewhere: a redirect would be made of the Host header.
    """
    assert statuses(target, head(f"GET {path} HTTP/1.1", target.headers)) in (400, 404)


@pytest.mark.parametrize(
    "request_",
    [
        b"",
        b"\r\n\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET  HTTP/1.1\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTX/1.1\r\n\r\n",
        b"G\x00T / HTTP/1.1\r\n\r\n",
        b"get / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET / HTTP/1.1\r\n: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-A: b\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-A: b\x00c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-A: b\rX-B: c\r\n\r\n",
        b"GET / HTTP/1.1\nHost: x\n\n",
        b"GET http:// HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT evil.example:80 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100,
        b"\x00" * 1_000,
        b"\xff" * 1_000,
        b"A" * 100_000,
    ],
)
def test_what_is_no_request(target: Target, request_: bytes) -> None:
    """Broken lines, other protocols, noise (RFC 9112): a 400, or silence until the connection ends."""
    with wire(target.port) as made:
        made.send(request_)
        made.end_sending()
        assert made.status() in (0, 400, 405, 431)


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "TRACE", "OPTIONS", "PROPFIND", "PURGE", "LINK"])
def test_another_method(target: Target, method: str) -> None:
    """Methods that are not there; TRACE would send the credential back."""
    with wire(target.port) as made:
        made.send(head(f"{method} {STATEMENTS} HTTP/1.1", target.headers | {"Connection": "close"}))
        answer = made.rest()
    assert answer.startswith(b"HTTP/1.1 405 ")
    assert target.token.encode() not in answer


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"])
def test_a_header_that_overrides_the_method(target: Target, header: str) -> None:
    """Turn a GET, which a proxy lets pass, into a DELETE."""
    answer = target.request("GET", params={"limit": 1}, headers={header: "DELETE"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "value", ["1.0.3\r\nX-Injected: 1", "%0d%0aX-Injected:%201", "1.0.3\u0085X-Injected: 1", "9.9", "", "1" * 10_000]
)
def test_a_header_that_comes_back(target: Target, value: str) -> None:
    """Split the answer by a value that the server repeats: it answers with a version of its own."""
    with wire(target.port) as made:
        asked = {name: one for name, one in target.headers.items() if name != "X-Experience-API-Version"}
        made.send(head(f"GET {STATEMENTS}?limit=1 HTTP/1.1", asked | {"X-Experience-API-Version": value}))
        answer = made.until(b"\r\n\r\n").lower()
    assert b"\r\nx-injected" not in answer
    assert b"\r\nx-experience-api-version: 1.0.3\r\n" in answer or b"\r\nx-experience-api-version: 2.0.0\r\n" in answer


def test_the_hosts_and_addresses_that_a_client_claims(target: Target) -> None:
    """Poison what is made of Host or X-Forwarded-For: nothing is. Paths of pages are relative to the server."""
    claimed = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-For": "127.0.0.1"}
    answer = target.request("GET", params={"limit": 1}, headers=claimed)
    assert answer.status_code == 200
    assert "evil.example" not in answer.text + str(answer.headers)


def test_a_thousand_parameters(target: Target) -> None:
    """More than anybody needs, each refused by its name."""
    assert target.request("GET", params={f"x{number}": "1" for number in range(1_000)}).status_code == 400


def test_a_query_string_over_the_limit(target: Target) -> None:
    """Seventeen kilobytes, which would be parsed before anybody is asked who they are."""
    assert target.anonymous("GET", f"{STATEMENTS}?verb={'x' * 17_000}", headers=target.headers).status_code == 413


def test_an_accept_language_without_end(target: Target) -> None:
    """Ten thousand ranges to be sorted for each display of each statement."""
    header = ",".join(f"x{number};q=0.{number % 10}" for number in range(10_000))
    answer = target.request("GET", params={"format": "canonical"}, headers={"Accept-Language": header})
    assert answer.status_code in (200, 400, 431)


def test_requests_from_other_origins(target: Target) -> None:
    """A page of another origin may not read answers, and cookies are never looked at."""
    answer = target.request("GET", params={"limit": 1}, headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers
    assert "set-cookie" not in answer.headers


def test_five_hundred_connections_that_say_nothing(target: Target) -> None:
    """Hold sockets open; others are served all the same."""
    with ExitStack() as stack:
        for _ in range(500):
            stack.enter_context(socket.create_connection(("127.0.0.1", target.port)))
        assert target.request("GET", params={"limit": 1}).status_code == 200


def test_a_thousand_requests_at_once_on_one_connection(target: Target) -> None:
    """Pipelining: they are answered one after the other, in order."""
    with wire(target.port) as made:
        made.send(head("GET /xapi/about HTTP/1.1") * 999 + head("GET /nowhere HTTP/1.1"))
        assert [made.status() for _ in range(1_000)] == [200] * 999 + [404]
