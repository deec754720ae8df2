"""How processes on one store tell each other of themselves: files in a folder beside it, which nothing has to outlive.

A process holds a lock on one file for as long as it runs, which the system lets go of however it ends, and writes what
it has to tell into another, which it replaces.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NUMBERS_MAX = 256


class Siblings:
    """This process among those of its ``family`` in ``folder``, which is made when missing; raises OSError.

    ``number`` is the least that was free; it is this one's until ``close``.
    """

    def __init__(self, folder: Path, family: str) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._family = family
        with self._alone():
            self.number, self._lock = self._take_number()
        # Somebody who had the number before may have ended badly.
        self._path(self.number).unlink(missing_ok=True)

    def tell(self, content: bytes) -> None:
        """Let the others read ``content``, in place of what was told before; raises OSError."""
        path = self._path(self.number)
        fresh = path.with_suffix(".new")
        fresh.write_bytes(content)
        fresh.replace(path)

    def told(self, since_s: float) -> dict[int, bytes | None]:
        """What each of the others that run told last, by number; None if that was before ``since_s``, which is in
        seconds since 1970. Raises OSError.
        """
        with self._alone():
            others = [number for number in self._numbers() if number != self.number and self._runs(number)]
        return {number: self._read(number, since_s) for number in others}

    def ask(self) -> None:
        """Show all that somebody wants to hear of them; raises OSError."""
        self._asked.touch(mode=0o600)

    def asked_at_s(self) -> float:
        """When any of them asked last, in seconds since 1970; minus infinity if nobody did."""
        with suppress(OSError):
            return self._asked.stat().st_mtime
        return float("-inf")

    def close(self) -> None:
        """Leave; the number is free again."""
        with suppress(OSError):
            self._path(self.number).unlink(missing_ok=True)
        os.close(self._lock)

    @property
    def _asked(self) -> Path:
        return self._folder / f"{self._family}-asked"

    def _path(self, number: int, suffix: str = ".json") -> Path:
        return self._folder / f"{self._family}-{number}{suffix}"

    def _read(self, number: int, since_s: float) -> bytes | None:
        path = self._path(number)
        with suppress(OSError):
            if path.stat().st_mtime > since_s:
                return path.read_bytes()
        return None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Whoever looks at locks takes them for a moment: meanwhile nobody takes a number."""
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _numbers(self) -> list[int]:
        stems = (path.stem.removeprefix(f"{self._family}-") for path in self._folder.glob(f"{self._family}-*.lock"))
        return sorted(int(stem) for stem in stems if stem.isdecimal())

    def _runs(self, number: int) -> bool:
        descriptor = self._lock_of(number)
        if descriptor is not None:
            os.close(descriptor)
        return descriptor is None

    def _take_number(self) -> tuple[int, int]:
        for number in range(NUMBERS_MAX):
            descriptor = self._lock_of(number)
            if descriptor is not None:
                return number, descriptor
        raise OSError(f"there are {NUMBERS_MAX} processes on this store already")

    def _lock_of(self, number: int) -> int | None:
        """A descriptor that holds the lock of ``number``; None while a process has that number."""
        descriptor = os.open(self._path(number, ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor
