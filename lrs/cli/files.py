"""Files of statements, as `lrs import` reads them."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from lrs.errors import MalformedJson
from lrs.statements.lines import in_array, in_line

_CHUNK_BYTES = 1024 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_HEAD_BYTES = 64 * 1024


class Source(NamedTuple):
    """A file to import. ``name`` tells it from others by where it is and how it begins, so that an import can go on."""

    path: Path
    name: str
    size_bytes: int


class Piece(NamedTuple):
    """One statement of a file, as bytes, and where it ends: ``offset`` in the unpacked text, ``read`` in the file."""

    body: bytes
    offset: int
    read: int


def source(path: Path) -> Source:
    """What is known of the file ``path`` before it is read."""
    with path.open("rb") as file:
        head = hashlib.sha256(file.read(_HEAD_BYTES)).hexdigest()
    return Source(path, f"{path.resolve()} {head}", path.stat().st_size)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, Callable[[int], int]]]:
    """(unpacked bytes of the file, how far the file itself was read when they were read up to an offset)."""
    with path.open("rb") as raw:
        packed = raw.read(2) == _GZIP_MAGIC
        raw.seek(0)
        if packed:
            try:
                with gzip.open(raw) as unpacked:
                    yield cast("BinaryIO", unpacked), lambda _: raw.tell()
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                raise MalformedJson(f"{path} can't be unpacked beyond what was read: {error}") from error
        else:
            yield raw, lambda offset: offset


def pieces(path: Path, *, after: int = 0) -> Iterator[Piece]:
    """The statements of a file that end beyond ``after`` in its unpacked text.

    JSON Lines, a JSON array, or lines of a log, each packed by gzip or not. Raises MalformedJson for a broken array and
    a broken packing; a broken line is given out as it is.
    """
    with _opened(path) as (file, read):
        if _is_array(file):
            for body, offset in in_array(iter(lambda: file.read(_CHUNK_BYTES), b"")):
                if offset > after:
                    yield Piece(body, offset, read(offset))
            return
        file.seek(after)
        offset = after
        for line in file:
            offset += len(line)
            found = in_line(line)
            if found is not None:
                yield Piece(found, offset, read(offset))


def _is_array(file: BinaryIO) -> bool:
    """Whether the text is one array, and not lines that each hold one."""
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    first_line, _, rest = head.lstrip().partition(b"\n")
    return first_line.startswith(b"[") and not (first_line.rstrip().endswith(b"]") and rest.lstrip().startswith(b"["))
