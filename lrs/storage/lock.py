"""Who has a store open: a lock on a small file beside it, shared by all who use the store, held alone to replace it.

The system lets go of it when a process ends, however it ends.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lrs.errors import StoreUnavailable


class SharedLock:
    """Held by a process for as long as it has the store open. Raises StoreUnavailable while the store is replaced."""

    def __init__(self, database: Path) -> None:
        self._descriptor = _locked(database, fcntl.LOCK_SH, "is being replaced by another process")

    def close(self) -> None:
        os.close(self._descriptor)


@contextmanager
def held_alone(database: Path) -> Iterator[None]:
    """Nobody else has the store open, or can open it. Raises StoreUnavailable when somebody has."""
    descriptor = _locked(database, fcntl.LOCK_EX, "is open in another process: stop the server and its commands first")
    try:
        yield
    finally:
        os.close(descriptor)


def is_unused(database: Path) -> bool:
    """Whether nobody has the store open at this moment; also when there is none yet."""
    if not database.exists():
        return True
    try:
        with held_alone(database):
            return True
    except StoreUnavailable:
        return False


def _locked(database: Path, operation: int, otherwise: str) -> int:
    path = database.with_name(database.name + "-lock")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreUnavailable(f"can't open the store {database}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise StoreUnavailable(f"the store {database} {otherwise}") from None
    return descriptor
