"""Acts on consumers, and on what they hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from lrs.admin.forms import grant_told, time, told
from lrs.admin.service.acting import Rooms
from lrs.audit.entry import Actor
from lrs.auth.allowances import Allowance
from lrs.auth.consumers import Consumer, Key, SigningKey, TokenRow
from lrs.auth.disclosure import PLAIN, Disclosure
from lrs.auth.grants import UNRESTRICTED, Grant
from lrs.auth.issue import IssuedKey, IssuedToken
from lrs.auth.scopes import DEFAULT_SCOPES, listed
from lrs.errors import NotFound

Change = Callable[[Consumer], Mapping[str, Any]]
"""From a consumer as it is to the fields that are to be replaced; may raise, and then nothing is changed."""


class ConsumerActs:
    """Register, change; issue and revoke. Raises as ``Issuer`` and ``ConsumerStore`` do."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    def numbered(self, number: int) -> Consumer:
        """The consumer with this number; NotFound."""
        for one in self._rooms.consumers.consumers():
            if one.id == number:
                return one
        raise NotFound(f"there is no consumer {number}")

    def add(
        self,
        actor: Actor,
        name: str,
        *,
        scopes: frozenset[str] = DEFAULT_SCOPES,
        grant: Grant = UNRESTRICTED,
        expires_at_us: int | None = None,
        trusted: bool = False,
        disclosure: Disclosure = PLAIN,
    ) -> Consumer:
        """A new consumer."""
        with self._rooms.acting(actor, "consumer.add", f"consumer:{name}") as act:
            added = self._rooms.issuer.add_consumer(
                name,
                scopes=scopes,
                grant=grant,
                expires_at_us=expires_at_us,
                trusted=trusted,
                disclosure=disclosure,
            )
            act.details.update(
                scopes=listed(scopes), grant=grant_told(grant), expires_at=time(expires_at_us), trusted=trusted
            )
            if not disclosure.plain:
                act.details["disclosure"] = disclosure.to_json()
        return added

    def change(self, actor: Actor, name: str, change: Change) -> Consumer:
        """Replace fields of the consumer ``name``, with no other change in between."""
        with self._rooms.acting(actor, "consumer.change", f"consumer:{name}") as act:

            def changed(before: Consumer) -> Consumer:
                fields = change(before)
                act.details.update(told(fields))
                return replace(before, **fields)

            return self._rooms.consumers.change_consumer(name, changed)

    def allowance(self, name: str) -> Allowance:
        """What was set for the consumer ``name``."""
        return self._rooms.allowances.of(self._rooms.consumers.consumer(name).id)

    def allow(self, actor: Actor, name: str, change: Callable[[Allowance], Allowance]) -> Allowance:
        """Set how much the consumer ``name`` may ask for, with no other change in between."""
        with self._rooms.acting(actor, "consumer.allow", f"consumer:{name}") as act:
            number = self._rooms.consumers.consumer(name).id
            after = change(self._rooms.allowances.of(number))
            self._rooms.allowances.set(number, after)
            act.details.update(asdict(after))
        return after

    def add_key(self, actor: Actor, consumer: str) -> IssuedKey:
        """A new key; the only time that its secret is known."""
        with self._rooms.acting(actor, "key.add") as act:
            issued = self._rooms.issuer.add_key(consumer)
            act.about = f"key:{issued.key}"
            act.details.update(consumer=consumer)
        return issued

    def revoke_key(self, actor: Actor, key_id: str) -> Key:
        """End a key at once, everywhere."""
        with self._rooms.acting(actor, "key.revoke", f"key:{key_id}") as act:
            revoked = self._rooms.issuer.revoke_key(key_id)
            act.details.update(consumer=revoked.consumer)
        return revoked

    def issue_token(
        self,
        actor: Actor,
        consumer: str,
        *,
        scopes: frozenset[str] | None = None,
        grant: Grant | None = None,
        ttl_s: int | None = None,
    ) -> IssuedToken:
        """A new token; the only time that its text is known."""
        with self._rooms.acting(actor, "token.issue") as act:
            issued = self._rooms.issuer.issue_token(consumer, scopes=scopes, grant=grant, ttl_s=ttl_s)
            row = issued.row
            act.about = f"token:{row.jti}"
            act.details.update(
                consumer=consumer,
                scopes=listed(row.scopes),
                grant=grant_told(row.grant),
                expires_at=time(row.expires_at_us),
            )
        return issued

    def revoke_token(self, actor: Actor, jti_or_token: str) -> TokenRow:
        """End a token at once, everywhere."""
        with self._rooms.acting(actor, "token.revoke") as act:
            revoked = self._rooms.issuer.revoke_token(jti_or_token)
            act.about = f"token:{revoked.jti}"
            act.details.update(consumer=revoked.consumer)
        return revoked

    def rotate_signing_key(self, actor: Actor, *, retire_after_s: int | None = None) -> list[SigningKey]:
        """A new signing key; those in force, the new one first."""
        with self._rooms.acting(actor, "signing-key.rotate") as act:
            keys = self._rooms.issuer.rotate_signing_key(retire_after_s=retire_after_s)
            act.about = f"signing-key:{keys[0].kid}"
            act.details.update(retire_after_s=retire_after_s)
        return keys

    def retire_signing_key(self, actor: Actor, kid: str) -> SigningKey:
        """End a signing key, and every token that it signed."""
        with self._rooms.acting(actor, "signing-key.retire", f"signing-key:{kid}"):
            return self._rooms.issuer.retire_signing_key(kid)
