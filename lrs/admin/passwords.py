"""How passwords are kept and compared: argon2id (RFC 9106), with the library's parameters of today."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from lrs.errors import InvalidParameter

CHARACTERS_MIN = 12
CHARACTERS_MAX = 200

_HASHER = PasswordHasher()


def acceptable(password: str, name: str) -> str:
    """``password`` in the one form that stands for all ways to type it; InvalidParameter says what it lacks."""
    normal = _normal(password)
    if not CHARACTERS_MIN <= len(normal) <= CHARACTERS_MAX:
        raise InvalidParameter(f"a password has {CHARACTERS_MIN} to {CHARACTERS_MAX} characters")
    if name.lower() in normal.lower() and len(name) > 3:
        raise InvalidParameter("a password does not contain the name")
    if len(set(normal)) < 4:
        raise InvalidParameter("a password has more than three different characters")
    return normal


def hashed(password: str) -> str:
    """What is stored of an acceptable password. Takes tens of milliseconds and 64 MiB, as it must."""
    return _HASHER.hash(password)


def verified(password: str, stored: str | None) -> bool:
    """Whether ``password`` is the one of ``stored``; without a stored one it takes as long, and the answer is no."""
    if len(password) > CHARACTERS_MAX:
        # Nobody has one; and normalising may not cost more the longer it is.
        password = ""
    try:
        _HASHER.verify(stored or _nobodys(), _normal(password))
    except (VerificationError, InvalidHashError):
        return False
    return bool(stored)


def _normal(password: str) -> str:
    """The same text however a keyboard composes it (NIST SP 800-63B 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return _HASHER.hash("nobody has this password")
