"""Signatures of other issuers: one algorithm for each key, chosen from the key and never from a token (RFC 8725 3.1).

The keys are JWKs (RFC 7517), the algorithms those of RFC 7518 3 and RFC 8037 that need a key pair.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from lrs.auth.compact import base64url

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey

_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_CURVES: Mapping[str, tuple[str, ec.EllipticCurve, int]] = MappingProxyType(
    {
        "P-256": ("ES256", ec.SECP256R1(), 32),
        "P-384": ("ES384", ec.SECP384R1(), 48),
        "P-521": ("ES512", ec.SECP521R1(), 66),
    }
)
_HASHES: Mapping[str, hashes.HashAlgorithm] = MappingProxyType(
    {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
)

ALGORITHMS = (*_RSA, "ES256", "ES384", "ES512", "EdDSA")
"""All that can be allowed. None of them takes a shared secret."""

RSA_BITS_MIN, RSA_BITS_MAX = 2048, 8192
"""Less is too weak (RFC 7518 3.3), and more takes too long."""

_RSA_EXPONENT_MAX = 2**32


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A public key, and the one algorithm that it is for."""

    kid: str
    algorithm: str
    public: PublicKey

    def is_signed(self, signed: bytes, signature: bytes) -> bool:
        """Whether the holder of the private key has signed ``signed``."""
        try:
            _verify(self, signed, signature)
        except InvalidSignature:
            return False
        return True


def verifying_key(jwk: Any, allowed: Collection[str]) -> VerifyingKey | None:
    """The key in ``jwk``; None for one that is not for signatures, or not for an algorithm that is ``allowed``.

    May raise whatever a library raises for members that make no key.
    """
    if not isinstance(jwk, dict) or not isinstance(jwk.get("kid"), str) or not jwk["kid"]:
        return None
    operations = jwk.get("key_ops", ["verify"])
    # One with a private part is no longer anybody's alone.
    if "d" in jwk or jwk.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        return None
    found = _public(jwk, allowed)
    if found is None:
        return None
    algorithm, public = found
    if jwk.get("alg", algorithm) != algorithm or algorithm not in allowed:
        return None
    return VerifyingKey(jwk["kid"], algorithm, public)


def _public(jwk: Mapping[str, Any], allowed: Collection[str]) -> tuple[str, PublicKey] | None:
    match jwk.get("kty"):
        case "RSA":
            # The key itself is for any of these; its member says for which, and else the first that is allowed.
            possible = [name for name in allowed if name in _RSA and jwk.get("alg", name) == name]
            exponent = _number(jwk["e"])
            public = rsa.RSAPublicNumbers(exponent, _number(jwk["n"])).public_key()
            unfit = exponent > _RSA_EXPONENT_MAX or not RSA_BITS_MIN <= public.key_size <= RSA_BITS_MAX
            return None if unfit or not possible else (possible[0], public)
        case "EC" if jwk.get("crv") in _CURVES:
            name, curve, size = _CURVES[jwk["crv"]]
            x, y = _bytes(jwk["x"]), _bytes(jwk["y"])
            if len(x) != size or len(y) != size:
                return None
            numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), curve)
            return name, numbers.public_key()
        case "OKP" if jwk.get("crv") == "Ed25519":
            return "EdDSA", ed25519.Ed25519PublicKey.from_public_bytes(_bytes(jwk["x"]))
        case _:
            return None


def _verify(key: VerifyingKey, signed: bytes, signature: bytes) -> None:
    match key.public:
        case ed25519.Ed25519PublicKey() as public:
            public.verify(signature, signed)
        case ec.EllipticCurvePublicKey() as public:
            size = (public.key_size + 7) // 8
            if len(signature) != 2 * size:
                raise InvalidSignature
            r, s = int.from_bytes(signature[:size]), int.from_bytes(signature[size:])
            public.verify(encode_dss_signature(r, s), signed, ec.ECDSA(_HASHES[key.algorithm[2:]]))
        case rsa.RSAPublicKey() as public:
            digest = _HASHES[key.algorithm[2:]]
            scheme: padding.AsymmetricPadding = padding.PKCS1v15()
            if key.algorithm.startswith("PS"):
                scheme = padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH)
            public.verify(signature, signed, scheme, digest)


def _bytes(value: Any) -> bytes:
    if not isinstance(value, str):
        raise TypeError
    return base64url(value.encode())


def _number(value: Any) -> int:
    raw = _bytes(value)
    if len(raw) > RSA_BITS_MAX // 8 + 1:
        raise ValueError
    return int.from_bytes(raw)
