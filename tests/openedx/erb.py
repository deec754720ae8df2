"""The real event-routing-backends (ERB) in a process and an environment of its own, driven over a pipe.

What it says is described in ``tests/openedx/erb_project/__main__.py``.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-erb" / "bin" / "python"

WAIT_S = 90


def basic(endpoint: str, key: str, secret: str) -> dict[str, str]:
    """A row of ERB's table of routes, with Basic authentication."""
    return {"route_url": endpoint, "auth_scheme": "Basic", "username": key, "password": secret}


def bearer(endpoint: str, token: str) -> dict[str, str]:
    """A row of ERB's table of routes, with a token."""
    return {"route_url": endpoint, "auth_scheme": "Bearer", "auth_key": token}


class Erb:
    """ERB as an LMS runs it: tracker, transformer, Celery and client."""

    def __init__(self, folder: Path) -> None:
        self.translates: set[str] = set()
        self.made: dict[str, dict[str, Any]] = {}
        self.sent: set[str] = set()
        self.retried: set[str] = set()
        self.failed: dict[str, str] = {}
        self._errors = folder / "erb.log"
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "ERB_DATABASE": str(folder / "erb.sqlite3"),
        }
        self._changed = threading.Condition()
        self._idle = 0
        self._waits = 0
        self._ended = False

    def __enter__(self) -> Self:
        with self._errors.open("w") as errors:
            self._process = subprocess.Popen(
                [str(PYTHON), "-m", "tests.openedx.erb_project"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=self._environment,
                cwd=ROOT,
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._until(lambda: bool(self.translates))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(WAIT_S)
        self._reader.join(5)
        self._process.stdout.close()

    def send_to(self, route: dict[str, str], *, batch_size: int = 0) -> None:
        """Forget all that was, and send there from now on. ``batch_size`` 0 sends each statement alone."""
        self.wait()
        for forgotten in (self.made, self.sent, self.retried, self.failed):
            forgotten.clear()
        self._order({"route": route, "batch_size": batch_size})

    @property
    def log(self) -> str:
        """What ERB and Django logged."""
        return self._errors.read_text()

    def emit(self, events: Iterable[dict[str, Any]]) -> None:
        """Emit each as the LMS does. Returns before they are sent."""
        for event in events:
            self._order({"emit": event})

    def finish(self, last: dict[str, Any]) -> None:
        """Emit the last event, and return when everything was sent, also what waited for its batch."""
        self.wait()
        self._order({"emit_late": last})
        self.wait()

    def replay(self, log_lines: list[str]) -> None:
        """Replay a tracking log: one batch, however long. Returns before it is sent."""
        self._order({"replay": log_lines})

    def wait(self) -> None:
        """Return when ERB is done with all that it was given, retries included."""
        self._waits += 1
        self._order({"wait": True})
        self._until(lambda: self._idle == self._waits)

    def wait_for_sent(self, count: int) -> None:
        """Return when ERB counts so many statements as sent."""
        self._until(lambda: len(self.sent) >= count)

    def _order(self, order: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def _until(self, reached: Callable[[], bool]) -> None:
        with self._changed:
            in_time = self._changed.wait_for(lambda: reached() or self._ended, WAIT_S)
            assert in_time, f"ERB takes too long: {self.log}"
            assert reached(), f"ERB has ended: {self.log}"

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._changed:
                self._note(json.loads(line))
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _note(self, said: dict[str, Any]) -> None:
        match said["what"]:
            case "ready":
                self.translates = set(said["translates"])
            case "made":
                self.made |= {statement["id"]: statement for statement in said["statements"]}
            case "sent":
                self.sent |= set(said["ids"])
            case "retried":
                self.retried |= set(said["ids"])
            case "failed":
                self.failed |= dict.fromkeys(said["ids"], said["error"])
            case "idle":
                self._idle += 1
