"""The endpoints of OAuth, which anybody may ask: forms, clients and tokens that are not what they should be."""

from __future__ import annotations

from urllib.parse import urlencode

import httpx
import pytest

from tests.auth.forge import b64, encoded
from tests.hardening.conftest import Target
from tests.hardening.wire import wire
from tests.system.access import authorization

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ENDPOINTS = ("/oauth/token", "/oauth/revoke", "/oauth/introspect")


def refused(answer: httpx.Response, *statuses: int) -> str:
    """``answer`` is one of ``statuses`` in the form of RFC 6749 5.2, kept by nobody; returns its word."""
    assert answer.status_code in statuses, (answer.status_code, answer.text[:500])
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json().keys() == {"error", "error_description"}
    assert len(answer.content) < 4 * 1024, "the answer is larger than it need be"
    word: str = answer.json()["error"]
    return word


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"%ff=%fe",
        b"=&=&=",
        b"&" * 1_500,
        b"a=b&" * 1_500,
        b"grant_type=client_credentials&" * 2,
        b"token=" + b"x" * 30_000,
        b"grant_type[]=client_credentials",
        b'{"grant_type":"client_credentials"}',
        b"grant_type=client_credentials%00&token=%00",
    ],
    ids=lambda body: body[:24],
)
def test_a_form_that_is_none(target: Target, path: str, body: bytes) -> None:
    """Bytes, NUL, thousands of fields, JSON: from a stranger, and from a client that is known."""
    assert refused(target.anonymous("POST", path, content=body, headers=FORM), 400, 401)
    with_key = target.anonymous("POST", path, content=body, headers=FORM | basic(target))
    if with_key.status_code != 200:
        assert refused(with_key, 400)


@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_form_that_is_too_large_is_refused_before_it_is_read(target: Target, path: str) -> None:
    """Announced, and come as it may."""
    refused(target.anonymous("POST", path, content=b"x" * 10_000_000, headers=FORM), 413)
    pieces = (b"x" * 1_024 for _ in range(100))
    refused(target.anonymous("POST", path, content=pieces, headers=FORM), 413)


def test_a_form_that_never_ends_coming(target: Target) -> None:
    """A byte, and then nothing: the server does not wait for ever."""
    with wire(target.port) as made:
        made.send(
            b"POST /oauth/token HTTP/1.1\r\nHost: lrs\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: 100\r\n\r\ng"
        )
        assert made.status() == 400


@pytest.mark.parametrize(
    "token",
    [
        "..",
        "a.b.c",
        f"{b64(b'[' * 1_000)}.{encoded({})}.AA",
        f"{encoded({'alg': 'none', 'typ': 'at+jwt', 'kid': 'x'})}.{encoded({'iss': 'https://evil.example'})}.",
        "' OR 1=1 --",
        "\x00",
        "ä" * 100,
        "x" * 20_000,
    ],
    ids=lambda token: token[:20],
)
def test_a_token_that_is_none(target: Target, token: str) -> None:
    """It is inactive, and revoking it does nothing."""
    form = {"token": token}
    looked = target.anonymous("POST", "/oauth/introspect", data=form, headers=basic(target))
    assert looked.json() == {"active": False}
    assert target.anonymous("POST", "/oauth/revoke", data=form, headers=basic(target)).status_code == 200


def test_guessing_secrets(target: Target) -> None:
    """After a while nothing more is looked at; tokens and requests of the honest client go on."""
    _, secret = target.key
    words = [
        refused(
            target.anonymous(
                "POST",
                "/oauth/token",
                data={"grant_type": "client_credentials", "client_id": "a" * 16, "client_secret": str(number)},
            ),
            401,
            429,
        )
        for number in range(30)
    ]
    assert (words[0], words[-1]) == ("invalid_client", "temporarily_unavailable")
    assert secret not in target.server.output
    given = target.anonymous("POST", "/oauth/token", data={"grant_type": "client_credentials"}, headers=basic(target))
    assert given.status_code == 200
    assert given.json()["access_token"] not in target.server.output


def test_credentials_in_the_query_string(target: Target) -> None:
    """Query strings end up in logs and in Referer headers (RFC 6749 2.3.1)."""
    key, secret = target.key
    query = urlencode({"grant_type": "client_credentials", "client_id": key, "client_secret": secret})
    refused(target.anonymous("POST", f"/oauth/token?{query}", headers=FORM), 400, 401)
    assert target.anonymous("GET", f"/oauth/token?{query}").status_code == 405
    assert secret not in target.server.output


def basic(target: Target) -> dict[str, str]:
    """The honest client, as it authenticates."""
    return authorization(target.key)
