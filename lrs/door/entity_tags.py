"""ETags: how a client knows which state of a resource it has seen (Communication 3.1, RFC 9110 8.8.3)."""

from __future__ import annotations

import hashlib


def entity_tag(body: bytes) -> str:
    """The ETag of an answer with this ``body``: its SHA-1 in hexadecimal, quoted, as 1.0.3 asks."""
    return f'"{hashlib.sha1(body, usedforsecurity=False).hexdigest()}"'
