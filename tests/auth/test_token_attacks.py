"""Attacks on tokens, one test for each, the attack in its docstring. All end in one and the same refusal."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lrs.auth.authenticate import Authenticator
from lrs.auth.compact import REFUSAL
from lrs.auth.issue import Issuer
from lrs.auth.sqlite import SqliteConsumers
from lrs.clock import FixedClock
from lrs.errors import TokenExpired, TokenRevoked, Unauthenticated
from lrs.storage.sqlite import Store
from tests.auth.forge import b64, encoded, forged, parts_of, private_key, raw_signature

REQUIRED = ("iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope", "authorization_details")


@dataclass
class Target:
    """A server, a good token of it, and what an attacker who has the signing key could make of that."""

    authenticator: Authenticator
    token: str
    header: dict[str, Any]
    claims: dict[str, Any]
    key: ec.EllipticCurvePrivateKey

    def signed(self, **changes: Any) -> str:
        return forged(self.header, self.claims | changes, self.key)

    def with_header(self, **changes: Any) -> str:
        return forged(self.header | changes, self.claims, self.key)

    def refuses(self, token: str) -> None:
        with pytest.raises(Unauthenticated) as refusal:
            self.authenticator.principal_for_token(token)
        assert type(refusal.value) is Unauthenticated
        assert refusal.value.__cause__ is None


@pytest.fixture
def target(authenticator: Authenticator, consumers: SqliteConsumers, issuer: Issuer) -> Target:
    issuer.add_consumer("engine", scopes=frozenset({"stream"}))
    token = issuer.issue_token("engine").token
    return Target(authenticator, token, *parts_of(token), private_key(consumers.signing_keys()[0]))


def test_the_forge_makes_good_tokens_when_nothing_is_altered(target: Target) -> None:
    """Otherwise the refusals below would prove nothing."""
    assert target.authenticator.principal_for_token(target.signed()).consumer == "engine"


@pytest.mark.parametrize("claim", REQUIRED)
def test_a_required_claim_is_left_out(target: Target, claim: str) -> None:
    """Leave out ``aud`` to be accepted everywhere, ``exp`` to live forever, and so on (RFC 9068 2.2)."""
    del target.claims[claim]
    target.refuses(target.signed())


@pytest.mark.parametrize("claim", REQUIRED)
@pytest.mark.parametrize("value", [None, True, [], {}, "", -1, 1.5, ["engine"]], ids=repr)
def test_a_required_claim_is_of_another_type(target: Target, claim: str, value: object) -> None:
    """Confuse the reader of a claim with a type that it does not expect."""
    target.refuses(target.signed(**{claim: value}))


@pytest.mark.parametrize(
    "exp", [b"Infinity", b"1e400", b"NaN", b"9" * 30, b"9" * 5000, b"253402300800", b'"1900000000"', b"1900000000.5"]
)
def test_a_signed_expiry_is_no_second_of_a_calendar(target: Target, exp: bytes) -> None:
    """``exp: Infinity`` raises OverflowError in python-jose; numbers of over 4,300 digits raise ValueError in int."""
    claims = json.dumps(target.claims).encode().replace(str(target.claims["exp"]).encode(), exp)
    assert exp in claims
    target.refuses(forged(target.header, claims, target.key))


def test_the_expiry_is_signed_away(target: Target) -> None:
    """Use the signing key of a stolen backup to prolong a token: the row of the token does not agree."""
    target.refuses(target.signed(exp=target.claims["exp"] + 1))


@pytest.mark.parametrize(
    "changes",
    [
        {"scope": "stream all"},
        {"authorization_details": [{"type": "xapi", "courses": ["course-v1:a+b+c"]}]},
        {"sub": "other", "client_id": "other"},
        {"jti": "0" * 32},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_signed_token_says_something_else_than_its_row(target: Target, changes: dict[str, Any]) -> None:
    """Sign own claims with a stolen key: every token needs its row, and the row decides."""
    target.refuses(target.signed(**changes))


def test_the_subject_is_not_the_client(target: Target) -> None:
    """Pass for one consumer in a log and for another in the store."""
    target.refuses(target.signed(sub="admin"))


@pytest.mark.parametrize("scope", ["stream  all", " stream", "stream\nall", "root"])
def test_the_scope_is_malformed_or_unknown(target: Target, scope: str) -> None:
    """Slip a scope past a lenient splitter."""
    target.refuses(target.signed(scope=scope))


@pytest.mark.parametrize("changes", [{"iss": "https://evil.example"}, {"aud": "https://other.example/xapi"}])
def test_a_token_was_issued_for_someone_else(target: Target, changes: dict[str, Any]) -> None:
    """Replay a token of another server that shares the key (RFC 8725 3.9)."""
    target.refuses(target.signed(**changes))


def test_a_token_comes_from_the_future(target: Target) -> None:
    """Keep a token in reserve until an administrator no longer watches."""
    target.refuses(target.signed(iat=target.claims["iat"] + 3600))


def test_a_token_is_not_to_be_used_before_a_time(target: Target) -> None:
    """``nbf`` that a server does not know must not be skipped."""
    target.refuses(target.signed(nbf=target.claims["iat"] + 3600))


@pytest.mark.parametrize("typ", ["JWT", "jwt", "AT+JWT", "application/at+jwt", "id_token", "", None, 1])
def test_the_type_is_not_that_of_an_access_token(target: Target, typ: object) -> None:
    """Pass off an ID token or a logout token as an access token (RFC 8725 3.11, RFC 9068 4)."""
    target.refuses(target.with_header(typ=typ))


@pytest.mark.parametrize("member", ["alg", "typ", "kid"])
def test_the_header_leaves_out_a_member(target: Target, member: str) -> None:
    """Let the server fall back to some default."""
    del target.header[member]
    target.refuses(target.with_header())


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("crit", ["exp"]),
        ("crit", ["b64"]),
        ("b64", False),
        ("jku", "https://evil.example/keys"),
        ("x5u", "https://evil.example/cert"),
        ("x5c", ["MII"]),
        ("x5t", "abc"),
        ("zip", "DEF"),
        ("cty", "JWT"),
        ("enc", "A256GCM"),
    ],
)
def test_the_header_brings_a_member_that_would_change_the_rules(target: Target, member: str, value: object) -> None:
    """Make the server fetch a key, skip what it does not know, or inflate (RFC 7515 4.1, RFC 8725 3.10)."""
    target.refuses(target.with_header(**{member: value}))


def test_the_header_brings_its_own_key(target: Target) -> None:
    """Sign with an own key and enclose it as ``jwk`` (RFC 7515 4.1.3)."""
    own = ec.generate_private_key(ec.SECP256R1())
    numbers = own.public_key().public_numbers()
    jwk = {"kty": "EC", "crv": "P-256", "x": b64(numbers.x.to_bytes(32)), "y": b64(numbers.y.to_bytes(32))}
    target.refuses(forged(target.header | {"jwk": jwk}, target.claims, own))


def test_another_key_under_the_same_kid(target: Target) -> None:
    """Sign with an own key and name the server's."""
    target.refuses(forged(target.header, target.claims, ec.generate_private_key(ec.SECP256R1())))


