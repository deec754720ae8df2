"""What clients may do with tokens: get one, give it back, look into it. Waits for the store."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from lrs.audit.entry import Actor
from lrs.audit.sqlite import AuditTrail
from lrs.auth.authenticate import Authenticator, issuer_and_audience
from lrs.auth.buckets import Buckets
from lrs.auth.consumers import ConsumerStore
from lrs.auth.issue import IssuedToken, Issuer
from lrs.auth.principal import Principal
from lrs.auth.scopes import ADMIN, expanded, listed
from lrs.clock import Clock
from lrs.config import Settings
from lrs.errors import Forbidden, NotFound, RateLimited, TokenExpired, TokenRevoked, Unauthenticated
from lrs.oauth.answers import INACTIVE, introspection
from lrs.oauth.refusals import (
    INVALID_AUTHORIZATION_DETAILS,
    INVALID_CLIENT,
    INVALID_GRANT,
    INVALID_SCOPE,
    UNSUPPORTED_TOKEN_TYPE,
    OAuthRefusal,
)
from lrs.oauth.requests import TokenRequest, completed
from lrs.storage.sqlite import Store

NOT_KNOWN = "the client is not known, or its secret is not the right one"

FORGET_S = 3600
"""How often tokens that expired long ago are looked for."""

FORGOTTEN_AT_ONCE_MAX = 1_000

HOUR_US = 3_600_000_000


class TokenService:
    """Over one register of consumers; safe to share between threads."""

    def __init__(
        self,
        store: Store,
        authenticator: Authenticator,
        issuer: Issuer,
        consumers: ConsumerStore,
        settings: Settings,
        *,
        clock: Clock,
    ) -> None:
        self._store = store
        self._trail = AuditTrail(store, clock)
        self._authenticator = authenticator
        self._issuer = issuer
        self._consumers = consumers
        self._settings = settings
        self._clock = clock
        # A secret has 256 bits, so nobody will guess one; this spares the store the looks, and shows what is going on.
        self._wrong_secrets = Buckets(
            settings.limits.wrong_secrets_per_minute, 60, settings.limits.addresses_counted_max
        )
        self._forget_at_s = clock.monotonic_s()

    def client(self, authorization: str, key: str, address: str) -> Principal:
        """Who comes from ``address`` with this header for ``key``, which is empty for a bearer token.

        Raises OAuthRefusal, the same for an unknown key and a wrong secret; RateLimited after too many of them.
        """
        # Counted for both together: whoever knows a key only can't lock out its owner, and behind a proxy one client
        # does not lock out the others.
        tried, now_s = f"{address}\0{key}", self._clock.monotonic_s()
        wait_s = self._wrong_secrets.wait_s(tried, now_s) if key else 0
        if wait_s:
            raise RateLimited("too many wrong secrets", retry_after_s=wait_s)
        try:
            return self._authenticator.principal_for_authorization(authorization)
        except (TokenExpired, TokenRevoked) as error:
            raise OAuthRefusal(INVALID_CLIENT, error.message) from None
        except Unauthenticated:
            if key:
                self._wrong_secrets.take(tried, now_s)
            raise OAuthRefusal(INVALID_CLIENT, NOT_KNOWN) from None

    def issue(self, client: Principal, asked: TokenRequest) -> IssuedToken:
        """A token for ``client``, which came with a key. OAuthRefusal if it asks for more than it has; RateLimited if
        it has as many as it may have.
        """
        limits = self._settings.limits
        if not client.credential.startswith("key:"):
            raise OAuthRefusal(INVALID_CLIENT, "a token is given for a key and its secret only")
        more = (asked.scopes or frozenset()) - expanded(client.scopes)
        if more:
            raise OAuthRefusal(INVALID_SCOPE, f"{client.consumer} does not have the scope {listed(more)[0]}")
        self._forget()
        now_us = self._clock.now_us()
        # Those of the last hour count too, or short ones could be asked for without end.
        if self._consumers.token_count(client.consumer, now_us, now_us - HOUR_US) >= limits.tokens_max:
            raise RateLimited(f"{client.consumer} has {limits.tokens_max} tokens already", retry_after_s=60)
        ttl_s = limits.oauth_token_ttl_s if asked.ttl_s is None else min(asked.ttl_s, limits.oauth_token_ttl_max_s)
        grant = None if asked.grant is None else completed(asked.grant, client.grant)
        try:
            return self._issuer.issue_token(client.consumer, scopes=asked.scopes, grant=grant, ttl_s=ttl_s)
        except Forbidden as error:
            raise OAuthRefusal(INVALID_AUTHORIZATION_DETAILS, error.message) from None

    def revoke(self, client: Principal, token: str) -> None:
        """End ``token``; one that is not good is ended already (RFC 7009 2.2). OAuthRefusal if it is another's."""
        external = self._authenticator.external
        if external is not None and external.names_issuer(token):
            raise OAuthRefusal(UNSUPPORTED_TOKEN_TYPE, "only the issuer of a token can revoke it")
        try:
            jti = self._issuer.jti_of(token)
        except Unauthenticated:
            return
        found = self._consumers.token(jti)
        if found is None or found[0].revoked_at_us is not None:
            return
        if not _may_handle(client, found[1].id, f"token:{jti}"):
            raise OAuthRefusal(INVALID_GRANT, "the token was issued to another client")
        with self._store.writing(), suppress(NotFound):
            self._issuer.revoke_token(jti)
            actor = Actor("consumer", client.consumer)
            self._trail.note(actor, "token.revoke", f"token:{jti}", {"consumer": found[1].name})

    def introspect(self, client: Principal, token: str) -> dict[str, Any]:
        """What ``token`` allows now, if it is good and for ``client`` to know."""
        try:
            principal = self._authenticator.inspect(token)
        except Unauthenticated:
            return INACTIVE
        if not _may_handle(client, principal.consumer_id, principal.credential):
            return INACTIVE
        kind, _, jti = principal.credential.partition(":")
        found = self._consumers.token(jti) if kind == "token" else None
        return introspection(principal, found[0] if found else None, self._settings)

    @property
    def audience(self) -> str:
        """What tokens from here are for."""
        return issuer_and_audience(self._settings)[1]

    def _forget(self) -> None:
        now_s = self._clock.monotonic_s()
        if now_s >= self._forget_at_s:
            self._forget_at_s = now_s + FORGET_S
            before_us = self._clock.now_us() - self._settings.limits.tokens_kept_s * 1_000_000
            self._consumers.forget_tokens(before_us, FORGOTTEN_AT_ONCE_MAX)


def _may_handle(client: Principal, consumer_id: int, credential: str) -> bool:
    """Whether ``client`` may end a credential and look into it: an administrator any; a key those of its consumer; a
    token none but itself, since it may be a narrow one that has leaked.
    """
    if client.allows(ADMIN):
        return True
    by_key = client.credential.startswith("key:")
    return client.consumer_id == consumer_id and (by_key or client.credential == credential)
