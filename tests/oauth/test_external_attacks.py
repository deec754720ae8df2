"""Attacks on tokens of other issuers, the attack in each docstring. All end in one and the same refusal."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lrs.auth.compact import REFUSAL
from lrs.auth.issue import Issuer
from lrs.auth.sqlite import SqliteConsumers
from lrs.clock import FixedClock
from lrs.config import Settings
from lrs.errors import IssuerUnavailable, Unauthenticated
from tests.auth.forge import b64, encoded, forged, parts_of, private_key
from tests.oauth.issuer import jwk_of, new_key, rsa_key, signed_token
from tests.oauth.trust import ISSUER, Trust

REQUIRED = ("iss", "sub", "aud", "exp", "iat", "client_id")


class Target(Trust):
    """The trusted issuer, and what an attacker makes of its tokens."""

    def refuses(self, token: str) -> None:
        with pytest.raises(Unauthenticated) as refusal:
            self.authenticator.principal_for_token(token)
        assert type(refusal.value) is Unauthenticated
        assert refusal.value.message == REFUSAL
        assert refusal.value.__cause__ is None


@pytest.fixture(params=["ES256", "RS256"])
def target(
    request: pytest.FixtureRequest, consumers: SqliteConsumers, settings: Settings, clock: FixedClock, issuer: Issuer
) -> Target:
    issuer.add_consumer("engine", scopes=frozenset({"all"}))
    return Target(consumers, settings, clock, request.param)


def test_the_forge_makes_good_tokens_when_nothing_is_altered(target: Target) -> None:
    """Otherwise the refusals below would prove nothing."""
    assert target.principal().consumer == "engine"


@pytest.mark.parametrize("claim", REQUIRED)
def test_a_required_claim_is_left_out(target: Target, claim: str) -> None:
    """Be accepted everywhere, live for ever, be nobody (RFC 9068 2.2)."""
    del target.claims[claim]
    target.refuses(target.token())


@pytest.mark.parametrize("claim", REQUIRED)
@pytest.mark.parametrize("value", [None, True, [], {}, "", -1, 1.5, [""], [1], {"a": 1}], ids=repr)
def test_a_required_claim_is_of_another_type(target: Target, claim: str, value: Any) -> None:
    """Confuse the reader of a claim with a type that it does not expect."""
    target.refuses(target.token(**{claim: value}))


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize(
    "text", [b"Infinity", b"1e400", b"NaN", b"9" * 30, b"9" * 5000, b"253402300800", b'"1900000000"', b"1900000000.5"]
)
def test_a_signed_time_is_no_second_of_a_calendar(target: Target, name: str, text: bytes) -> None:
    """Make the arithmetic of times fail, or the decoder of numbers."""
    target.claims.pop(name, None)
    claims = json.dumps(target.claims).encode()[:-1] + b', "%b": %b}' % (name.encode(), text)
    target.refuses(target.forged(target.header, claims))


@pytest.mark.parametrize("aud", ["https://other.example", ["https://other.example"], "https://lrs.example.org", "*"])
def test_a_token_for_somebody_else(target: Target, aud: object) -> None:
    """Replay what another service was shown (RFC 8725 3.9)."""
    target.refuses(target.token(aud=aud))


@pytest.mark.parametrize("client", ["engine", "Moodle", "moodle ", "*", "admin"])
def test_a_client_that_stands_for_nobody_here(target: Target, client: str) -> None:
    """Register a client at the issuer under the name of a consumer."""
    target.refuses(target.token(client_id=client))


def test_a_token_from_the_future(target: Target) -> None:
    """Keep a token in reserve."""
    target.refuses(target.token(iat=target.claims["iat"] + 61, exp=target.claims["exp"] + 61))


def test_a_token_that_ended_before_it_was_issued(target: Target) -> None:
    """Find a reader that looks at one of the two only."""
    target.refuses(target.token(iat=target.claims["iat"] + 10, exp=target.claims["iat"] + 10))


@pytest.mark.parametrize("typ", ["JWT", "jwt", "id_token", "logout+jwt", "dpop+jwt", "", None, 1, ["at+jwt"]])
def test_the_type_is_not_that_of_an_access_token(target: Target, typ: object) -> None:
    """Pass off an ID token or a logout token as an access token (RFC 8725 3.11, RFC 9068 4)."""
    target.refuses(target.token(target.header | {"typ": typ}))


@pytest.mark.parametrize("member", ["alg", "typ", "kid"])
def test_the_header_leaves_out_a_member(target: Target, member: str) -> None:
    """Let the server fall back to some default, or try all keys."""
    del target.header[member]
    target.refuses(target.token())


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("crit", ["exp"]),
        ("crit", ["b64"]),
        ("crit", []),
        ("b64", False),
        ("jku", "http://127.0.0.1:9/keys"),
        ("jku", f"{ISSUER}/keys"),
        ("x5u", "https://evil.example/cert"),
        ("x5c", ["MII"]),
        ("zip", "DEF"),
        ("cty", "JWT"),
        ("enc", "A256GCM"),
        ("p2c", 2**31),
    ],
)
def test_the_header_brings_a_member_that_would_change_the_rules(target: Target, member: str, value: object) -> None:
    """Make the server fetch a key, skip what it does not know, inflate or compute (RFC 7515 4.1, RFC 8725 3.10)."""
    target.refuses(target.token(target.header | {member: value}))


def test_the_header_brings_its_own_key(target: Target) -> None:
    """Sign with an own key and enclose it (RFC 7515 4.1.3)."""
    own = new_key("ES256")
    header = target.header | {"alg": "ES256", "jwk": jwk_of(own, "k1", "ES256")}
    target.refuses(signed_token(own, "ES256", header, target.claims))


def test_another_key_under_the_same_kid(target: Target) -> None:
    """Sign with an own key and name that of the issuer."""
    own = new_key("ES256") if target.algorithm == "ES256" else rsa_key(number=1)
    target.refuses(signed_token(own, target.algorithm, target.header, target.claims))


@pytest.mark.parametrize("kid", ["", 0, None, ["k1"], {"a": "b"}], ids=repr)
def test_the_kid_is_no_name(target: Target, kid: object) -> None:
    """Look up a key with what is no text."""
    target.refuses(target.token(target.header | {"kid": kid}))


@pytest.mark.parametrize(
    "alg",
    ["none", "None", "NONE", "", "HS256", "HS384", "HS512", "ES", "RS", "es256", "EdDSA", "PS256", None, ["ES256"]],
)
def test_the_header_chooses_another_algorithm(target: Target, alg: object) -> None:
    """No signature at all, or a weaker reading of the same key (RFC 8725 3.1)."""
    target.refuses(target.token(target.header | {"alg": alg}))
    target.refuses(f"{encoded(target.header | {'alg': alg})}.{encoded(target.claims)}.")


def test_another_algorithm_of_the_same_key_that_is_allowed(
    consumers: SqliteConsumers, settings: Settings, clock: FixedClock, issuer: Issuer
) -> None:
    """PS256 by a key that the issuer published for RS256: each key has one algorithm."""
    issuer.add_consumer("engine")
    target = Target(consumers, settings, clock, "RS256", algorithms=["RS256", "PS256"])
    assert target.principal()
    target.refuses(signed_token(target.key, "PS256", target.header | {"alg": "PS256"}, target.claims))


@pytest.mark.parametrize("encoding", [serialization.Encoding.PEM, serialization.Encoding.DER])
@pytest.mark.parametrize("alg", ["HS256", None])
def test_the_public_key_serves_as_an_hmac_secret(
    target: Target, encoding: serialization.Encoding, alg: str | None
) -> None:
    """Sign with HMAC and the published key (RFC 8725 2.1)."""
    public = target.key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
    signed = f"{encoded(target.header | {'alg': alg or target.algorithm})}.{encoded(target.claims)}"
    target.refuses(f"{signed}.{b64(hmac.digest(public, signed.encode(), hashlib.sha256))}")


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_a_thousand_brackets(target: Target, opening: bytes) -> None:
    """RecursionError in a decoder, before any signature is checked: in the header, and in the claims."""
    target.refuses(f"{b64(opening * 1_000)}.{encoded(target.claims)}.AA")
    nested = json.dumps(target.claims).encode()[:-1] + b', "x": ' + opening * 900 + b"}"
    with pytest.raises(Unauthenticated):
        target.authenticator.principal_for_token(target.forged(target.header, nested))


@pytest.mark.parametrize("name", ["iss", "aud", "exp", "client_id"])
def test_a_body_that_says_two_things(target: Target, name: str) -> None:
    """Two readers may take two of them."""
    claims = json.dumps(target.claims).encode()
    twice = claims[:-1] + b', "%b": %b}' % (name.encode(), json.dumps(target.claims[name]).encode())
    with pytest.raises(Unauthenticated):
        target.authenticator.principal_for_token(target.forged(target.header, twice))


def test_a_header_that_says_two_things(target: Target) -> None:
    """The same in the header."""
    target.refuses(target.forged(b'{"alg":"none",' + json.dumps(target.header).encode()[1:], target.claims))


@pytest.mark.parametrize("size", [8_193, 60_000, 1_000_000])
def test_a_token_that_is_too_long(target: Target, size: int) -> None:
    """Let the server read on and on."""
    with pytest.raises(Unauthenticated):
        target.authenticator.principal_for_token(target.token(padding="x" * size))


def test_the_parts_are_spelt_otherwise(target: Target) -> None:
    """One token with many spellings slips past a list of revoked ones."""
    token = target.token()
    for spelt in (f"{token}=", f"{token}.", f".{token}", token.replace(".", "..", 1), f"{token}\n", f" {token}x"):
        with pytest.raises(Unauthenticated):
            target.authenticator.principal_for_token(spelt)


def test_the_issuer_signs_in_the_name_of_this_server(target: Target, issuer: Issuer) -> None:
    """An issuer that is trusted for one consumer makes itself a token of this server for another."""
    header, claims = parts_of(issuer.issue_token("engine").token)
    for changes in {}, {"kid": "k1"}:
        with pytest.raises(Unauthenticated):
            target.authenticator.principal_for_token(target.forged(header | changes, claims))


def test_this_server_signs_in_the_name_of_the_issuer(
    target: Target, issuer: Issuer, consumers: SqliteConsumers
) -> None:
    """Somebody with a stolen key of this server gets no further with the name of another issuer."""
    issuer.issue_token("engine")
    signing = consumers.signing_keys()[0]
    header = target.header | {"kid": signing.kid, "alg": "ES256"}
    with pytest.raises(Exception, match=r"not valid|try again"):
        target.authenticator.principal_for_token(forged(header, target.claims, private_key(signing)))


def test_another_issuer_signs(target: Target) -> None:
    """Trust in one is no trust in all."""
    for issuer in "https://evil.example", f"{ISSUER}/", ISSUER.upper(), f"{ISSUER} ":
        with pytest.raises(Unauthenticated):
            target.authenticator.principal_for_token(target.token(iss=issuer))


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=200, deadline=None
)
@given(
    st.dictionaries(st.sampled_from([*REQUIRED, "nbf", "jti"]), json_values, min_size=1),
    st.dictionaries(st.sampled_from(["alg", "typ", "kid", "crit", "jwk", "x5t"]), json_values),
)
def test_whatever_is_signed_ends_in_a_refusal_or_in_the_one_consumer(
    target: Target, claims: dict[str, Any], header: dict[str, Any]
) -> None:
    """Try everything, with the key of the issuer itself."""
    try:
        principal = target.authenticator.principal_for_token(target.token(target.header | header, **claims))
    except (Unauthenticated, IssuerUnavailable):
        return
    assert principal.consumer == "engine"


@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=200, deadline=None
)
@given(st.binary(max_size=60), st.binary(max_size=200), st.binary(max_size=80))
def test_whatever_bytes_come_end_in_a_refusal(target: Target, header: bytes, claims: bytes, signature: bytes) -> None:
    """Try everything without a key."""
    with pytest.raises(Unauthenticated):
        target.authenticator.principal_for_token(f"{b64(header)}.{b64(claims)}.{b64(signature)}")
