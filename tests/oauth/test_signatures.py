"""Keys of other issuers: for each one algorithm, which the key decides."""

from __future__ import annotations

from typing import Any

import pytest

from lrs.oauth.signatures import ALGORITHMS, verifying_key
from tests.auth.forge import b64
from tests.oauth.issuer import jwk_of, new_key, number, rsa_key, signature

SIGNED = b"header.claims"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_a_key_has_signed_is_verified_and_nothing_else(algorithm: str) -> None:
    private = new_key(algorithm)
    key = verifying_key(jwk_of(private, "k", algorithm), ALGORITHMS)
    assert key is not None
    assert (key.kid, key.algorithm) == ("k", algorithm)
    good = signature(private, algorithm, SIGNED)
    assert key.is_signed(SIGNED, good)
    assert not key.is_signed(SIGNED + b"x", good)
    for bad in b"", good[:-1], good + b"\0", bytes(len(good)), good[:-1] + bytes([good[-1] ^ 1]):
        assert not key.is_signed(SIGNED, bad)


def test_no_algorithm_takes_a_shared_secret() -> None:
    assert not [name for name in ALGORITHMS if name.startswith("HS") or name == "none"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_for_an_algorithm_that_is_not_allowed_is_passed_over(algorithm: str) -> None:
    allowed = [name for name in ALGORITHMS if name != algorithm]
    assert verifying_key(jwk_of(new_key(algorithm), "k", algorithm), allowed) is None


def test_an_rsa_key_that_says_nothing_is_for_the_first_algorithm_that_is_allowed() -> None:
    """And then for no other: RS256 and PS256 of one key are two algorithms."""
    row = jwk_of(rsa_key(), "k", "RS256")
    del row["alg"]
    key = verifying_key(row, ["ES256", "PS256", "RS256"])
    assert key is not None
    assert key.algorithm == "PS256"
    assert not key.is_signed(SIGNED, signature(rsa_key(), "RS256", SIGNED))


EC = jwk_of(new_key("ES256"), "k", "ES256")


@pytest.mark.parametrize(
    "row",
    [
        EC | {"kid": ""},
        EC | {"kid": 1},
        {name: value for name, value in EC.items() if name != "kid"},
        EC | {"use": "enc"},
        EC | {"key_ops": ["encrypt"]},
        EC | {"key_ops": "verify"},
        EC | {"d": "AAAA"},
        EC | {"alg": "HS256"},
        EC | {"alg": "ES384"},
        EC | {"crv": "P-384"},
        EC | {"crv": "secp256k1"},
        EC | {"x": b64(bytes(31))},
        {"kid": "k", "kty": "oct", "k": b64(b"secret"), "alg": "HS256"},
        {"kid": "k", "kty": "none"},
        jwk_of(rsa_key(1024), "k", "RS256"),
        jwk_of(rsa_key(), "k", "RS256") | {"e": number(2**2000 + 1)},
        "key",
        None,
        [],
    ],
)
def test_what_is_no_key_for_signatures_of_strangers_is_passed_over(row: Any) -> None:
    """No name, for encryption, with its private part, for a shared secret, of another curve, too weak."""
    assert verifying_key(row, ALGORITHMS) is None


@pytest.mark.parametrize(
    "row",
    [
        EC | {"x": EC["y"]},
        EC | {"x": 1},
        EC | {"x": f"{EC['x']}="},
        jwk_of(rsa_key(), "k", "RS256") | {"n": number(2**9000 + 1)},
        jwk_of(rsa_key(), "k", "RS256") | {"e": "AA"},
    ],
    ids=["off the curve", "number", "padding", "9,000 bits", "exponent 0"],
)
def test_members_that_make_no_key_raise_and_hang_nobody(row: dict[str, Any]) -> None:
    with pytest.raises(Exception):  # noqa: B017
        assert verifying_key(row, ALGORITHMS) is not None
