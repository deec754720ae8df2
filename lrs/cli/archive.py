"""The file of a backup: a tar archive, packed by gzip or not, with the database and the data of attachments.

Its first member says what it is; ``lrs.sqlite3`` and ``attachments/`` follow, as they lie in the folder of a store. The
last one says that nothing is missing, since an archive that was cut off between two members looks whole.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import orjson

from lrs.errors import RequestError, StoreCorrupt
from lrs.storage.files import ContentFiles, is_name

FORMAT = 1
_MANIFEST, _DATABASE, _ATTACHMENTS, _END = "lrs-backup.json", "lrs.sqlite3", "attachments/", "lrs-backup.end"
_MANIFEST_BYTES_MAX = 64 * 1024
_CHUNK_BYTES = 1024 * 1024
_GZIP_MAGIC = b"\x1f\x8b"


class Manifest(NamedTuple):
    """What a backup says of itself. ``made_us``: microseconds since the epoch."""

    records: int
    attachments: int
    made_us: int


class Contents(NamedTuple):
    """What goes into a backup: a database, and ``names`` out of ``files``."""

    database: Path
    names: Iterable[str]
    files: ContentFiles


def write_archive(path: Path, manifest: Manifest, contents: Contents, done: Callable[[], None]) -> list[str]:
    """Write the file ``path``, which is packed if its name ends with gz; ``done`` is told of each attachment.

    Returns the names of attachments whose data is not there.
    """
    missing = []
    with _written(path) as out, tarfile.open(fileobj=out, mode="w|") as archive:
        text = orjson.dumps({"format": FORMAT, **manifest._asdict()})
        archive.addfile(_member(_MANIFEST, len(text)), io.BytesIO(text))
        _add(archive, _DATABASE, contents.database)
        for name in contents.names:
            try:
                _add(archive, f"{_ATTACHMENTS}{name[:2]}/{name}", contents.files.path(name))
            except FileNotFoundError:
                missing.append(name)
            done()
        archive.addfile(_member(_END, 0), io.BytesIO())
    return missing


def read_archive(path: Path, database: Path, files: ContentFiles, done: Callable[[int], None]) -> Manifest:
    """Write what is in the file ``path`` to ``database`` and ``files``; ``done`` is told how many bytes were read.

    Nothing else in it, whatever its name, is written anywhere. Raises RequestError when it is no backup, StoreCorrupt
    when an attachment is not what its name says.
    """
    try:
        with path.open("rb") as raw, _unpacked(raw) as unpacked, tarfile.open(fileobj=unpacked, mode="r|") as archive:
            members = iter(archive)
            manifest, whole = _manifest(archive, next(members, None)), False
            for member in members:
                if member.isreg():
                    _take(archive, member, database, files)
                whole = member.name == _END
                done(raw.tell())
    except (tarfile.TarError, EOFError, gzip.BadGzipFile) as error:
        raise RequestError(f"{path} is not a whole backup: {error}") from error
    if not whole or not database.exists():
        raise RequestError(f"{path} is not a whole backup: something is missing")
    return manifest


def _take(archive: tarfile.TarFile, member: tarfile.TarInfo, database: Path, files: ContentFiles) -> None:
    """Write one member where it belongs, if it belongs anywhere."""
    content = archive.extractfile(member)
    assert content is not None
    name = member.name.rpartition("/")[2]
    if member.name == _DATABASE:
        database.touch(mode=0o600)
        with database.open("wb") as out:
            for chunk in _chunks(content):
                out.write(chunk)
    elif is_name(name) and member.name == f"{_ATTACHMENTS}{name[:2]}/{name}":
        with files.upload(0) as upload:
            upload.begin(name)
            for chunk in _chunks(content):
                upload.write(chunk)
            if not upload.end():
                raise StoreCorrupt(f"the attachment {name} in the backup holds something else than its name says")
            upload.keep([name])
            upload.settle([name])


def _manifest(archive: tarfile.TarFile, member: tarfile.TarInfo | None) -> Manifest:
    content = archive.extractfile(member) if member is not None and member.name == _MANIFEST else None
    try:
        found: Any = orjson.loads(content.read(_MANIFEST_BYTES_MAX)) if content is not None else {}
        if found["format"] != FORMAT:
            raise RequestError(f"this backup has the format {found['format']}; this version reads {FORMAT}")
        return Manifest(*(int(found[field]) for field in Manifest._fields))
    except (KeyError, TypeError, ValueError):
        raise RequestError("this is not a backup of lrs-lite") from None


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size = size
    member.mode = 0o600
    return member


def _add(archive: tarfile.TarFile, name: str, path: Path) -> None:
    with path.open("rb") as content:
        archive.addfile(_member(name, path.stat().st_size), content)


def _chunks(content: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: content.read(_CHUNK_BYTES), b"")


@contextmanager
def _written(path: Path) -> Iterator[IO[bytes]]:
    path.touch(mode=0o600)
    with path.open("wb") as raw:
        if path.suffix in (".gz", ".tgz"):
            with gzip.open(raw, "wb", compresslevel=6) as packed:
                yield cast("IO[bytes]", packed)
        else:
            yield raw


@contextmanager
def _unpacked(raw: IO[bytes]) -> Iterator[IO[bytes]]:
    packed = raw.read(2) == _GZIP_MAGIC
    raw.seek(0)
    if packed:
        with gzip.open(raw) as unpacked:
            yield cast("IO[bytes]", unpacked)
    else:
        yield raw
