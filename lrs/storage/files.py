"""Files named by the SHA-2 hash of what is in them: written whole, once, and never changed.

What comes in lies below ``incoming/`` until it is kept; then it is on disk under its name before anybody refers to it.
Between that and the commit that refers to it, a note in ``incoming/`` says that it may be an orphan, so cleaning up
after refusals and crashes costs as much as they left behind, and not as much as the store holds.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from lrs.errors import LrsError, StoreCorrupt, StoreUnavailable

_ALGORITHMS: Final = {56: hashlib.sha224, 64: hashlib.sha256, 96: hashlib.sha384, 128: hashlib.sha512}
_NAME = re.compile(r"[0-9a-f]+")
_NOTE_SUFFIX: Final = ".note"
_CHUNK_BYTES: Final = 128 * 1024
_CLEARED_MAX: Final = 10_000


def is_name(text: str) -> bool:
    """Whether ``text`` is a hash of the SHA-2 family in lower-case hexadecimal digits."""
    return len(text) in _ALGORITHMS and _NAME.fullmatch(text) is not None


class ContentFiles:
    """The files of one store, below ``folder``, which is made when the first one comes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.incoming = folder / "incoming"

    def upload(self, memory_bytes_max: int) -> Upload:
        """A place for data that comes in; up to ``memory_bytes_max`` of it does not touch the disk until it is kept."""
        return Upload(self, memory_bytes_max)

    def path(self, name: str) -> Path:
        """Where the file ``name`` is, or would be."""
        assert is_name(name), "only hashes are names"
        return self._folder / name[:2] / name

    def size(self, name: str) -> int:
        """Bytes of the file ``name``; StoreCorrupt if it is not there, StoreUnavailable if it can't be read."""
        with _refusals(name):
            return self.path(name).stat().st_size

    def chunks(self, name: str) -> Iterator[bytes]:
        """What is in the file ``name``, piece by piece; raises as ``size`` does."""
        with _refusals(name), self.path(name).open("rb", buffering=0) as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk

    def check(self, name: str) -> None:
        """Raise StoreCorrupt unless the file ``name`` is there and holds what its name says."""
        digest = _ALGORITHMS[len(name)]()
        for chunk in self.chunks(name):
            digest.update(chunk)
        if digest.hexdigest() != name:
            raise StoreCorrupt(f"the attachment {name} holds something else than what was stored")

    def clear(self, referred: Callable[[Collection[str]], Collection[str]]) -> int:
        """Delete what refusals and crashes left behind, of all processes; returns how many files that were.

        ``referred`` tells which of some names the store refers to. Nothing is done while any process takes uploads.
        """
        if not self.incoming.is_dir():
            return 0
        with _refusals(), self._locked(fcntl.LOCK_EX | fcntl.LOCK_NB) as locked:
            if not locked:
                return 0
            with os.scandir(self.incoming) as entries:
                left = [entry.name for entry in islice(entries, _CLEARED_MAX)]
            noted = set(filter(is_name, (entry.removesuffix(_NOTE_SUFFIX) for entry in left)))
            orphans = noted.difference(referred(noted))
            for name in orphans:
                _forget(self.path(name))
            for entry in left:
                _forget(self.incoming / entry)
        return len(orphans)

    def remove(self, names: Collection[str], referred: Callable[[Collection[str]], Collection[str]]) -> bool:
        """Delete those of ``names`` to which nobody refers (any more). False when uploads are in the way: try again."""
        if not self.incoming.is_dir():
            return True
        # An upload may be about to refer to data that is there already.
        with _refusals(), self._locked(fcntl.LOCK_EX | fcntl.LOCK_NB) as locked:
            if not locked:
                return False
            paths = [self.path(name) for name in set(names).difference(referred(names))]
            for path in paths:
                path.unlink(missing_ok=True)
            synchronise({path.parent for path in paths})
        return True

    def make(self) -> None:
        """Make the folders; when ``incoming`` is there, all of them are, and on disk."""
        if self.incoming.is_dir():
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in range(256):
            (self._folder / f"{number:02x}").mkdir(mode=0o700, exist_ok=True)
        synchronise([self._folder, self._folder.parent])
        self.incoming.mkdir(mode=0o700, exist_ok=True)

    def lock(self, operation: int) -> int:
        """A descriptor that holds the lock shared by uploads; closing it lets go."""
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, operation)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    @contextmanager
    def _locked(self, operation: int) -> Iterator[bool]:
        try:
            descriptor = self.lock(operation)
        except BlockingIOError:
            yield False
            return
        try:
            yield True
        finally:
            os.close(descriptor)


