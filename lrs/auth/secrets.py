"""The form of secrets: how they are made from randomness, kept, and compared.

A secret has 256 random bits, so one round of SHA-256 keeps it as safe as a slow hash keeps a password, and costs a
request a microsecond instead of a fifth of a second.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable

Entropy = Callable[[int], bytes]
"""Gives that many random bytes: ``secrets.token_bytes``, or something that can be foreseen in tests."""

NO_SECRET_SHA256 = bytes(32)
"""What the secret of an unknown key is compared with, so that it takes as long as a known one."""


def new_key_id(entropy: Entropy) -> str:
    """A public name for a key: 80 bits as 16 lower-case letters and digits, which no shell or URL has to quote."""
    return base64.b32encode(entropy(10)).decode().lower()


def new_secret(entropy: Entropy) -> str:
    """256 bits as 43 characters of base64url."""
    return base64.urlsafe_b64encode(entropy(32)).decode().rstrip("=")


def new_jti(entropy: Entropy) -> str:
    """The public name of a token: 128 bits in hexadecimal."""
    return entropy(16).hex()


def sha256_of(secret: str) -> bytes:
    """What is stored of ``secret``."""
    return hashlib.sha256(secret.encode()).digest()


def matches(secret: str, sha256: bytes) -> bool:
    """Whether ``secret`` is the one that is kept as ``sha256``; takes as long for a near miss as for a far one."""
    return hmac.compare_digest(sha256_of(secret), sha256)
