"""Bearer tokens: RFC 9068 access tokens, signed with ES256.

The only importer of python-jose, which is unsafe as it comes: it accepts a token without ``aud``, without ``exp``,
with unknown ``crit``, of any ``typ``, and lets the header choose among algorithms. Here it only signs and checks a
signature. What surrounds that is decided by this file: RFC 8725, RFC 9068 2.2 and 4, RFC 9396.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jose import jwk, jws

from lrs.auth.compact import CLOCK_LEEWAY_S, REFUSAL, claims_of, second_in, taken_apart, text_in
from lrs.auth.consumers import SigningKey
from lrs.auth.grants import Grant, grant_in
from lrs.auth.scopes import listed, scope_set
from lrs.auth.secrets import Entropy
from lrs.errors import StoreCorrupt, TokenExpired, TokenRevoked, Unauthenticated

ALGORITHM = "ES256"
TOKEN_TYPE = "at+jwt"  # noqa: S105 - A media type (RFC 9068 2.1).

_ORDER_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a token says; times in seconds since the epoch."""

    jti: str
    consumer: str
    scopes: frozenset[str]
    grant: Grant
    issued_s: int
    expires_s: int
    kid: str = ""


def new_signing_key(entropy: Entropy, *, created_at_us: int) -> SigningKey:
    """A P-256 key pair out of 320 random bits (FIPS 186-5 A.2.1); its kid is the thumbprint of RFC 7638."""
    private = ec.derive_private_key(1 + int.from_bytes(entropy(40)) % (_ORDER_P256 - 1), ec.SECP256R1())
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = _loaded(pem).public_key().to_dict()
    members = {name: public[name] for name in ("crv", "kty", "x", "y")}
    return SigningKey(kid=_thumbprint(members), private_pem=pem, created_at_us=created_at_us)


class KeyRing:
    """The signing keys in force. The first signs; each verifies what it has signed, by its own algorithm alone."""

    def __init__(self, keys: Iterable[SigningKey], *, issuer: str, audience: str, token_bytes_max: int) -> None:
        """``issuer`` and ``audience`` are the only ones that are written and accepted."""
        self.issuer = issuer
        self.audience = audience
        self._token_bytes_max = token_bytes_max
        keys = list(keys)
        self._ends_at_us = {key.kid: key.retired_at_us for key in keys}
        self._private = {key.kid: _loaded(key.private_pem) for key in keys}
        self._public = {kid: key.public_key() for kid, key in self._private.items()}

    def __contains__(self, kid: str) -> bool:
        return kid in self._public

    @property
    def signing_kid(self) -> str:
        """The kid of the key that signs."""
        assert self._private, "a store has a signing key from its first start"
        return next(iter(self._private))

    def ends_at_us(self, kid: str) -> int | None:
        """When the key ends, and every token that it signed; None if that is not foreseen. KeyError."""
        return self._ends_at_us[kid]

    def sign(self, claims: Claims) -> str:
        """The token that says ``claims``."""
        kid = self.signing_kid
        body = {
            "iss": self.issuer,
            "sub": claims.consumer,
            "aud": self.audience,
            "exp": claims.expires_s,
            "iat": claims.issued_s,
            "jti": claims.jti,
            "client_id": claims.consumer,
            "scope": " ".join(listed(claims.scopes)),
            "authorization_details": claims.grant.authorization_details(),
        }
        return jws.sign(orjson.dumps(body), self._private[kid], {"typ": TOKEN_TYPE, "kid": kid}, ALGORITHM)

    def verify(self, token: str, *, now_us: int) -> Claims:
        """What ``token`` says, if it is one of ours and in force at ``now_us``.

        Whatever is wrong with it, of whatever form, is Unauthenticated; only the holder of a token that we did sign
        learns more: TokenExpired, or that it was issued for another address.
        """
        claims = self.signed(token)
        if claims.expires_s * 1_000_000 <= now_us:
            raise TokenExpired("the token has expired")
        if (claims.issued_s - CLOCK_LEEWAY_S) * 1_000_000 > now_us:
            raise Unauthenticated(REFUSAL)
        if self._ended(claims.kid, now_us):
            raise TokenRevoked("the key that signed the token has been retired")
        return claims

    def signed(self, token: str) -> Claims:
        """As ``verify``, but at any time: for revoking a token by its text."""
        try:
            return self._read(token)
        except Unauthenticated:
            raise
        except Exception:  # noqa: BLE001 - RecursionError, OverflowError, whatever a library raises: one refusal.
            raise Unauthenticated(REFUSAL) from None

    def jwks(self, now_us: int) -> dict[str, Any]:
        """The public keys that verify at ``now_us`` as a JWK Set (RFC 7517 5)."""
        members = {kid: key.to_dict() for kid, key in self._public.items() if not self._ended(kid, now_us)}
        return {"keys": [key | {"kid": kid, "use": "sig"} for kid, key in members.items()]}

    def _ended(self, kid: str, now_us: int) -> bool:
        ends_at_us = self._ends_at_us[kid]
        return ends_at_us is not None and ends_at_us <= now_us

    def _read(self, token: str) -> Claims:
        parts = taken_apart(token, self._token_bytes_max)
        kid = _kid(parts.header)
        # The header is known by now; all that is left to the library is the signature, by the key that we chose.
        jws.verify(token, self._public[kid], [ALGORITHM])
        return self._claims(claims_of(parts.payload), kid)

    def _claims(self, body: dict[str, Any], kid: str) -> Claims:
        issuer, audience = text_in(body, "iss"), text_in(body, "aud")
        if (issuer, audience) != (self.issuer, self.audience):
            raise Unauthenticated(
                f"the token is for {audience}, and this server is {self.audience}: see LRS_PUBLIC_URL"
            )
        consumer, issued_s, expires_s = text_in(body, "client_id"), second_in(body, "iat"), second_in(body, "exp")
        # ``nbf`` is never written here, and what can't be honoured must not be skipped.
        if consumer != text_in(body, "sub") or issued_s >= expires_s or "nbf" in body:
            raise Unauthenticated(REFUSAL)
        return Claims(
            jti=text_in(body, "jti"),
            consumer=consumer,
            scopes=scope_set(text_in(body, "scope").split(" ")),
            grant=grant_in(body["authorization_details"]),
            issued_s=issued_s,
            expires_s=expires_s,
            kid=kid,
        )


def _kid(header: dict[str, Any]) -> str:
    """The kid of a header that holds what ours hold and nothing else.

    So ``crit``, ``jku``, ``jwk``, ``x5u``, ``x5c``, ``zip``, ``b64`` and ``cty`` are refused before a key is sought.
    """
    if header.keys() != {"alg", "kid", "typ"} or header["alg"] != ALGORITHM or header["typ"] != TOKEN_TYPE:
        raise Unauthenticated(REFUSAL)
    return text_in(header, "kid")


def _loaded(pem: str) -> Any:
    """The private key in ``pem`` for the library, which is told the one algorithm that the key is for."""
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise StoreCorrupt("a signing key of the store is not for ES256")
    return jwk.construct(key, ALGORITHM)  # type: ignore[arg-type]  # The stubs don't know that it takes a loaded key.


def _thumbprint(members: dict[str, str]) -> str:
    digest = hashlib.sha256(orjson.dumps(members, option=orjson.OPT_SORT_KEYS)).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
