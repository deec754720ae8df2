"""The name of a learner within a space.

A pseudonym is HMAC-SHA256 of the learner's canonical IFI under a random secret of the space, cut to a UUID. Without the
secret nobody can make it, not even from a known identifier, and the pseudonyms of two spaces have nothing in common;
with it nothing needs to be stored to show the same learner by the same name again. The form is version 8 of RFC 9562
(5.8), which is for names made by rules of one's own: 4 would claim chance, and 5 is SHA-1 without a key.
"""

from __future__ import annotations

import hmac
from uuid import UUID

from lrs.errors import InvalidParameter

SECRET_BYTES = 32
ANONYMOUS = "anonymous"
"""The name of the one account that stands for everybody where a consumer is shown no actors."""

_PATH = "/pseudonyms"
_VERSION, _VERSION_BITS = 8 << 76, 0xF << 76
_VARIANT, _VARIANT_BITS = 0b10 << 62, 0b11 << 62


def pseudonym(secret: bytes, name: str) -> str:
    """The UUID of the learner with the canonical IFI ``name`` in the space with this ``secret``."""
    number = int.from_bytes(hmac.digest(secret, b"lrs-lite pseudonym " + name.encode(), "sha256")[:16], "big")
    return str(UUID(int=number & ~(_VERSION_BITS | _VARIANT_BITS) | _VERSION | _VARIANT))


def home_page(public_url: str, space: str | None) -> str:
    """The homePage of the accounts by which learners appear in ``space``; None: that of the anonymous one."""
    page = public_url.rstrip("/") + _PATH
    return page if space is None else f"{page}/{space}"


def pseudonym_in(name: str, space: str) -> str | None:
    """The UUID in the canonical IFI ``name``, if that is an account of ``space``, at whatever address of this server.

    The address may have changed since it was shown.
    """
    kind, _, rest = name.partition("|")
    page, _, account = rest.partition("|")
    if kind != "account" or not page.endswith(f"{_PATH}/{space}"):
        return None
    try:
        return str(UUID(account))
    except ValueError:
        return None


def uuid_text(value: object) -> str:
    """``value`` as a pseudonym; InvalidParameter if it is no UUID."""
    try:
        return str(UUID(value if isinstance(value, str) else ""))
    except ValueError:
        raise InvalidParameter("a pseudonym is a UUID") from None
