"""Payloads as rows hold them: packed, with a dictionary that knows what most statements have in common.

About a quarter is left of the bytes, so the same store takes less disk, less writing before each commit and less memory
for its pages, and packing takes less time than writing the rest would. The first byte tells: ``{`` begins a payload as
it is; any other is the number of a dictionary of this store, and a zstd frame (RFC 8878) made with it follows. The
exact bytes come back.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

import zstandard

from lrs.errors import StoreCorrupt

SHIPPED = Path(__file__).with_name("payload.dictionary")
"""What new stores begin with; made by ``scripts/train_dictionary.py``, from samples without a single learner."""

LEVEL = 3
_MANY = 32
"""For fewer payloads, one call for all costs more than it saves."""

_PLAIN = b"{"[0]
_NONE = 0


class Packer:
    """Packs for one writer; to be used by one thread at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        number, content = connection.execute(
            "SELECT number, content FROM payload_dictionary ORDER BY number DESC LIMIT 1"
        ).fetchone()
        dictionary = zstandard.ZstdCompressionDict(content)
        dictionary.precompute_compress(LEVEL)
        self._number = bytes([number])
        self._compressor = zstandard.ZstdCompressor(
            LEVEL, dict_data=dictionary, write_checksum=False, write_dict_id=False
        )

    def pack(self, payload: bytes) -> bytes:
        """``payload``, a JSON object, as a row holds it."""
        return self._shorter(payload, self._compressor.compress(payload))

    def pack_all(self, payloads: Sequence[bytes]) -> list[bytes]:
        """The same for each of ``payloads``."""
        if len(payloads) < _MANY:
            return list(map(self.pack, payloads))
        # In one call, because after each call the interpreter's lock must be waited for.
        packed = self._compressor.multi_compress_to_buffer([*payloads])
        return [self._shorter(payload, packed[at].tobytes()) for at, payload in enumerate(payloads)]

    def _shorter(self, payload: bytes, packed: bytes) -> bytes:
        return self._number + packed if len(packed) < len(payload) else payload


class Unpacker:
    """Unpacks for readers in any thread; dictionaries are read when first needed, and never change."""

    def __init__(self) -> None:
        self._contents: dict[int, bytes] = {}
        self._own = _Decompressors()

    def unpack(self, connection: sqlite3.Connection, packed: bytes) -> bytes:
        """The payload in ``packed``. Raises StoreCorrupt when there is none."""
        return self.unpack_all(connection, (packed,))[0]

    def unpack_all(self, connection: sqlite3.Connection, packed: Sequence[bytes]) -> list[bytes]:
        """The same for each of ``packed``."""
        numbers = {one[0] if one else _NONE for one in packed}
        if len(numbers) == 1 and len(packed) > 1:
            return self._unpack_alike(connection, packed, numbers.pop())
        return [self._unpack_alike(connection, (one,), one[0] if one else _NONE)[0] for one in packed]

    def _unpack_alike(self, connection: sqlite3.Connection, packed: Sequence[bytes], number: int) -> list[bytes]:
        if number == _PLAIN:
            return list(packed)
        decompressor = self._own.by_number.get(number) or self._decompressor(connection, number)
        frames: list[bytes | bytearray | memoryview] = [one[1:] for one in packed]
        try:
            if len(frames) == 1:
                return [decompressor.decompress(frames[0])]
            # In one call, because after each call the interpreter's lock must be waited for.
            found = decompressor.multi_decompress_to_buffer(frames)
            return [found[at].tobytes() for at in range(len(frames))]
        except (zstandard.ZstdError, ValueError) as error:
            raise StoreCorrupt(f"a payload can't be unpacked: {error}") from error

    def _decompressor(self, connection: sqlite3.Connection, number: int) -> zstandard.ZstdDecompressor:
        if number not in self._contents:
            found = connection.execute("SELECT content FROM payload_dictionary WHERE number = ?", (number,)).fetchone()
            if found is None:
                raise StoreCorrupt("a payload is packed with a dictionary that is not there")
            self._contents[number] = found[0]
        made = zstandard.ZstdDecompressor(dict_data=zstandard.ZstdCompressionDict(self._contents[number]))
        self._own.by_number[number] = made
        return made


class _Decompressors(threading.local):
    """Those of the running thread, because one of them must not be used by two threads at once."""

    def __init__(self) -> None:
        self.by_number: dict[int, zstandard.ZstdDecompressor] = {}
