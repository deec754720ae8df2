"""Tokens, keys and secrets that are not what they seem, at every door: all end in 401, and nothing is told of why."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from lrs.cli.register import register
from tests.auth.forge import b64, encoded, forged, parts_of, private_key
from tests.hardening.conftest import Target, refused
from tests.hardening.wire import handshake, wire
from tests.samples import statement
from tests.system.access import STATEMENTS, add_consumer, key_of, token_for, token_of

STREAM = "/xapi/stream"
OBJECTS = b'{"a":' * 300
REFUSALS = ("the token is not valid", "the credential is not valid", "the token is for ")
"""The last one is told only to those who have a token that this server did sign."""


class Forge:
    """What an attacker who has stolen the signing key could make of a good token."""

    def __init__(self, target: Target) -> None:
        self.header, self.claims = parts_of(target.token)
        with register(target.server.data) as room:
            self.key = private_key(room.consumers.signing_keys()[0])

    def signed(self, header: dict[str, Any] | bytes | None = None, **claims: Any) -> str:
        return forged(self.header if header is None else header, self.claims | claims, self.key)

    def without(self, claim: str) -> str:
        return forged(self.header, {name: value for name, value in self.claims.items() if name != claim}, self.key)

    def signed_bytes(self, old: bytes, new: bytes) -> str:
        """The claims as bytes, with one part replaced by what json.dumps would not write."""
        claims = json.dumps(self.claims).encode()
        assert old in claims
        return forged(self.header, claims.replace(old, new), self.key)

    def unsigned(self, alg: str) -> str:
        return f"{encoded(self.header | {'alg': alg})}.{encoded(self.claims)}."

    def hmac(self, alg: str, secret: bytes) -> str:
        signed = f"{encoded(self.header | {'alg': alg})}.{encoded(self.claims)}"
        return f"{signed}.{b64(hmac.digest(secret, signed.encode(), hashlib.sha256))}"

    def public(self, encoding: serialization.Encoding) -> bytes:
        return self.key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture(scope="module")
def forge(target: Target) -> Forge:
    return Forge(target)


def denied_everywhere(target: Target, header: str) -> None:
    """Nobody gets in with this ``Authorization``: not to read, not to write, not to the stream."""
    headers = {"X-Experience-API-Version": "1.0.3", "Authorization": header}
    for method in "GET", "POST":
        answer = target.anonymous(method, json=statement() if method == "POST" else None, headers=headers)
        assert refused(answer, 401) == "invalid_token"
        assert answer.json()["detail"].startswith(REFUSALS), answer.json()
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    with wire(target.port) as made:
        made.send(handshake(STREAM, {"Authorization": header}))
        assert made.status() == 401


def test_what_is_forged_here_is_otherwise_good(target: Target, forge: Forge) -> None:
    """Otherwise the refusals below would prove nothing."""
    answer = target.anonymous(
        "GET", headers={"X-Experience-API-Version": "1.0.3", "Authorization": f"Bearer {forge.signed()}"}
    )
    assert answer.status_code == 200


FORGERIES: dict[str, Callable[[Forge], str]] = {
    "alg none": lambda f: f.unsigned("none"),
    "alg NONE": lambda f: f.unsigned("NONE"),
    "no signature": lambda f: f.unsigned("ES256"),
    "the public key as an HMAC secret, PEM": lambda f: f.hmac("HS256", f.public(serialization.Encoding.PEM)),
    "the public key as an HMAC secret, DER": lambda f: f.hmac("HS256", f.public(serialization.Encoding.DER)),
    "the same under ES256": lambda f: f.hmac("ES256", f.public(serialization.Encoding.DER)),
    "an HMAC secret of no byte": lambda f: f.hmac("HS256", b""),
    "another key": lambda f: forged(f.header, f.claims, ec.generate_private_key(ec.SECP256R1())),
    "an algorithm that is a part of the right one": lambda f: f.signed(f.header | {"alg": "ES"}),
    "no exp": lambda f: f.without("exp"),
    "no aud": lambda f: f.without("aud"),
    "no iss": lambda f: f.without("iss"),
    "no jti": lambda f: f.without("jti"),
    "no scope": lambda f: f.without("scope"),
    "no course limit": lambda f: f.without("authorization_details"),
    "another aud": lambda f: f.signed(aud="https://other.example/xapi"),
    "several aud": lambda f: f.signed(aud=[f.claims["aud"], "https://other.example/xapi"]),
    "another iss": lambda f: f.signed(iss="https://evil.example"),
    "another sub": lambda f: f.signed(sub="engine", client_id="engine"),
    "a wider scope": lambda f: f.signed(scope="all admin"),
    "a later exp": lambda f: f.signed(exp=f.claims["exp"] + 1),
    "exp Infinity": lambda f: f.signed_bytes(b'"exp": %d' % f.claims["exp"], b'"exp": Infinity'),
    "exp 1e400": lambda f: f.signed_bytes(b'"exp": %d' % f.claims["exp"], b'"exp": 1e400'),
    "exp of 5,000 digits": lambda f: f.signed_bytes(b'"exp": %d' % f.claims["exp"], b'"exp": ' + b"9" * 5_000),
    "exp in a string": lambda f: f.signed(exp=str(f.claims["exp"])),
    "nbf": lambda f: f.signed(nbf=0),
    "unknown crit": lambda f: f.signed(f.header | {"crit": ["exp"]}),
    "jku": lambda f: f.signed(f.header | {"jku": "http://127.0.0.1:9/keys"}),
    "x5u": lambda f: f.signed(f.header | {"x5u": "http://127.0.0.1:9/cert"}),
    "jwk": lambda f: f.signed(f.header | {"jwk": {"kty": "EC"}}),
    "typ JWT": lambda f: f.signed(f.header | {"typ": "JWT"}),
    "no typ": lambda f: f.signed({name: value for name, value in f.header.items() if name != "typ"}),
    "kid with a path": lambda f: f.signed(f.header | {"kid": "../../../../dev/null"}),
    "kid with SQL": lambda f: f.signed(f.header | {"kid": "' OR 1=1 --"}),
    "a header that says two things": lambda f: f.signed(b'{"alg":"none",' + json.dumps(f.header).encode()[1:]),
    "a body that says two things": lambda f: f.signed_bytes(b'{"iss"', b'{"scope": "all", "iss"'),
    "a header of 1,000 brackets": lambda f: f"{b64(b'[' * 1_000)}.{encoded(f.claims)}.AA",
    "a header of 1,000 objects": lambda f: f"{b64(OBJECTS)}.{encoded(f.claims)}.AA",
    "a signed body of 2,000 brackets": lambda f: f.signed_bytes(b'{"iss"', b'{"x": ' + b"[" * 2_000 + b', "iss"'),
    "three empty parts": lambda f: "..",
    "five parts": lambda f: "a.b.c.d.e",
    "no base64": lambda f: "!!!.???.###",
    "a signed list": lambda f: forged(f.header, b"[]", f.key),
    "8 KiB and more": lambda f: f.signed(padding="x" * 8_192),
    "60 KiB": lambda f: "x" * 60_000,
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_token(target: Target, forge: Forge, name: str) -> None:
    """One way to forge a token, most of them with the stolen signing key."""
    denied_everywhere(target, f"Bearer {FORGERIES[name](forge)}")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Basic",
        "Bearer  ",
        "Digest username=honest",
        "{token}",
        "bearer: {token}",
        "Bearer {token},{token}",
        "Bearer {token} {token}",
        "Bearer {token}\t",
        "Bearer\t{token}",
        "Basic {token}",
        'Bearer "{token}"',
        "Bearer {token}\u00e9",
        "Bearer " + "\u00ff" * 100,
    ],
)
def test_a_token_in_another_dress(target: Target, header: str) -> None:
    """Two readers of a lenient header may find two different credentials."""
    raw = header.format(token=target.token).encode("latin-1")
    with wire(target.port) as made:
        made.send(
            b"GET %b HTTP/1.1\r\nHost: lrs\r\nX-Experience-API-Version: 1.0.3\r\nAuthorization: %b\r\n\r\n"
            % (STATEMENTS.encode(), raw)
        )
        assert made.status() in (400, 401)


def test_two_credentials(target: Target) -> None:
    """A proxy checks the first header, and the server takes the second."""
    with wire(target.port) as made:
        both = b"Authorization: Bearer %b\r\n" % target.token.encode() + b"Authorization: Bearer x\r\n"
        made.send(
            b"GET %b HTTP/1.1\r\nHost: lrs\r\nX-Experience-API-Version: 1.0.3\r\n%b\r\n" % (STATEMENTS.encode(), both)
        )
        assert made.status() == 401


@pytest.mark.parametrize("name", ["access_token", "token", "authorization", "Authorization", "bearer"])
def test_a_token_in_the_query_string(target: Target, name: str) -> None:
    """Query strings end up in logs and in Referer headers: a token there counts for nothing (RFC 6750 2.3)."""
    query = f"{name}={quote(target.token)}"
    answer = target.anonymous("GET", f"{STATEMENTS}?{query}", headers={"X-Experience-API-Version": "1.0.3"})
    assert refused(answer, 400, 401)
    with wire(target.port) as made:
        made.send(handshake(f"{STREAM}?{query}"))
        made.until(b"\r\n\r\n")
        assert made.close_code() == 4502
    assert target.token not in target.server.output


def test_a_token_in_a_cookie_or_a_form(target: Target) -> None:
    """Cookies are sent by browsers without being asked; forms come from any page."""
    headers = {
        "X-Experience-API-Version": "1.0.3",
        "Cookie": f"token={target.token}; Authorization=Bearer {target.token}",
    }
    assert refused(target.anonymous("GET", headers=headers), 401) == "invalid_token"
    form = {"Content-Type": "application/x-www-form-urlencoded", "X-Experience-API-Version": "1.0.3"}
    answer = target.anonymous("POST", content=f"access_token={target.token}", headers=form)
    assert refused(answer, 401) == "invalid_token"


def test_a_revoked_token(target: Target) -> None:
    """Use it a moment after it was revoked by another process, although it was just remembered as good."""
    token = token_for(target.server, "revoked", "all")
    headers = {"X-Experience-API-Version": "1.0.3", "Authorization": f"Bearer {token}"}
    assert target.anonymous("GET", headers=headers).status_code == 200
    with register(target.server.data) as room:
        room.administration.consumers.revoke_token(room.actor, token)
    assert refused(target.anonymous("GET", headers=headers), 401) == "token_revoked"


def test_a_token_and_a_key_of_a_disabled_consumer(target: Target) -> None:
    """The consumer is disabled, its credentials are not."""
    add_consumer(target.server, "disabled", "all")
    token, (key, secret) = token_of(target.server, "disabled"), key_of(target.server, "disabled")
    target.server.run("consumer", "disable", "disabled")
    for header in f"Bearer {token}", basic(f"{key}:{secret}".encode()):
        answer = target.anonymous("GET", headers={"X-Experience-API-Version": "1.0.3", "Authorization": header})
        assert refused(answer, 401) == "token_revoked"


def basic(pair: bytes) -> str:
    return f"Basic {base64.b64encode(pair).decode()}"


@pytest.mark.parametrize(
    "pair",
    [
        b"{key}",
        b"{key}:",
        b":{secret}",
        b":",
        b"{key}:{secret}x",
        b"{key}:{secret}\x00",
        b"{key}\x00:{secret}",
        b"{key}:\x00{secret}",
        b" {key}:{secret}",
        b"{key}:{secret}\n",
        b"{KEY}:{secret}",
        b"{key}:\xff\xfe",
        b"\xff:{secret}",
        b"{key}' OR '1'='1:{secret}",
        b"%:{secret}",
        b"{key}::{secret}",
        b"x" * 50_000 + b":y",
        b":" * 5_000,
    ],
)
def test_a_pair_that_is_not_the_right_one(target: Target, pair: bytes) -> None:
    """No colon, NUL, blanks, other bytes, SQL, wildcards, too much of it: no key is found, or its secret is wrong."""
    key, secret = (part.encode() for part in target.key)
    given = pair.replace(b"{key}", key).replace(b"{KEY}", key.upper()).replace(b"{secret}", secret)
    denied_everywhere(target, basic(given))


@pytest.mark.parametrize("alter", ["={}", "{}!", "!{}", "{} x", "-{}", "{}\u00e9", "_{}", "{}\x00"])
def test_base64_that_is_none(target: Target, alter: str) -> None:
    """Lenient decoders skip what they do not know, so that one pair has many spellings."""
    good = base64.b64encode(":".join(target.key).encode()).decode().rstrip("=")
    raw = f"Basic {alter.format(good)}".encode("latin-1")
    with wire(target.port) as made:
        made.send(
            b"GET %b HTTP/1.1\r\nHost: lrs\r\nX-Experience-API-Version: 1.0.3\r\nAuthorization: %b\r\n\r\n"
            % (STATEMENTS.encode(), raw)
        )
        assert made.status() in (400, 401)


def test_an_unknown_key_and_a_wrong_secret_are_answered_alike(target: Target) -> None:
    """Learn which keys exist."""
    key, secret = target.key
    answers = [
        target.anonymous("GET", headers={"X-Experience-API-Version": "1.0.3", "Authorization": basic(pair.encode())})
        for pair in (f"{key}:wrong", f"{'a' * len(key)}:{secret}")
    ]
    assert answers[0].content == answers[1].content
    challenges = [answer.headers.get_list("www-authenticate") for answer in answers]
    assert challenges[0] == challenges[1]


def test_guessing_many_secrets(target: Target) -> None:
    """Fill the memory of what was proven, with what was not."""
    key, _ = target.key
    headers = {"X-Experience-API-Version": "1.0.3"}
    for number in range(100):
        answer = target.anonymous("GET", headers=headers | {"Authorization": basic(f"{key}:{number}".encode())})
        assert answer.status_code == 401
