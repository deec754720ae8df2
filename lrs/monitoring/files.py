"""What the disk tells of a store, and where the processes of one server leave their numbers for each other."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

WORKERS_MAX = 256
STALE_S = 10.0
"""Numbers that are older are of a process that has ended."""

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Process(NamedTuple):
    """What this process uses."""

    cpu_s: float
    resident_bytes: int
    descriptors: int


def process() -> Process | None:
    """What this process uses; None where the system does not tell in the way of Linux."""
    try:
        cpu = os.times()
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES
        return Process(cpu.user + cpu.system, resident, len(list(Path("/proc/self/fd").iterdir())))
    except (OSError, ValueError, IndexError):
        return None


def size_bytes(path: Path) -> int:
    """The size of a file; 0 if it is not there."""
    with suppress(OSError):
        return path.stat().st_size
    return 0


def free_bytes(folder: Path) -> int:
    """What may still be written to the disk of ``folder`` by this user; raises OSError."""
    about = os.statvfs(folder)
    return about.f_bavail * about.f_frsize


class Siblings:
    """The processes that serve one store on one port. Each has the least number that is free, for as long as it runs.

    ``folder`` is made when missing. Numbers of a process are a file that it replaces, and that the others read.
    """

    def __init__(self, folder: Path, port: int) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._prefix = f"worker-{port}-"
        self.number, self._lock = self._take_number()

    def publish(self, content: bytes) -> None:
        """Let the others read ``content``; raises OSError."""
        path = self._path(self.number)
        fresh = path.with_suffix(".new")
        fresh.write_bytes(content)
        fresh.replace(path)

    def others(self, now_s: float) -> Iterator[tuple[int, bytes]]:
        """(number, what it published last) of each other process that did so a short while before ``now_s``, which is
        in seconds since 1970.
        """
        for path in sorted(self._folder.glob(f"{self._prefix}*.json")):
            number = path.stem.removeprefix(self._prefix)
            if not number.isdigit() or int(number) == self.number:
                continue
            with suppress(OSError):
                if now_s - path.stat().st_mtime < STALE_S:
                    yield int(number), path.read_bytes()

    def close(self) -> None:
        """Leave; the number is free again."""
        with suppress(OSError):
            self._path(self.number).unlink(missing_ok=True)
        os.close(self._lock)

    def _path(self, number: int) -> Path:
        return self._folder / f"{self._prefix}{number}.json"

    def _take_number(self) -> tuple[int, int]:
        for number in range(WORKERS_MAX):
            path = self._folder / f"{self._prefix}{number}.lock"
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
            else:
                return number, descriptor
        raise OSError(f"there are {WORKERS_MAX} processes on this store already")
