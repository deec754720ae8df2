"""Tokens of other issuers, as far as authentication has to know of them; the rules stand in ``lrs.oauth``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from lrs.auth.grants import Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalClaims:
    """What a token of another issuer says, proven by its signature."""

    issuer: str
    kid: str
    consumer: str
    """The registered consumer that it stands for; nothing here makes it wider than that."""
    scopes: frozenset[str] | None
    """What it is limited to; None: all that the consumer may do."""
    grant: Grant | None
    """The same for courses."""
    expires_s: int


class ExternalTokens(Protocol):
    """The issuers that are trusted, and their keys as they were last fetched."""

    def revision(self) -> int:
        """A number that grows whenever keys change or can no longer be relied on."""

    def names_issuer(self, token: str) -> bool:
        """Whether ``token`` says that it is from one of them; nothing is proven by that. Raises nothing."""

    def verify(self, token: str, *, now_us: int) -> ExternalClaims:
        """What ``token`` says, if it is from one of them and in force. Unauthenticated, TokenExpired;
        IssuerUnavailable as long as the keys that could prove it are being fetched.
        """

    def require_key(self, claims: ExternalClaims) -> None:
        """Raises TokenRevoked if the issuer has withdrawn the key, IssuerUnavailable if that can't be known."""
