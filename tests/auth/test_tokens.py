"""Tokens: what ours say, and that they verify; the attacks stand in test_token_attacks.py."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.auth.authenticate import key_ring
from lrs.auth.consumers import SigningKey
from lrs.auth.grants import UNRESTRICTED, Grant
from lrs.auth.issue import Issuer
from lrs.auth.sqlite import SqliteConsumers
from lrs.auth.tokens import Claims, KeyRing, new_signing_key
from lrs.clock import FixedClock
from lrs.config import Settings
from lrs.errors import StoreCorrupt, TokenExpired, Unauthenticated
from tests.auth.forge import parts_of

OLD = new_signing_key(random.Random(1).randbytes, created_at_us=1)
NEW = new_signing_key(random.Random(2).randbytes, created_at_us=2)
NOW_US = 1_790_000_000_000_000
CLAIMS = Claims(
    jti="j",
    consumer="engine",
    scopes=frozenset({"stream"}),
    grant=Grant.of(["course-v1:MITx+*"]),
    issued_s=NOW_US // 1_000_000,
    expires_s=NOW_US // 1_000_000 + 60,
)


def ring(*keys: SigningKey) -> KeyRing:
    return KeyRing(keys, issuer="https://a", audience="https://a/xapi", token_bytes_max=8192)


@given(
    st.frozensets(st.sampled_from(["stream", "all", "statements/write"]), min_size=1),
    st.sampled_from([UNRESTRICTED, Grant.of([]), Grant.of(["course-v1:Zürich+C+R", "course-v1:MITx+*"])]),
    st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=40),
)
def test_a_token_says_what_it_was_signed_for(scopes: frozenset[str], grant: Grant, consumer: str) -> None:
    claims = Claims(jti="j", consumer=consumer, scopes=scopes, grant=grant, issued_s=1, expires_s=2, kid=OLD.kid)
    assert ring(OLD).verify(ring(OLD).sign(claims), now_us=1_500_000) == claims


def test_a_token_is_an_access_token_of_rfc_9068_with_courses_of_rfc_9396(issuer: Issuer) -> None:
    issuer.add_consumer("engine", scopes=frozenset({"stream"}))
    issued = issuer.issue_token("engine", grant=Grant.of(["course-v1:MITx+C1+a"]), ttl_s=60)
    header, claims = parts_of(issued.token)
    assert header == {"alg": "ES256", "typ": "at+jwt", "kid": issued.row.kid}
    assert claims == {
        "iss": "https://lrs.example.org",
        "sub": "engine",
        "client_id": "engine",
        "aud": "https://lrs.example.org/xapi",
        "iat": NOW_US // 1_000_000,
        "exp": NOW_US // 1_000_000 + 60,
        "jti": issued.row.jti,
        "scope": "stream",
        "authorization_details": [{"type": "xapi", "courses": ["course-v1:MITx+C1+a"]}],
    }


def test_a_token_ends_in_the_second_that_it_names() -> None:
    token = ring(OLD).sign(CLAIMS)
    ring(OLD).verify(token, now_us=CLAIMS.expires_s * 1_000_000 - 1)
    with pytest.raises(TokenExpired):
        ring(OLD).verify(token, now_us=CLAIMS.expires_s * 1_000_000)


def test_a_genuine_token_that_is_too_long_is_refused_unread() -> None:
    token = ring(OLD).sign(CLAIMS)
    short = KeyRing([OLD], issuer="https://a", audience="https://a/xapi", token_bytes_max=len(token) - 1)
    with pytest.raises(Unauthenticated):
        short.signed(token)


def test_an_expired_token_can_still_be_read_to_be_revoked() -> None:
    assert ring(OLD).signed(ring(OLD).sign(CLAIMS)).jti == "j"


def test_the_first_key_signs_and_the_others_still_verify() -> None:
    token = ring(OLD).sign(CLAIMS)
    assert ring(NEW, OLD).verify(token, now_us=NOW_US).kid == OLD.kid
    assert ring(NEW, OLD).signing_kid == NEW.kid


def test_a_retired_key_verifies_nothing() -> None:
    with pytest.raises(Unauthenticated):
        ring(NEW).verify(ring(OLD).sign(CLAIMS), now_us=NOW_US)


def test_a_token_for_another_address_says_which_setting_differs() -> None:
    """The commonest mistake of an operator: LRS_PUBLIC_URL set for the server only."""
    token = ring(OLD).sign(CLAIMS)
    other = KeyRing([OLD], issuer="https://b", audience="https://b/xapi", token_bytes_max=8192)
    with pytest.raises(Unauthenticated, match=r"for https://a/xapi.*server is https://b/xapi.*LRS_PUBLIC_URL"):
        other.verify(token, now_us=NOW_US)


def test_the_published_keys_hold_nothing_private() -> None:
    published = ring(NEW, OLD).jwks(NOW_US)["keys"]
    assert [key["kid"] for key in published] == [NEW.kid, OLD.kid]
    for key in published:
        assert set(key) == {"kty", "crv", "x", "y", "alg", "use", "kid"}
        assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")


def test_a_kid_is_the_thumbprint_of_its_key() -> None:
    """RFC 7638: the same key always has the same name, and other keys have others."""
    assert new_signing_key(random.Random(1).randbytes, created_at_us=9).kid == OLD.kid != NEW.kid


def test_a_signing_key_of_another_kind_is_not_used() -> None:
    """An RSA or P-384 key that got into the store must not be driven with ES256."""
    from cryptography.hazmat.primitives import serialization as ser
    from cryptography.hazmat.primitives.asymmetric import ec

    pem = ec.generate_private_key(ec.SECP384R1()).private_bytes(
        ser.Encoding.PEM, ser.PrivateFormat.PKCS8, ser.NoEncryption()
    )
    with pytest.raises(StoreCorrupt):
        ring(SigningKey(kid="k", private_pem=pem.decode(), created_at_us=1))


def test_a_key_made_by_the_store_is_there_from_the_first_start(
    consumers: SqliteConsumers, settings: Settings, clock: FixedClock
) -> None:
    assert key_ring(consumers, settings).jwks(NOW_US)["keys"]
