"""From a credential to a principal, as fast as a request needs it and as fresh as a revocation demands."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

from lrs.auth.allowances import Allowances
from lrs.auth.consumers import Consumer, ConsumerStore, Key, TokenRow
from lrs.auth.external import ExternalClaims, ExternalTokens
from lrs.auth.grants import Grant
from lrs.auth.principal import Principal, authority_agent
from lrs.auth.scopes import narrowed
from lrs.auth.secrets import NO_SECRET_SHA256, matches
from lrs.auth.tokens import KeyRing
from lrs.clock import Clock
from lrs.config import Settings
from lrs.errors import LrsError, NotFound, TokenExpired, TokenRevoked, Unauthenticated

_K = TypeVar("_K")
_V = TypeVar("_V")

NOT_VALID = "the credential is not valid"

Proof = tuple[str, ExternalClaims | None]
"""The stable name of a credential that was found to be genuine; of one that has no row here, what it says too."""


def issuer_and_audience(settings: Settings) -> tuple[str, str]:
    """``iss`` and ``aud`` of this server's tokens: its public address, and that of the xAPI resources under it."""
    issuer = settings.public_url.rstrip("/")
    return issuer, issuer + settings.base.rstrip("/")


def key_ring(consumers: ConsumerStore, settings: Settings) -> KeyRing:
    """The signing keys that are in force now."""
    issuer, audience = issuer_and_audience(settings)
    return KeyRing(
        consumers.signing_keys(),
        issuer=issuer,
        audience=audience,
        token_bytes_max=settings.limits.token_bytes_max,
    )


def _digest(scheme: str, text: str) -> bytes:
    return hashlib.sha256(f"{scheme} {text}".encode()).digest()


