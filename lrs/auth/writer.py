"""The threads that note when credentials were last used, and how much was read, so that no request waits for that."""

from __future__ import annotations

import threading
from contextlib import suppress

from lrs.auth.consumers import ConsumerStore
from lrs.auth.reads import Reads
from lrs.auth.sqlite.reads import ReadRows
from lrs.errors import StoreUnavailable

PAUSE_S = 2.0
"""What comes together in so long is written together."""


READS_PAUSE_S = 60.0
"""So often what was read is written down; a crash loses no more than that."""


class ReadWriter:
    """The thread that writes down what consumers were given. ``close`` it before the store."""

    def __init__(self, reads: Reads, rows: ReadRows) -> None:
        self._reads = reads
        self._rows = rows
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lrs-reads", daemon=True)
        self._thread.start()

    def flush(self) -> None:
        """Write what was counted by now; it is dropped when the store can't be written."""
        counts = self._reads.take()
        if counts:
            with suppress(StoreUnavailable):
                self._rows.note(counts)

    def close(self) -> None:
        """Write the rest, and end the thread."""
        self._closing.set()
        self._thread.join()
        self.flush()

    def _run(self) -> None:
        while not self._closing.wait(READS_PAUSE_S):
            self.flush()


class UseWriter:
    """Give ``note`` to an ``Authenticator``, and ``close`` it before the store.

    A use is written at most once in ``last_used_s`` for each credential. When the store can't be written, the note is
    dropped: the next use brings another.
    """

    def __init__(self, consumers: ConsumerStore, *, last_used_s: float, credentials_max: int) -> None:
        self._consumers = consumers
        self._precision_us = int(last_used_s * 1_000_000)
        self._credentials_max = credentials_max
        self._noted: dict[str, int] = {}
        self._pending: dict[str, int] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lrs-last-used", daemon=True)
        self._thread.start()

    def note(self, credential: str, now_us: int) -> None:
        """Remember that ``credential`` was used at ``now_us``; returns at once."""
        # The difference may be negative after the machine's clock was set back.
        if abs(now_us - self._noted.get(credential, -self._precision_us)) < self._precision_us:
            return
        with self._lock:
            if len(self._noted) >= self._credentials_max:
                self._noted.clear()
            self._noted[credential] = now_us
            self._pending[credential] = now_us
        self._wake.set()

    def flush(self) -> None:
        """Write what is pending now."""
        with self._lock:
            pending, self._pending = self._pending, {}
        if pending:
            with suppress(StoreUnavailable):
                self._consumers.note_uses(pending)

    def close(self) -> None:
        """Write what is pending, and end the thread."""
        self._closing.set()
        self._wake.set()
        self._thread.join()
        self.flush()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._wake.wait()
            self._wake.clear()
            self._closing.wait(PAUSE_S)
            self.flush()
