"""How a document lies in its slot: a row of bytes whose length never changes.

When rows grow or leave, SQLite moves others from page to page, and leaves copies of them in unused parts of pages,
where no deletion overwrites them. So what a document says, and its id, stand in rows that neither grow nor leave: they
are overwritten, and used again. Everything by which documents are found is a keyed digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import NamedTuple

import orjson

KEY_BYTES = 32
DIGEST_BYTES = 16
BEGINNING_BYTES = 512
"""The head of most slots is within so many."""

_LENGTH_BYTES = 8
_LEAST_BYTES = 64


class Head(NamedTuple):
    """What stands before the body. ``bytes``: where that begins in the slot."""

    id: str
    content_type: str
    body_bytes: int
    bytes: int


def slot_bytes(length: int) -> int:
    """The size of the slot for so many bytes: one of four between each power of two and the next, so that at most a
    fifth of it is empty, most slots fit others, and a document that grows by little stays where it is.
    """
    step = max(_LEAST_BYTES, 1 << max(0, length.bit_length() - 3))
    return -(-length // step) * step


def laid(document_id: str, content_type: str, body: bytes) -> bytes:
    """A document as its slot holds it."""
    head = orjson.dumps([document_id, content_type, len(body)])
    whole = len(head).to_bytes(_LENGTH_BYTES, "big") + head + body
    return whole.ljust(slot_bytes(len(whole)), b"\0")


def head_bytes(beginning: bytes) -> int:
    """Where the head ends; ``beginning`` is as much of the slot as there is, and eight bytes at least."""
    return _LENGTH_BYTES + int.from_bytes(beginning[:_LENGTH_BYTES], "big")


def head_in(beginning: bytes) -> Head:
    """The head; ``beginning`` holds all of it, and perhaps more."""
    end = head_bytes(beginning)
    document_id, content_type, body_bytes = orjson.loads(beginning[_LENGTH_BYTES:end])
    return Head(document_id, content_type, body_bytes, end)


def body_in(content: bytes) -> tuple[str, bytes]:
    """Content type and body of a whole slot."""
    head = head_in(content)
    return head.content_type, content[head.bytes : head.bytes + head.body_bytes]


def digester(key: bytes) -> Callable[..., bytes]:
    """The digest of some texts under the key of a store."""
    keyed = hashlib.blake2b(key=key, digest_size=DIGEST_BYTES)

    def digest(*texts: str) -> bytes:
        one = keyed.copy()
        one.update(orjson.dumps(texts))
        return one.digest()

    return digest
