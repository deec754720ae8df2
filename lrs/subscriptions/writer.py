"""The thread that keeps durable cursors, so that no acknowledgement waits for the disk."""

from __future__ import annotations

import threading

from lrs.clock import Clock
from lrs.errors import LrsError
from lrs.statements.record import Place
from lrs.subscriptions.durables import DurableName, DurableStore
from lrs.telemetry import logger

PAUSE_S = 1.0
"""What is acknowledged in so long is written together; after a crash it may have to be acknowledged again."""


class CursorWriter:
    """All durable cursors of one process. To be closed before the store.

    ``epoch``: that of the log; ``most``: how many cursors a consumer may have.
    """

    def __init__(self, store: DurableStore, clock: Clock, *, epoch: bytes, most: int) -> None:
        self._store = store
        self._clock = clock
        self._epoch = epoch
        self._most = most
        self._pending: dict[DurableName, Place] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._closing = False
        self._thread: threading.Thread | None = None

    def named(self, consumer_id: int, name: str, *, reset: bool = False) -> KeptCursor:
        """The cursor called ``name`` of a consumer; with ``reset``, what was kept under it counts no more."""
        return KeptCursor(self, DurableName(consumer_id, name), reset=reset)

    def begin(self, name: DurableName, place: Place, *, reset: bool) -> Place:
        """See ``DurableStore``; what was acknowledged in this process and is not written yet counts too."""
        self.flush()
        now_us = self._clock.now_us()
        return self._store.begin(name, place, epoch=self._epoch, now_us=now_us, reset=reset, most=self._most)

    def keep(self, name: DurableName, place: Place) -> None:
        """``name`` is to be moved to ``place`` soon."""
        with self._lock:
            self._pending[name] = max(place, self._pending.get(name, place))
            if self._thread is None and not self._closing:
                self._thread = threading.Thread(target=self._run, name="lrs-cursors", daemon=True)
                self._thread.start()
        self._wake.set()

    def hurry(self, name: DurableName) -> None:
        """What is to be kept of ``name`` should be written at once."""
        if name in self._pending:
            self._hurry.set()

    def flush(self) -> None:
        """Write what is pending now. Raises StoreUnavailable; then it is still pending."""
        with self._writing:
            with self._lock:
                pending, self._pending = self._pending, {}
            if not pending:
                return
            try:
                self._store.move(pending, epoch=self._epoch, now_us=self._clock.now_us())
            except LrsError:
                with self._lock:
                    for name, place in pending.items():
                        self._pending[name] = max(place, self._pending.get(name, place))
                raise

    def close(self) -> None:
        """Write what is pending, and end the thread."""
        with self._lock:
            self._closing = True
        self._hurry.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        self._flush_or_say()

    def _run(self) -> None:
        while not self._closing:
            self._wake.wait()
            self._wake.clear()
            self._hurry.wait(PAUSE_S)
            self._hurry.clear()
            if not self._flush_or_say():
                self._wake.set()

    def _flush_or_say(self) -> bool:
        try:
            self.flush()
        except LrsError as error:
            logger.warning("durable_cursors_pending", code=error.code, message=error.message)
            return False
        return True


class KeptCursor:
    """One of them: see ``Durable`` for every method."""

    __slots__ = ("_name", "_reset", "_writer")

    def __init__(self, writer: CursorWriter, name: DurableName, *, reset: bool) -> None:
        self._writer = writer
        self._name = name
        self._reset = reset

    def begin(self, place: Place) -> Place:
        return self._writer.begin(self._name, place, reset=self._reset)

    def keep(self, place: Place) -> None:
        self._writer.keep(self._name, place)

    def release(self) -> None:
        self._writer.hurry(self._name)

    def flush(self) -> None:
        self._writer.flush()
