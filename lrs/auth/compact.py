"""The compact form of a signed token (RFC 7515 3.1), read strictly and within bounds before any signature is checked.

Whatever is wrong, of whatever form, is one and the same Unauthenticated.
"""

from __future__ import annotations

import base64
from typing import Any, NamedTuple

from lrs.errors import Unauthenticated
from lrs.xapi.decode import decode_json

REFUSAL = "the token is not valid"

CLOCK_LEEWAY_S = 60
"""How far in the future a token may have been issued: two servers' clocks differ."""

HEADER_BYTES_MAX = 512
DEPTH_MAX = 8
_SECOND_MAX = 253_402_300_799  # 9999-12-31T23:59:59Z, beyond which no date library goes.


class Compact(NamedTuple):
    """A token taken apart; nothing of it is proven yet."""

    header: dict[str, Any]
    payload: bytes
    signed: bytes
    """What the signature is for."""
    signature: bytes


def taken_apart(token: str, bytes_max: int) -> Compact:
    """The parts of ``token``, three as it must be. Unauthenticated, or what the decoders raise: see ``refusing``."""
    if len(token) > bytes_max or not token.isascii():
        raise Unauthenticated(REFUSAL)
    parts = token.encode().split(b".", 3)
    if len(parts) != 3:
        raise Unauthenticated(REFUSAL)
    header, payload, signature = (base64url(part) for part in parts)
    if len(header) > HEADER_BYTES_MAX:
        raise Unauthenticated(REFUSAL)
    members = decode_json(header, depth_max=DEPTH_MAX)
    if not isinstance(members, dict):
        raise Unauthenticated(REFUSAL)
    return Compact(members, payload, parts[0] + b"." + parts[1], signature)


def claims_of(payload: bytes) -> dict[str, Any]:
    """The claims in ``payload``."""
    body = decode_json(payload, depth_max=DEPTH_MAX)
    if not isinstance(body, dict):
        raise Unauthenticated(REFUSAL)
    return body


def base64url(part: bytes) -> bytes:
    """The bytes of ``part`` in the one spelling that RFC 7515 2 allows: no padding, no stray bits, no other letters."""
    raw = base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    if base64.urlsafe_b64encode(raw).rstrip(b"=") != part:
        raise Unauthenticated(REFUSAL)
    return raw


def text_in(body: dict[str, Any], name: str) -> str:
    """The text in member ``name``, which must be there and not be empty."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise Unauthenticated(REFUSAL)
    return value


def second_in(body: dict[str, Any], name: str) -> int:
    """The whole second since the epoch in member ``name``, which must be there."""
    value = body.get(name)
    # A boolean is an int to Python, and a float may be infinite.
    if type(value) is not int or not 0 <= value <= _SECOND_MAX:
        raise Unauthenticated(REFUSAL)
    return value
