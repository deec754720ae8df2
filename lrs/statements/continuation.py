"""``more``: how a page says where the next one begins, without the server remembering anything.

The text holds the query, the place, and what the reader may see, under a signature: whoever follows it gets the rest
of the same query under its own grant as it is now, and nobody can follow another's.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple

from lrs.errors import InvalidParameter

_SIGNATURE_BYTES = 16
_SIGHT_BYTES = 8
_CURSOR_LENGTH = 30


class Continuation(NamedTuple):
    """``cursor``: the place after which to go on; ``query``: the query string of the first page."""

    cursor: str
    query: str


class Continuations:
    """Writes and reads the continuations of one store. ``secret``: at least 32 bytes."""

    def __init__(self, secret: bytes) -> None:
        self._key = hashlib.sha256(b"lrs-lite more" + secret).digest()

    def write(self, continuation: Continuation, sight: bytes) -> str:
        """Text for the ``more`` parameter; ``sight`` is the visibility digest of the reader."""
        body = sight[:_SIGHT_BYTES] + continuation.cursor.encode() + continuation.query.encode()
        return urlsafe_b64encode(self._signature(body) + body).rstrip(b"=").decode()

    def read(self, text: str, sight: bytes) -> Continuation:
        """The continuation in ``text``.

        InvalidParameter when this store did not write it, or wrote it for a reader with another sight: other consumer,
        other scopes, or a grant that has changed since.
        """
        try:
            raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        except (binascii.Error, ValueError):
            raw = b""
        signature, body = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._signature(body)):
            raise InvalidParameter("more was not given by this server, or is damaged: repeat the first query")
        if not hmac.compare_digest(body[:_SIGHT_BYTES], sight[:_SIGHT_BYTES]):
            raise InvalidParameter("more was given to a reader who may see something else: repeat the first query")
        rest = body[_SIGHT_BYTES:].decode()
        return Continuation(rest[:_CURSOR_LENGTH], rest[_CURSOR_LENGTH:])

    def _signature(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")[:_SIGNATURE_BYTES]
