"""A mark that moves with every administrative write, on whichever process's behalf: cheaper to look at than the store.

Eight bytes in a file beside the database, mapped into memory. A process that is killed between its commit and moving
the mark leaves it where it was, so whoever rests on the mark also looks at the store once in a while.
"""

from __future__ import annotations

import mmap
import os
import secrets
from pathlib import Path

_BYTES = 8


class Mark:
    """The mark of one store; ``path`` is a file of its own beside the database."""

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(descriptor).st_size < _BYTES:
                os.ftruncate(descriptor, _BYTES)
            self._place = mmap.mmap(descriptor, _BYTES)
        finally:
            os.close(descriptor)

    def read(self) -> bytes:
        """Where it is; to be read **before** what it vouches for."""
        return self._place[:]

    def move(self) -> None:
        """Put it somewhere else; to be called **after** a commit, and before that is answered."""
        # Not a counter: two processes that count at once could end at a number that somebody has seen.
        self._place[:] = secrets.token_bytes(_BYTES)

    def close(self) -> None:
        self._place.close()
