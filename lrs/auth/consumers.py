"""Consumers, their keys and tokens, and the port of the store that keeps them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from lrs.auth.disclosure import PLAIN, Disclosure
from lrs.auth.grants import Grant
from lrs.errors import InvalidParameter

CONSUMER_NAME_CHARACTERS_MAX = 100

OWNER_ID = 0
"""The consumer number of the process itself; registered consumers count from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """A registered reader or writer. Its scopes and grant bound those of everything that it holds, as they are now."""

    id: int
    name: str
    scopes: frozenset[str]
    grant: Grant
    created_at_us: int
    expires_at_us: int | None
    disabled: bool
    trusted: bool
    """Whether what it sends and can't be stored is set aside rather than refused (invariant 11)."""
    disclosure: Disclosure = PLAIN
    """How learners appear to it."""

    def __post_init__(self) -> None:
        # What a trusted writer sends is set aside rather than refused, and what it says of learners is taken as it is.
        if self.trusted and not self.disclosure.plain:
            raise InvalidParameter("a trusted writer is shown learners as they are stored")

    def state(self, now_us: int) -> str:
        """``active``, ``disabled`` or ``expired``."""
        return "disabled" if self.disabled else _expiring(self.expires_at_us, now_us)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A Basic credential of a consumer; all that the consumer may do, it may."""

    id: str
    consumer: str
    sha256: bytes = field(repr=False)
    created_at_us: int
    revoked_at_us: int | None = None
    last_used_at_us: int | None = None

    @property
    def state(self) -> str:
        """``active`` or ``revoked``."""
        return "active" if self.revoked_at_us is None else "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRow:
    """What is kept of a bearer token: never the token itself."""

    jti: str
    consumer: str
    scopes: frozenset[str]
    grant: Grant
    kid: str
    issued_at_us: int
    expires_at_us: int
    revoked_at_us: int | None = None
    last_used_at_us: int | None = None

    def state(self, now_us: int) -> str:
        """``active``, ``revoked`` or ``expired``."""
        return _expiring(self.expires_at_us, now_us) if self.revoked_at_us is None else "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A key pair for tokens: the newest without an end signs, and each verifies what it signed until it is retired."""

    kid: str
    private_pem: str = field(repr=False)
    created_at_us: int
    retired_at_us: int | None = None
    """Since when it verifies nothing any more, or from when on it will not."""

    def state(self, now_us: int) -> str:
        """``signs``, ``verifies`` or ``retired``."""
        if self.retired_at_us is None:
            return "signs"
        return "verifies" if self.retired_at_us > now_us else "retired"


def _expiring(expires_at_us: int | None, now_us: int) -> str:
    return "expired" if expires_at_us is not None and expires_at_us <= now_us else "active"


class ConsumerStore(Protocol):
    """Keeps consumers, keys, tokens and signing keys.

    Reads see all that any process has committed. Every change that could alter what a credential allows raises
    ``generation``, and is visible no later than the new generation is. The limits of a token, and the secrets of keys,
    never change once written.
    """

    def generation(self) -> int:
        """A number that grows with every such change; cheap enough to ask on every request."""

    def add_consumer(
        self,
        name: str,
        *,
        scopes: frozenset[str],
        grant: Grant,
        created_at_us: int,
        expires_at_us: int | None,
        trusted: bool = False,
        disclosure: Disclosure = PLAIN,
    ) -> Consumer:
        """The new consumer; Conflict if the name is taken."""

    def consumer(self, name: str) -> Consumer:
        """The consumer of that name; NotFound."""

    def consumers(self) -> list[Consumer]:
        """All of them, by name."""

    def change_consumer(self, name: str, change: Callable[[Consumer], Consumer]) -> Consumer:
        """Apply ``change`` with no other change in between; id, name and creation stay. NotFound."""

    def add_key(self, key: Key) -> None:
        """Keep ``key``; NotFound if its consumer does not exist."""

    def key(self, key_id: str) -> tuple[Key, Consumer] | None:
        """A key with its consumer, both as they are now."""

    def keys(self, consumer: str | None = None) -> list[Key]:
        """The keys of one consumer or of all, oldest first; NotFound if there is no such consumer."""

    def revoke_key(self, key_id: str, at_us: int) -> Key:
        """The key, revoked since ``at_us`` or since it was revoked before; NotFound."""

    def add_token(self, token: TokenRow) -> None:
        """Keep ``token``. NotFound if its consumer does not exist; Conflict if another key signs meanwhile."""

    def token(self, jti: str) -> tuple[TokenRow, Consumer] | None:
        """A token with its consumer, both as they are now."""

    def tokens(self, consumer: str | None = None) -> list[TokenRow]:
        """The tokens of one consumer or of all, oldest first; NotFound if there is no such consumer."""

    def token_count(self, consumer: str, now_us: int, since_us: int) -> int:
        """How many tokens of ``consumer``, revoked or not, have not expired or were issued after ``since_us``."""

    def forget_tokens(self, expired_before_us: int, count_max: int) -> int:
        """Drop at most so many tokens that expired before then; returns how many."""

    def revoke_token(self, jti: str, at_us: int) -> TokenRow:
        """The token, revoked since ``at_us`` or since it was revoked before; NotFound."""

    def signing_keys(self) -> list[SigningKey]:
        """All that verify now: first the one that signs, then those that are to be retired, newest first."""

    def all_signing_keys(self) -> list[SigningKey]:
        """The same and the retired ones."""

    def add_signing_key(self, key: SigningKey) -> None:
        """Keep ``key``, which signs from now on."""

    def rotate_signing_keys(self, key: SigningKey, *, retire_at_us: int | None) -> list[SigningKey]:
        """Keep ``key``, which signs from now on. All others end at ``retire_at_us``, or, without it, with the last
        token that they signed. Returns what verifies then.
        """

    def retire_signing_key(self, kid: str, at_us: int) -> SigningKey:
        """End the key and every token that it signed. NotFound; Conflict if no other key signs."""

    def note_uses(self, uses: Mapping[str, int]) -> None:
        """Keep when credentials (``key:<id>``, ``token:<jti>``) were last used, in microseconds; unknown ones are
        passed over. Does not raise ``generation``.
        """


def consumer_name(text: str) -> str:
    """``text`` if it can name a consumer: printable, no blank at either end, beginning with a letter or digit, so that
    it can stand on a command line and in the ``name`` of an authority. InvalidParameter for all else.
    """
    if not (text[:1].isalnum() and text.isprintable() and text == text.strip()):
        raise InvalidParameter(f"a consumer's name begins with a letter or digit and is printable; {text!r} is not")
    if len(text) > CONSUMER_NAME_CHARACTERS_MAX:
        raise InvalidParameter(f"a consumer's name has at most {CONSUMER_NAME_CHARACTERS_MAX} characters")
    return text