@pytest.mark.parametrize("kid", ["", "../../etc/passwd", "' OR 1=1 --", "\x00", 0, None, ["a"], {"a": "b"}], ids=repr)
def test_the_kid_is_a_path_or_a_query(target: Target, kid: object) -> None:
    """Use ``kid`` to read a file or to inject SQL."""
    target.refuses(target.with_header(kid=kid))


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "", "ES", "ES384", "es256", "HS256", "RS256", None, ["ES256"]])
def test_the_header_chooses_another_algorithm(target: Target, alg: object) -> None:
    """No signature at all, part of a name, or any other algorithm that the library knows (RFC 8725 3.1)."""
    target.refuses(target.with_header(alg=alg))
    unsigned = f"{encoded(target.header | {'alg': alg})}.{encoded(target.claims)}."
    target.refuses(unsigned)


@pytest.mark.parametrize("encoding", [serialization.Encoding.PEM, serialization.Encoding.DER])
@pytest.mark.parametrize("alg", ["HS256", "ES256"])
def test_the_public_key_serves_as_an_hmac_secret(target: Target, encoding: serialization.Encoding, alg: str) -> None:
    """Sign with HMAC and the published key; python-jose accepts that for keys in DER (RFC 8725 2.1)."""
    public = target.key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
    signed = f"{encoded(target.header | {'alg': alg})}.{encoded(target.claims)}"
    target.refuses(f"{signed}.{b64(hmac.digest(public, signed.encode(), hashlib.sha256))}")


