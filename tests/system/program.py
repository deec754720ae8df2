"""A program as a process of its own, which a test may kill and start again."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.system.server import clean_environment

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
WAIT_S = 60


class Program:
    """``command``, with ``token`` in its environment. ``lines``: what it has printed since it was started last."""

    def __init__(self, *command: str, token: str) -> None:
        self.lines: list[str] = []
        self._command = command
        self._environment = clean_environment(TOKEN=token)
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self.lines.clear()
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=self._environment
        )
        threading.Thread(target=self._read, args=(self._process,), daemon=True).start()

    def wait_for_line(self, start: str) -> str:
        """The first line that begins so."""
        deadline = time.monotonic() + WAIT_S
        while True:
            for line in list(self.lines):
                if line.startswith(start):
                    return line
            assert self._process is not None
            assert self._process.poll() is None, self.lines
            assert time.monotonic() < deadline, self.lines
            time.sleep(0.01)

    def wait(self) -> int:
        """Until it ends by itself; its exit status."""
        assert self._process is not None
        return self._process.wait(WAIT_S)

    def kill(self) -> None:
        """As a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(WAIT_S)

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self.lines.append(line.rstrip("\n"))


@contextmanager
def program(*command: str, token: str) -> Iterator[Program]:
    """Not started yet, and killed at the end."""
    made = Program(*command, token=token)
    try:
        yield made
    finally:
        made.kill()


def example(name: str, *arguments: str, token: str) -> AbstractContextManager[Program]:
    """``examples/NAME`` with these arguments."""
    return program(sys.executable, str(EXAMPLES / name), *arguments, token=token)
