"""Credentials in HTTP: headers in, challenges out."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from lrs.auth.authenticate import Authenticator
from lrs.auth.http import authenticate, authorization, challenges
from lrs.auth.issue import Issuer
from lrs.errors import Conflict, Forbidden, InsufficientScope, TokenExpired, Unauthenticated


def test_the_header_is_found_whatever_its_case() -> None:
    assert authorization(Headers({"AUTHORIZATION": "Bearer x"})) == "Bearer x"
    assert authorization(Headers({})) is None


def test_two_authorization_headers_are_refused() -> None:
    """A proxy that checks the first, and a server that takes the last."""
    with pytest.raises(Unauthenticated):
        authorization(Headers(raw=[(b"authorization", b"Bearer a"), (b"authorization", b"Bearer b")]))


def test_a_request_is_authenticated_by_its_header(authenticator: Authenticator, issuer: Issuer) -> None:
    issuer.add_consumer("engine")
    headers = Headers({"authorization": f"Bearer {issuer.issue_token('engine').token}"})
    assert authenticate(headers, authenticator).consumer == "engine"


def test_a_request_without_a_credential_is_told_the_schemes_and_no_error() -> None:
    """RFC 6750 3.1."""
    assert challenges(Unauthenticated("none"), offered=False) == [
        ("WWW-Authenticate", 'Bearer realm="xapi"'),
        ("WWW-Authenticate", 'Basic realm="xapi", charset="UTF-8"'),
    ]


@pytest.mark.parametrize("error", [Unauthenticated("wrong"), TokenExpired("wrong")])
def test_a_wrong_credential_is_an_invalid_token(error: Unauthenticated) -> None:
    bearer, basic = challenges(error, offered=True)
    assert bearer[1] == 'Bearer realm="xapi", error="invalid_token", error_description="wrong"'
    assert basic[1].startswith("Basic ")


def test_a_missing_scope_is_named_in_the_challenge() -> None:
    """RFC 6750 3.1: insufficient_scope."""
    error = InsufficientScope("engine lacks the scope stream", scope="stream")
    (challenge,) = challenges(error, offered=True)
    assert challenge[1] == (
        'Bearer realm="xapi", error="insufficient_scope", '
        'error_description="engine lacks the scope stream", scope="stream"'
    )


@pytest.mark.parametrize("error", [Forbidden("no"), Conflict("no")])
def test_other_refusals_bring_no_challenge(error: Forbidden | Conflict) -> None:
    assert challenges(error, offered=True) == []


def test_a_description_can_neither_end_the_quotes_nor_the_header() -> None:
    """A consumer named ``x", scope="admin`` or with a line break."""
    error = InsufficientScope('x", a="b\\\r\nSet-Cookie: ä', scope="stream")
    (challenge,) = challenges(error, offered=True)
    assert 'error_description="x?, a=?b???Set-Cookie: ?"' in challenge[1]
