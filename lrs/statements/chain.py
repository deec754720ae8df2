"""The hash chain over the log: each record vouches for all before it.

A link is SHA-256 over the previous link, position, id, ``stored`` and the SHA-256 of the payload. It holds the
digest and not the payload itself, so a record whose payload the law demands to be erased can leave its digest behind
and the chain still holds.
"""

from __future__ import annotations

import hashlib

from lrs.statements.record import StatementId

GENESIS = bytes(32)
"""The link before the first record."""


def link(previous: bytes, position: int, statement_id: StatementId, stored_us: int, payload: bytes) -> bytes:
    """The 32-byte link of a record after ``previous``."""
    return link_of(previous, position, statement_id, stored_us, digest(payload))


def link_of(previous: bytes, position: int, statement_id: StatementId, stored_us: int, payload_digest: bytes) -> bytes:
    """The same for a record of whose payload the digest is left."""
    return hashlib.sha256(
        previous + position.to_bytes(8, "big") + statement_id + stored_us.to_bytes(8, "big") + payload_digest
    ).digest()


def digest(payload: bytes) -> bytes:
    """What the chain holds of a payload: 32 bytes."""
    return hashlib.sha256(payload).digest()
