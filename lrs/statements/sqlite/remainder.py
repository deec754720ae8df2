"""Commits without anybody who waits for them, as long as an earlier one has left something to do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from lrs.errors import LrsError
from lrs.telemetry import logger


class Appending(Protocol):
    """Whoever commits for the log."""

    @property
    def unfinished(self) -> bool:
        """Whether a commit should follow also when nobody appends."""


class Remainder:
    """``commit`` has the writer commit once more, and blocks until it has. Others come in between."""

    def __init__(self, appending: Callable[[], Appending], commit: Callable[[], object]) -> None:
        self._appending = appending
        self._commit = commit
        self._wake = threading.Event()
        self._closing = False
        self._thread: threading.Thread | None = None

    @property
    def needed(self) -> bool:
        """Whether there is something left."""
        return self._appending().unfinished

    def look(self) -> None:
        """To be called after each commit."""
        if not self.needed or self._closing:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="lrs-remainder", daemon=True)
            self._thread.start()
        self._wake.set()

    def close(self) -> None:
        """To be called before the writer is closed; what is left is done when the store is opened again."""
        self._closing = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            if self._closing:
                return
            try:
                self._commit()
            except LrsError as error:
                # The next commit that succeeds comes back to it.
                logger.warning("inheritance_pending", code=error.code, message=error.message)
