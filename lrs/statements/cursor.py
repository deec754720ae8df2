"""Cursors: places as the outside sees them.

A cursor is the epoch in clear and one enciphered block with the place, so that it tells a restricted reader
nothing about the volume of the log, can't be made up, and says at once when it comes from another history. Equal
places give equal cursors: subscribers who stand there share the frame that holds it.
"""

from __future__ import annotations

import binascii
import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from lrs.errors import CursorInvalid, EpochChanged
from lrs.statements.record import Place

EPOCH_BYTES = 6
_BLOCK_BYTES = 16
_MARK = b"lrscur01"
_TEXT_LENGTH = 30


class Cursors:
    """Seals and opens the cursors of one store. ``secret``: 32 bytes; ``epoch``: 6 bytes, new after a restore."""

    def __init__(self, secret: bytes, epoch: bytes) -> None:
        assert len(epoch) == EPOCH_BYTES
        self.epoch = epoch
        key = hashlib.sha256(b"lrs-lite cursor" + secret).digest()
        # One block of a pseudo-random permutation: ECB is that, and the mark makes forging a 2^-64 chance.
        cipher = Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305
        self._encryptor = cipher.encryptor()
        self._decryptor = cipher.decryptor()

    def seal(self, place: int) -> str:
        """The cursor of ``place``: 30 characters, safe in URLs."""
        block = self._encryptor.update(place.to_bytes(8, "big") + _MARK)
        return urlsafe_b64encode(self.epoch + block).rstrip(b"=").decode("ascii")

    def open(self, text: str) -> Place:
        """The place in the cursor ``text``.

        Raises EpochChanged for a cursor of an earlier history of this store, CursorInvalid for anything else.
        """
        try:
            raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except (binascii.Error, ValueError):
            raise CursorInvalid("this is not a cursor") from None
        if len(text) != _TEXT_LENGTH or len(raw) != EPOCH_BYTES + _BLOCK_BYTES:
            raise CursorInvalid("this is not a cursor")
        if raw[:EPOCH_BYTES] != self.epoch:
            raise EpochChanged(
                "the store's history was replaced since this cursor was given: start from the beginning or from now"
            )
        block = self._decryptor.update(raw[EPOCH_BYTES:])
        if block[8:] != _MARK:
            raise CursorInvalid("this cursor was not given by this store")
        return Place(int.from_bytes(block[:8], "big"))