@pytest.mark.parametrize("secret", [b"", b"a", b"\x00"])
def test_a_short_hmac_secret(target: Target, secret: bytes) -> None:
    """Secrets of one byte are accepted by python-jose."""
    signed = f"{encoded(target.header | {'alg': 'HS256'})}.{encoded(target.claims)}"
    target.refuses(f"{signed}.{b64(hmac.digest(secret, signed.encode(), hashlib.sha256))}")


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_an_unsigned_header_of_nested_brackets(target: Target, opening: bytes) -> None:
    """1.3 KB, and python-jose raises RecursionError before any signature is looked at."""
    target.refuses(f"{b64(opening * 1000)}.e30.AA")
    target.refuses(f"{b64(opening * 80)}.e30.AA")


def test_a_signed_body_of_nested_brackets(target: Target) -> None:
    """The same, one step later, by someone who has the key."""
    body = json.dumps(target.claims)[:-1].encode() + b',"x":' + b"[" * 2000 + b"]" * 2000 + b"}"
    target.refuses(forged(target.header, body, target.key))


def test_a_header_that_says_two_things(target: Target) -> None:
    """Of two equal names one reader takes the first and another the last (RFC 8725 2.4)."""
    header = b'{"alg":"none",' + json.dumps(target.header).encode()[1:]
    target.refuses(forged(header, target.claims, target.key))


def test_a_body_that_says_two_things(target: Target) -> None:
    """The same for claims."""
    body = b'{"scope":"all",' + json.dumps(target.claims).encode()[1:]
    target.refuses(forged(target.header, body, target.key))


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"x"', b"1", b"\xff", b"\xef\xbb\xbf{}", b"{}"])
def test_a_signed_body_that_is_no_object_of_claims(target: Target, body: bytes) -> None:
    """Reach code that expects a mapping."""
    target.refuses(forged(target.header, body, target.key))


def test_a_body_is_changed_after_signing(target: Target) -> None:
    """Give oneself another scope."""
    header, _, signature = target.token.split(".")
    target.refuses(f"{header}.{encoded(target.claims | {'scope': 'all'})}.{signature}")


@pytest.mark.parametrize(
    "alter",
    [
        lambda h, c, s: f"{h}.{c}.",
        lambda h, c, s: f"{h}.{c}",
        lambda h, c, s: f"{h}..{s}",
        lambda h, c, s: f".{c}.{s}",
        lambda h, c, s: "..",
        lambda h, c, s: "",
        lambda h, c, s: f"{h}.{c}.{s}.",
        lambda h, c, s: f"{h}.{c}.{s}.{s}.{s}",
        lambda h, c, s: f"{h}.{c}.{s[:-1]}",
        lambda h, c, s: f"{h}.{c}.{s[:-4]}",
        lambda h, c, s: f"{h}.{c}.{s}AAAA",
        lambda h, c, s: f"{h}.{c}.{'A' * 86}",
    ],
)
def test_parts_of_a_token_are_missing_or_too_many(target: Target, alter: Callable[[str, str, str], str]) -> None:
    """Strip the signature, send a JWE of five parts, or cut off bytes."""
    target.refuses(alter(*target.token.split(".")))


