"""Tokens of other issuers: what is demanded of them, and what they then stand for (RFC 8725, RFC 9068 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lrs.auth.authenticate import issuer_and_audience
from lrs.auth.compact import CLOCK_LEEWAY_S, REFUSAL, claims_of, second_in, taken_apart, text_in
from lrs.auth.external import ExternalClaims
from lrs.auth.grants import Grant
from lrs.auth.scopes import MEANINGS
from lrs.clock import Clock
from lrs.config import Settings
from lrs.errors import IssuerUnavailable, TokenExpired, Unauthenticated
from lrs.oauth.issuers import ExternalIssuer, issuers_in
from lrs.oauth.keys import IssuerKeys

# The rest would change how the token is read (``crit``, ``b64``, ``zip``) or bring a key along (``jku``, ``jwk``,
# ``x5u``, ``x5c``). These two only name the key a second time.
_HEADER, _HARMLESS = {"alg", "kid", "typ"}, {"x5t", "x5t#S256"}


class ExternalIssuers:
    """``ExternalTokens`` for the issuers of the settings; pure but for the clock, since another one fetches keys."""

    def __init__(
        self, issuers: Mapping[str, tuple[ExternalIssuer, IssuerKeys]], settings: Settings, clock: Clock
    ) -> None:
        self.issuers = issuers
        self._token_bytes_max = settings.limits.token_bytes_max
        self._clock = clock

    def revision(self) -> int:
        return sum(keys.revision for _, keys in self.issuers.values())

    def names_issuer(self, token: str) -> bool:
        try:
            parts = taken_apart(token, self._token_bytes_max)
            return claims_of(parts.payload).get("iss") in self.issuers
        except Exception:  # noqa: BLE001 - Whatever a decoder raises: it names nobody.
            return False

    def verify(self, token: str, *, now_us: int) -> ExternalClaims:
        try:
            return self._read(token, now_us)
        except (Unauthenticated, IssuerUnavailable):
            raise
        except Exception:  # noqa: BLE001 - Whatever a library raises: one refusal.
            raise Unauthenticated(REFUSAL) from None

    def require_key(self, claims: ExternalClaims) -> None:
        _, keys = self.issuers[claims.issuer]
        keys.require(claims.kid, self._clock.monotonic_s())

    def _read(self, token: str, now_us: int) -> ExternalClaims:
        parts = taken_apart(token, self._token_bytes_max)
        body = claims_of(parts.payload)
        issuer, keys = self.issuers[text_in(body, "iss")]
        kid = _kid(parts.header, issuer)
        key = keys.find(kid, self._clock.monotonic_s())
        if parts.header["alg"] != key.algorithm or not key.is_signed(parts.signed, parts.signature):
            raise Unauthenticated(REFUSAL)
        expires_s = _expiry(body, now_us)
        text_in(body, "sub")
        if issuer.audience not in _texts(body, "aud"):
            raise Unauthenticated(REFUSAL)
        consumer = issuer.consumer(text_in(body, issuer.consumer_claim))
        if consumer is None:
            raise Unauthenticated(REFUSAL)
        return ExternalClaims(
            issuer=issuer.issuer,
            kid=kid,
            consumer=consumer,
            scopes=_scopes(body, issuer.scope_claim),
            grant=None if issuer.courses_claim is None else Grant.of(_words(body, issuer.courses_claim)),
            expires_s=expires_s,
        )


def external_issuers(settings: Settings, clock: Clock) -> ExternalIssuers | None:
    """The issuers that ``settings`` trust, with no keys yet; None if there are none. ConfigError."""
    issuer, audience = issuer_and_audience(settings)
    found = issuers_in(settings.oidc_issuers, own_issuer=issuer, own_audience=audience)
    rows = {one.issuer: (one, IssuerKeys(settings.limits)) for one in found}
    return ExternalIssuers(rows, settings, clock) if rows else None


def _kid(header: Mapping[str, Any], issuer: ExternalIssuer) -> str:
    if not header.keys() >= _HEADER or not header.keys() <= _HEADER | _HARMLESS:
        raise Unauthenticated(REFUSAL)
    kind = header["typ"]
    # Names of media types have no case (RFC 7515 4.1.9).
    if not isinstance(kind, str) or kind.lower() not in issuer.types or header["alg"] not in issuer.algorithms:
        raise Unauthenticated(REFUSAL)
    return text_in(dict(header), "kid")


def _expiry(body: dict[str, Any], now_us: int) -> int:
    """``exp`` of a token that is in force, with a little patience for the clock of its issuer where that is safe."""
    issued_s, expires_s = second_in(body, "iat"), second_in(body, "exp")
    from_s = second_in(body, "nbf") if "nbf" in body else issued_s
    if issued_s >= expires_s or (max(from_s, issued_s) - CLOCK_LEEWAY_S) * 1_000_000 > now_us:
        raise Unauthenticated(REFUSAL)
    if expires_s * 1_000_000 <= now_us:
        raise TokenExpired("the token has expired")
    return expires_s


def _texts(body: dict[str, Any], name: str) -> list[str]:
    """One text or an array of them, as ``aud`` may be (RFC 7519 4.1.3)."""
    value = body.get(name)
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not found or not all(isinstance(one, str) and one for one in found):
        raise Unauthenticated(REFUSAL)
    return found


def _words(body: dict[str, Any], name: str) -> list[str]:
    """The same for a claim that must be there but may be empty; one text holds words between blanks."""
    value = body.get(name)
    found = value.split() if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise Unauthenticated(REFUSAL)
    return found


def _scopes(body: dict[str, Any], claim: str | None) -> frozenset[str] | None:
    """The scopes that are ours; an issuer has others too, such as ``openid``."""
    return None if claim is None else frozenset(_words(body, claim)).intersection(MEANINGS)
