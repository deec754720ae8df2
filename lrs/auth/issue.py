"""Register consumers, and hand out and take back their keys and tokens: what the command line and the pages for
administrators do.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from lrs.auth.authenticate import key_ring
from lrs.auth.consumers import Consumer, ConsumerStore, Key, SigningKey, TokenRow, consumer_name
from lrs.auth.disclosure import PLAIN, Disclosure
from lrs.auth.grants import UNRESTRICTED, Grant
from lrs.auth.restrictions import RESTRICTIONS
from lrs.auth.scopes import DEFAULT_SCOPES, expanded, listed, scope_set
from lrs.auth.secrets import Entropy, new_jti, new_key_id, new_secret, sha256_of
from lrs.auth.tokens import Claims, new_signing_key
from lrs.clock import Clock
from lrs.config import Settings
from lrs.errors import Conflict, Forbidden, InvalidParameter, StoreUnavailable

TTL_S_MAX = 3650 * 86_400

_ROTATIONS_MAX = 5


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new Basic credential; the only time that its secret is known."""

    key: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token; the only time that its text is known."""

    row: TokenRow
    token: str = field(repr=False)


class Issuer:
    """``entropy`` is ``secrets.token_bytes`` wherever it matters."""

    def __init__(self, consumers: ConsumerStore, settings: Settings, *, clock: Clock, entropy: Entropy) -> None:
        self._consumers = consumers
        self._settings = settings
        self._clock = clock
        self._entropy = entropy

    def add_consumer(
        self,
        name: str,
        *,
        scopes: frozenset[str] = DEFAULT_SCOPES,
        grant: Grant = UNRESTRICTED,
        expires_at_us: int | None = None,
        trusted: bool = False,
        disclosure: Disclosure = PLAIN,
    ) -> Consumer:
        """A new consumer. InvalidParameter for a name, scope or expiry that can't be; Conflict if the name is taken."""
        now_us = self._clock.now_us()
        if expires_at_us is not None and expires_at_us <= now_us:
            raise InvalidParameter("the consumer would have expired already")
        return self._consumers.add_consumer(
            consumer_name(name),
            scopes=_some(scopes),
            grant=grant,
            created_at_us=now_us,
            expires_at_us=expires_at_us,
            trusted=trusted,
            disclosure=disclosure,
        )

    def add_key(self, consumer: str) -> IssuedKey:
        """A new key with all that ``consumer`` may do. NotFound; Forbidden if it is disabled or has expired."""
        now_us = self._clock.now_us()
        self._active(consumer, now_us)
        issued = IssuedKey(new_key_id(self._entropy), new_secret(self._entropy))
        self._consumers.add_key(
            Key(id=issued.key, consumer=consumer, sha256=sha256_of(issued.secret), created_at_us=now_us)
        )
        return issued

    def issue_token(
        self,
        consumer: str,
        *,
        scopes: frozenset[str] | None = None,
        grant: Grant | None = None,
        ttl_s: int | None = None,
    ) -> IssuedToken:
        """A token for all that ``consumer`` may do, or for the part of it that is asked for.

        It ends after ``ttl_s`` (default: ``limits.token_ttl_s``) or with its consumer. Forbidden if it asks for more
        than the consumer has; InvalidParameter if it can't be issued in this form.
        """
        now_us = self._clock.now_us()
        holder = self._active(consumer, now_us)
        scopes = holder.scopes if scopes is None else _some(scopes)
        grant = holder.grant if grant is None else grant
        _refuse_more(holder, scopes, grant)
        ttl_s = self._settings.limits.token_ttl_s if ttl_s is None else ttl_s
        if not 1 <= ttl_s <= TTL_S_MAX:
            raise InvalidParameter(f"a token lives between 1 second and {TTL_S_MAX // 86_400} days")
        issued_s = now_us // 1_000_000
        expires_s = issued_s + ttl_s
        if holder.expires_at_us is not None:
            expires_s = min(expires_s, max(issued_s + 1, holder.expires_at_us // 1_000_000))
        claims = Claims(
            jti=new_jti(self._entropy),
            consumer=consumer,
            scopes=scopes,
            grant=grant,
            issued_s=issued_s,
            expires_s=expires_s,
        )
        for _ in range(_ROTATIONS_MAX):
            # A key may be replaced between these two; then the new one signs.
            with suppress(Conflict):
                return self._signed(claims)
        raise StoreUnavailable("the signing keys are changing; try again")

    def _signed(self, claims: Claims) -> IssuedToken:
        ring = key_ring(self._consumers, self._settings)
        token = ring.sign(claims)
        self._refuse_long(token)
        row = TokenRow(
            jti=claims.jti,
            consumer=claims.consumer,
            scopes=claims.scopes,
            grant=claims.grant,
            kid=ring.signing_kid,
            issued_at_us=claims.issued_s * 1_000_000,
            expires_at_us=claims.expires_s * 1_000_000,
        )
        self._consumers.add_token(row)
        return IssuedToken(row, token)

    def rotate_signing_key(self, *, retire_after_s: int | None = None) -> list[SigningKey]:
        """A new key that signs from now on; the others verify what they signed until that has expired, or for
        ``retire_after_s``. Returns the keys in force, the new one first.
        """
        now_us = self._clock.now_us()
        return self._consumers.rotate_signing_keys(
            new_signing_key(self._entropy, created_at_us=now_us),
            retire_at_us=None if retire_after_s is None else now_us + retire_after_s * 1_000_000,
        )

    def retire_signing_key(self, kid: str) -> SigningKey:
        """End a key at once, and every token that it signed. NotFound; Conflict if it is the one that signs."""
        return self._consumers.retire_signing_key(kid, self._clock.now_us())

    def revoke_key(self, key_id: str) -> Key:
        """End a key at once, everywhere; NotFound."""
        return self._consumers.revoke_key(key_id, self._clock.now_us())

    def revoke_token(self, jti_or_token: str) -> TokenRow:
        """End a token at once, everywhere. NotFound; Unauthenticated for a token that this server did not sign."""
        jti = self.jti_of(jti_or_token) if "." in jti_or_token else jti_or_token
        return self._consumers.revoke_token(jti, self._clock.now_us())

    def jti_of(self, token: str) -> str:
        """The id of a token of this server, expired or not; Unauthenticated if it is none."""
        return key_ring(self._consumers, self._settings).signed(token).jti

    def _active(self, name: str, now_us: int) -> Consumer:
        consumer = self._consumers.consumer(name)
        if consumer.disabled:
            raise Forbidden(f"consumer {name!r} is disabled")
        if consumer.expires_at_us is not None and consumer.expires_at_us <= now_us:
            raise Forbidden(f"consumer {name!r} has expired")
        return consumer

    def _refuse_long(self, token: str) -> None:
        bytes_max = self._settings.limits.token_bytes_max
        if len(token) > bytes_max:
            raise InvalidParameter(
                f"the token would have {len(token)} bytes, and LRS_TOKEN_BYTES_MAX is {bytes_max}: "
                "name fewer courses, or a whole organisation"
            )


def _some(scopes: frozenset[str]) -> frozenset[str]:
    if not scopes:
        raise InvalidParameter("a consumer or token without any scope is of no use")
    return scope_set(scopes)


def _refuse_more(holder: Consumer, scopes: frozenset[str], grant: Grant) -> None:
    more_scopes = scopes - expanded(holder.scopes)
    if more_scopes:
        raise Forbidden(f"consumer {holder.name!r} does not have the scope {listed(more_scopes)[0]}")
    more = holder.grant.excess(grant)
    if more is not None:
        what = f"all of the {more}" if more in RESTRICTIONS else "every course" if more == "*" else more
        raise Forbidden(f"consumer {holder.name!r} does not cover {what}")