@pytest.mark.parametrize(
    "alter",
    [
        lambda t: t + "=",
        lambda t: t + "\n",
        lambda t: " " + t,
        lambda t: t.replace(".", "=.", 1),
        lambda t: t[:20] + "\n" + t[20:],
        lambda t: t[:20] + "!" + t[20:],
        lambda t: t[:-1] + ("B" if t[-1] == "A" else chr(ord(t[-1]) + 1)),
        lambda t: t + "\u00e4",
        lambda t: t + "\ud800",
        lambda t: t + "\x00",
    ],
)
def test_a_token_is_spelled_in_another_way(target: Target, alter: Callable[[str], str]) -> None:
    """Evade a list of refused tokens by a second spelling; lenient base64 decoders skip what they do not know."""
    target.refuses(alter(target.token))


def test_a_signature_in_der(target: Target) -> None:
    """Another encoding of the same signature, which other libraries take."""
    signed, _, signature = target.token.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    target.refuses(f"{signed}.{b64(der)}")


def test_a_second_signature_for_the_same_words_does_not_survive_revocation(target: Target, issuer: Issuer) -> None:
    """ECDSA signatures can be turned into others without the key; what is revoked is the jti, not the text."""
    signed, _, signature = target.token.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    twin = f"{signed}.{b64(raw[:32] + (order - int.from_bytes(raw[32:])).to_bytes(32))}"
    assert twin != target.token
    target.authenticator.principal_for_token(twin)
    issuer.revoke_token(target.token)
    with pytest.raises(TokenRevoked):
        target.authenticator.principal_for_token(twin)


def test_a_token_that_is_too_long(target: Target) -> None:
    """Keep the server busy hashing and decoding."""
    target.refuses(target.signed(padding="x" * 8192))
    target.refuses("A" * 10_000_000)


def test_a_token_without_its_row(target: Target, store: Store) -> None:
    """Use a token that an administrator has deleted, or that a restored backup never knew."""
    with store.writing() as connection:
        connection.execute("DELETE FROM token")
    target.refuses(target.token)


def test_a_remembered_token_after_its_end(target: Target, clock: FixedClock) -> None:
    """Stay known as genuine and outlive the expiry."""
    target.authenticator.principal_for_token(target.token)
    clock.advance(31 * 86_400)
    with pytest.raises(TokenExpired):
        target.authenticator.principal_for_token(target.token)


def test_only_the_holder_of_a_genuine_token_learns_that_it_has_expired(target: Target, clock: FixedClock) -> None:
    """Probe with forged expiry dates."""
    clock.advance(31 * 86_400)
    target.refuses(forged(target.header, target.claims, ec.generate_private_key(ec.SECP256R1())))


def test_a_refusal_says_nothing_about_the_cause(target: Target) -> None:
    """Learn from messages how far a forgery got."""
    for token in ("", "a.b.c", target.with_header(typ="JWT"), target.signed(scope=1)):
        with pytest.raises(Unauthenticated) as refusal:
            target.authenticator.principal_for_token(token)
        assert refusal.value.message == REFUSAL


@given(token=st.one_of(st.text(max_size=60), st.from_regex(r"\A[\w-]{0,40}(\.[\w-]{0,40}){2}\Z", fullmatch=True)))
@hypothesis_settings(
    max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
def test_no_text_at_all_gets_another_answer(target: Target, token: str) -> None:
    """Throw anything at it."""
    target.refuses(token)


@given(header=st.binary(max_size=60), body=st.binary(max_size=60))
@hypothesis_settings(
    max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
def test_no_signed_bytes_get_another_answer(target: Target, header: bytes, body: bytes) -> None:
    """Throw anything at it, properly signed."""
    target.refuses(forged(header, body, target.key))
    target.refuses(forged(target.header, body, target.key))


def test_the_signature_really_is_checked_over_header_and_body(target: Target) -> None:
    """Take a valid signature over other bytes."""
    other = raw_signature(target.key, "something else")
    target.refuses(".".join([*target.token.split(".")[:2], b64(other)]))
