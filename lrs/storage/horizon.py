"""The horizon: up to which time the log is complete, known exactly by every process on one store (invariant 9).

``X-Experience-API-Consistent-Through`` promises that everything stored at it or before is visible. While nobody writes
that is now; while somebody does, it is before the time that this writer has taken for its records. The lock on
a small file tells which, across processes, and is let go by the system when a process is killed. In the file stands the
latest time that was promised, so that no later record can be stored at it or before, even if the clock is set back.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lrs.clock import Clock

_BYTES = 8


class Horizon:
    """The shared promise of one store; ``path`` is a file of its own beside the database."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._clock = clock
        # Locks belong to the open file, so writer and readers of one process need one each to notice each other.
        self._writer_file = _open(path)
        self._reader_file = _open(path)
        self._promised = mmap.mmap(self._reader_file, _BYTES)
        self._reader_lock = threading.Lock()

    @contextmanager
    def writing(self) -> Iterator[int]:
        """Held by the writer around a commit; gives the earliest time that its records may be stored at."""
        fcntl.flock(self._writer_file, fcntl.LOCK_EX)
        try:
            yield max(self._clock.now_us(), self._read() + 1)
        finally:
            fcntl.flock(self._writer_file, fcntl.LOCK_UN)

    def promise_us(self, stored_us: Callable[[], int]) -> int:
        """A time at or before which nothing more will be stored; ``stored_us`` tells that of the committed head.

        Everything stored at it or before is visible to reads that begin after this call.
        """
        with self._reader_lock:
            try:
                fcntl.flock(self._reader_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                # A commit is under way, or was. Its records are stored after what was promised, and all together are
                # committed or not yet: the head is among them, or before them.
                return max(self._read(), stored_us())
            try:
                promised = max(self._clock.now_us(), self._read())
                self._promised[:] = promised.to_bytes(_BYTES, "little")
                return promised
            finally:
                fcntl.flock(self._reader_file, fcntl.LOCK_UN)

    def close(self) -> None:
        self._promised.close()
        os.close(self._reader_file)
        os.close(self._writer_file)

    def _read(self) -> int:
        return int.from_bytes(self._promised[:], "little")


def horizon_path(database: Path) -> Path:
    """The file beside ``database`` through which processes agree on the horizon."""
    return database.with_name(database.name + "-horizon")


def _open(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if os.fstat(descriptor).st_size < _BYTES:
        os.ftruncate(descriptor, _BYTES)
    return descriptor