class Upload:
    """The data of one request, one file after the other; a context manager, for one thread at a time.

    Each file is begun, written and ended. What is not kept is gone when the block ends. Every method raises
    StoreUnavailable when the disk is full or fails.
    """

    def __init__(self, files: ContentFiles, memory_bytes_max: int) -> None:
        self._files = files
        self._memory_left = memory_bytes_max
        self._in_memory: dict[str, bytes] = {}
        self._on_disk: dict[str, Path] = {}
        self._notes: dict[str, Path] = {}
        self._lock: int | None = None
        self._name = ""
        self._hash = hashlib.sha256()
        self._pieces = bytearray()
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._drop_file(self._file)
        for path in self._on_disk.values():
            _forget(path)
        if self._lock is not None:
            os.close(self._lock)

    @property
    def names(self) -> Collection[str]:
        """The hashes of what has come whole."""
        return self._in_memory.keys() | self._on_disk.keys()

    def begin(self, name: str) -> None:
        """The data of the file ``name``, a hash, follows."""
        assert is_name(name), "only hashes are names"
        self._name, self._hash, self._pieces = name, _ALGORITHMS[len(name)](), bytearray()

    def write(self, data: bytes) -> None:
        """The next bytes of it."""
        self._hash.update(data)
        with _refusals():
            if self._file is not None:
                self._file.write(data)
                return
            self._pieces += data
            if len(self._pieces) > self._memory_left:
                self._file = self._temporary(self._name)
                self._file.write(self._pieces)

    def end(self) -> bool:
        """It is complete; whether it has the hash that it is named by. If not, it is dropped."""
        file, self._file = self._file, None
        matches = self._hash.hexdigest() == self._name
        new = matches and self._name not in self.names
        if file is None:
            if new:
                self._in_memory[self._name] = bytes(self._pieces)
                self._memory_left -= len(self._pieces)
        elif new:
            with _refusals():
                file.close()
            self._on_disk[self._name] = Path(file.name)
        else:
            self._drop_file(file)
        return matches

    def size(self, name: str) -> int:
        """Bytes of what came as ``name``."""
        with _refusals():
            return len(self._in_memory[name]) if name in self._in_memory else self._on_disk[name].stat().st_size

    def read(self, name: str) -> bytes:
        """All of what came as ``name``; to be asked before it is kept."""
        with _refusals():
            return self._in_memory[name] if name in self._in_memory else self._on_disk[name].read_bytes()

    def keep(self, names: Iterable[str]) -> None:
        """Have the files ``names``, which came with this upload, durably on disk: after this they may be referred to.

        Until ``settle``, they count as orphans if this process dies.
        """
        with _refusals():
            folders = set()
            for name in names:
                final = self._files.path(name)
                folders.add(final.parent)
                if name in self._in_memory:
                    with self._temporary(name) as file:
                        file.write(self._in_memory.pop(name))
                    self._on_disk[name] = Path(file.name)
                if final.exists():
                    continue
                synchronise([self._on_disk[name]])
                self._notes[name] = self._files.incoming / f"{name}{_NOTE_SUFFIX}"
                self._notes[name].touch(mode=0o600)
                self._on_disk[name].rename(final)
            synchronise(folders)

    def settle(self, referred: Iterable[str]) -> None:
        """Those of the kept files that the store refers to by now are no orphans any more."""
        for name in referred:
            if name in self._notes:
                _forget(self._notes.pop(name))

    def _temporary(self, name: str) -> BinaryIO:
        """A new file below ``incoming/``. The lock says to all processes that it is not left behind."""
        if self._lock is None:
            self._files.make()
            self._lock = self._files.lock(fcntl.LOCK_SH)
        path = self._files.incoming / f"{name}.{secrets.token_hex(8)}"
        return open(path, "xb", opener=_private)

    def _drop_file(self, file: BinaryIO) -> None:
        with suppress(OSError):
            file.close()
        _forget(Path(file.name))


def synchronise(paths: Iterable[Path]) -> None:
    """Have files, or the entries of folders, on disk before this returns."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def _forget(path: Path) -> None:
    """Delete ``path``; if that fails, the next clearing does it."""
    with suppress(OSError):
        path.unlink(missing_ok=True)


@contextmanager
def _refusals(name: str = "") -> Iterator[None]:
    """What the system refuses, in words of ours."""
    try:
        yield
    except FileNotFoundError as error:
        if name:
            raise StoreCorrupt(f"the attachment {name} is missing from the store") from error
        raise _unavailable(error) from error
    except OSError as error:
        raise _unavailable(error) from error


def _unavailable(error: OSError) -> LrsError:
    return StoreUnavailable(f"attachments can't be stored or read: {error.strerror}")