class Authenticator:
    """Says who is asking. Safe to share between threads.

    That a credential is genuine is remembered by its SHA-256, because neither a secret nor a signature changes.
    What it allows is remembered only until the store's generation moves, which every call asks for, so a revocation
    in any process counts from the next call on.
    """

    def __init__(
        self,
        consumers: ConsumerStore,
        settings: Settings,
        *,
        clock: Clock,
        note_use: Callable[[str, int], None] = lambda _credential, _now_us: None,
        external: ExternalTokens | None = None,
    ) -> None:
        """``note_use(credential, now_us)`` is told of each use and must return at once. ``external``: the other
        issuers whose tokens are taken.
        """
        self._consumers = consumers
        self._settings = settings
        self._clock = clock
        self._note_use = note_use
        self.external = external
        self.allowances: Allowances | None = None
        """What each consumer may ask for; whoever takes requests has to count them there. None: nothing is limited."""
        self._proofs: dict[bytes, Proof] = {}
        self._principals: dict[str, tuple[int, Principal]] = {}
        self._ring: tuple[int, KeyRing] | None = None

    def principal_for_authorization(self, header: str | None) -> Principal:
        """Who sends this ``Authorization`` header: Bearer (RFC 6750 2.1) or Basic (RFC 7617 2).

        Raises Unauthenticated, with one answer for an unknown key and for a wrong secret; TokenExpired and
        TokenRevoked only for credentials that once were good.
        """
        if header is None:
            raise Unauthenticated("no credential: send an Authorization header with Bearer or Basic")
        scheme, _, text = header.partition(" ")
        match scheme.lower():
            case "bearer":
                return self.principal_for_token(text.strip(" "))
            case "basic":
                return self._used(self._principal("basic", text.strip(" "), self._prove_secret))
            case _:
                raise Unauthenticated(NOT_VALID)

    def principal_for_token(self, token: str) -> Principal:
        """Who holds this bearer token; raises as ``principal_for_authorization`` does."""
        return self._used(self.inspect(token))

    def known(self, header: str) -> Principal | None:
        """The same for a credential that was proven before; None for all others, and for what would be refused."""
        scheme, _, text = header.partition(" ")
        proof = self._proofs.get(_digest(scheme.lower(), text.strip(" ")))
        if proof is None:
            return None
        try:
            return self._used(self._current(*proof))
        except LrsError:
            return None

    def inspect(self, token: str) -> Principal:
        """The same for somebody else who asks about the token: that is no use of it."""
        return self._principal("bearer", token, self._prove_token)

    def still_good(self, principal: Principal) -> Principal:
        """The principal as it is now, for a connection that is open: narrowed, widened, or the same object.

        Raises TokenRevoked, also for a disabled consumer, TokenExpired, or Unauthenticated if it is gone.
        """
        return self._used(self._current(principal.credential, principal.external))

    def generation(self) -> int:
        """Unchanged as long as ``still_good`` can say nothing new but that time has run out."""
        return self._consumers.generation() + (self.external.revision() if self.external else 0)

    def jwks(self) -> dict[str, Any]:
        """The public keys that verify this server's tokens (RFC 7517 5)."""
        return self._key_ring().jwks(self._clock.now_us())

    def _used(self, principal: Principal) -> Principal:
        self._note_use(principal.credential, self._clock.now_us())
        return principal

    def _principal(self, scheme: str, text: str, prove: Callable[[str], Proof]) -> Principal:
        if len(text) > self._settings.limits.token_bytes_max or not text.isascii():
            raise Unauthenticated(NOT_VALID)
        digest = _digest(scheme, text)
        proof = self._proofs.get(digest)
        if proof is None:
            proof = prove(text)
            self._remember(self._proofs, digest, proof)
        return self._current(*proof)

    def _prove_secret(self, text: str) -> Proof:
        try:
            decoded = base64.b64decode(text, validate=True).decode()
        except ValueError:
            raise Unauthenticated(NOT_VALID) from None
        key_id, _, secret = decoded.partition(":")
        found = self._consumers.key(key_id)
        genuine = matches(secret, found[0].sha256 if found else NO_SECRET_SHA256)
        if found is None or not genuine:
            raise Unauthenticated(NOT_VALID)
        return f"key:{key_id}", None

    def _prove_token(self, text: str) -> Proof:
        if self.external is not None and self.external.names_issuer(text):
            proven = self.external.verify(text, now_us=self._clock.now_us())
            return f"external:{hashlib.sha256(text.encode()).hexdigest()[:32]}", proven
        claims = self._key_ring().verify(text, now_us=self._clock.now_us())
        found = self._consumers.token(claims.jti)
        if found is None:
            raise Unauthenticated(NOT_VALID)
        row = found[0]
        # From here on the row stands for the token, so it must say the same.
        if (claims.consumer, claims.scopes, claims.grant, claims.kid, claims.expires_s * 1_000_000) != (
            row.consumer,
            row.scopes,
            row.grant,
            row.kid,
            row.expires_at_us,
        ):
            raise Unauthenticated(NOT_VALID)
        return f"token:{claims.jti}", None

    def _current(self, credential: str, external: ExternalClaims | None) -> Principal:
        if self.external is not None and external is not None:
            self.external.require_key(external)
        # Asked before the rows are read: a change in between is then seen again by the next call.
        generation = self._consumers.generation()
        known = self._principals.get(credential)
        if known is not None and known[0] == generation:
            principal = known[1]
        else:
            principal = self._read(credential) if external is None else self._read_external(credential, external)
            if known is not None and known[1] == principal:
                principal = known[1]
            self._remember(self._principals, credential, (generation, principal))
        if principal.expires_at_us is not None and principal.expires_at_us <= self._clock.now_us():
            raise TokenExpired("the credential has expired")
        return principal

    def _read(self, credential: str) -> Principal:
        kind, _, id_ = credential.partition(":")
        found = self._consumers.key(id_) if kind == "key" else self._consumers.token(id_)
        if found is None:
            raise Unauthenticated(NOT_VALID)
        held, consumer = found
        if held.revoked_at_us is not None:
            raise TokenRevoked("the credential has been revoked")
        if consumer.disabled:
            raise TokenRevoked("the consumer of the credential is disabled")
        if isinstance(held, TokenRow) and held.kid not in self._key_ring():
            raise TokenRevoked("the key that signed the token has been retired")
        if isinstance(held, Key):
            return self._principal_of(credential, consumer)
        ends_at_us = self._key_ring().ends_at_us(held.kid)
        return self._principal_of(
            credential,
            consumer,
            scopes=held.scopes,
            grant=held.grant,
            expires_at_us=held.expires_at_us if ends_at_us is None else min(held.expires_at_us, ends_at_us),
        )

    def _read_external(self, credential: str, claims: ExternalClaims) -> Principal:
        try:
            consumer = self._consumers.consumer(claims.consumer)
        except NotFound:
            raise Unauthenticated(NOT_VALID) from None
        if consumer.disabled:
            raise TokenRevoked("the consumer of the credential is disabled")
        return self._principal_of(
            credential,
            consumer,
            scopes=claims.scopes,
            grant=claims.grant,
            expires_at_us=claims.expires_s * 1_000_000,
            external=claims,
        )

    def _principal_of(
        self,
        credential: str,
        consumer: Consumer,
        *,
        scopes: frozenset[str] | None = None,
        grant: Grant | None = None,
        expires_at_us: int | None = None,
        external: ExternalClaims | None = None,
    ) -> Principal:
        """``consumer`` as seen through a credential with these limits; None: no limit of its own."""
        ends_us = [at_us for at_us in (expires_at_us, consumer.expires_at_us) if at_us is not None]
        return Principal(
            consumer_id=consumer.id,
            consumer=consumer.name,
            credential=credential,
            scopes=consumer.scopes if scopes is None else narrowed(scopes, consumer.scopes),
            grant=consumer.grant if grant is None else grant.narrowed(consumer.grant),
            expires_at_us=min(ends_us, default=None),
            external=external,
            trusted=consumer.trusted,
            disclosure=consumer.disclosure.to_consumer(consumer.id),
            authority=authority_agent(consumer.name, self._settings.public_url),
        )

    def _key_ring(self) -> KeyRing:
        generation = self._consumers.generation()
        if self._ring is None or self._ring[0] != generation:
            self._ring = generation, key_ring(self._consumers, self._settings)
        return self._ring[1]

    def _remember(self, table: dict[_K, _V], key: _K, value: _V) -> None:
        # Only genuine credentials come here, so a stranger can't push others out; all are soon proven anew.
        if len(table) >= self._settings.limits.credentials_cached_max:
            table.clear()
        table[key] = value
