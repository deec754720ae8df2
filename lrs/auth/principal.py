"""Who is asking now: a consumer, seen through the credential that it used."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from lrs.auth.disclosure import PLAIN, Disclosure
from lrs.auth.external import ExternalClaims
from lrs.auth.grants import Grant
from lrs.auth.scopes import READING, expanded, reads_all_authors
from lrs.errors import InsufficientScope


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """What a request or a connection may do and see, until ``expires_at_us`` or until the credential changes."""

    consumer_id: int
    consumer: str
    """The name of the consumer."""
    credential: str
    """``key:<id>`` or ``token:<jti>``: stable and without any secret, fit for limits and logs."""
    scopes: frozenset[str]
    grant: Grant
    expires_at_us: int | None
    """Microseconds since the epoch; None if the credential has no end of its own."""
    trusted: bool = False
    """Whether what it sends and can't be stored is set aside rather than refused (invariant 11)."""
    authority: dict[str, Any] = field(hash=False)
    """The Agent that is set on the statements that it writes (Data 2.4.9). Shared: never change it."""
    disclosure: Disclosure = PLAIN
    """How learners appear to it, with the space that this means for its consumer."""
    external: ExternalClaims | None = None
    """What the token said, if another issuer signed it."""

    def allows(self, scope: str) -> bool:
        """Whether ``scope`` is held, or implied by one that is."""
        return scope in expanded(self.scopes)

    def require(self, scope: str) -> None:
        """Raises InsufficientScope, a Forbidden that names it, if ``scope`` is not allowed."""
        if not self.allows(scope):
            raise InsufficientScope(f"{self.consumer} lacks the scope {scope}", scope=scope)

    @property
    def only_mine(self) -> bool:
        """Whether it sees nothing but the statements that its consumer wrote (``statements/read/mine``)."""
        return not reads_all_authors(self.scopes)

    def visibility_digest(self) -> bytes:
        """32 bytes that are equal for equal sight: the same consumer, reading scopes, grant and disclosure."""
        return _visibility_digest(self.consumer_id, expanded(self.scopes) & READING, self.grant, self.disclosure)


def authority_agent(consumer: str, public_url: str) -> dict[str, Any]:
    """The Agent for what ``consumer`` writes: its account at this server (Data 2.4.9, 2.4.2.4)."""
    return {"objectType": "Agent", "name": consumer, "account": {"homePage": public_url, "name": consumer}}


@lru_cache(maxsize=1024)
def _visibility_digest(consumer_id: int, scopes: frozenset[str], grant: Grant, disclosure: Disclosure) -> bytes:
    limits = [grant.restrictions.to_json()] if grant.restrictions else []
    if not disclosure.plain:
        limits.append(disclosure.to_json())
    return hashlib.sha256(json.dumps([consumer_id, sorted(scopes), grant.entries(), *limits]).encode()).digest()
