"""The real server as a process of its own, and its command line on the same store."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

START_S = 120
STOP_S = 60
"""How long it may take; only a fault takes so long."""


def clean_environment(**settings: str) -> dict[str, str]:
    """The environment of the tests without settings of lrs-lite, and with ``settings`` (``LRS_…``) on top."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LRS_")}
    return {**kept, "PYTHONUNBUFFERED": "1", **settings}


@contextmanager
def running(data: Path, *options: str, **settings: Any) -> Iterator[Server]:
    """A server on ``data``, started with ``options`` and ended with the block, whatever state it is in by then."""
    server = Server(data, **settings)
    try:
        server.start(*options)
        yield server
    finally:
        server.close()


class Server:
    """One server on ``data``; it can be killed and started again on the same store, then on the same port, which no
    other server is given meanwhile.
    """

    def __init__(
        self,
        data: Path,
        *,
        command: tuple[str, ...] = (sys.executable, "-m", "lrs"),
        cwd: Path | None = None,
        descriptors: tuple[int, ...] = (),
        any_port: bool = False,
        **settings: str,
    ) -> None:
        """``any_port``: it looks for a port by itself."""
        self.data = data
        self.port = 0
        self._reserved: socket.socket | None = None
        self._any_port = any_port
        self.lines: list[str] = []
        self._command = command
        self._cwd = cwd
        self._descriptors = descriptors
        self._environment = clean_environment(LRS_DATA=str(data), **settings)
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it listens: ``http://127.0.0.1:PORT``."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def endpoint(self) -> str:
        """The xAPI endpoint, with a slash at its end as clients want it."""
        return f"{self.url}/xapi/"

    @property
    def stream_url(self) -> str:
        """The websocket of the stream."""
        return f"ws://127.0.0.1:{self.port}/xapi/stream"

    @property
    def pid(self) -> int:
        """The process that was started; with several workers, their parent."""
        assert self._process is not None
        return self._process.pid

    def start(self, *options: str) -> None:
        """Start it, and return once it answers. AssertionError with what it said when it does not."""
        assert self._process is None, "it runs already"
        if self._reserved is None and not self._any_port:
            self._reserved = _reserved_port()
            self.port = self._reserved.getsockname()[1]
        self._process = subprocess.Popen(
            [*self._command, "serve", "--port", str(self.port), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self._environment,
            cwd=self._cwd,
            pass_fds=self._descriptors,
        )
        listening = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(self._process, listening), daemon=True)
        self._reader.start()
        deadline = time.monotonic() + START_S
        while not listening.wait(0.05) or not self._answers():
            assert self._process.poll() is None, f"the server has ended: {self.output}"
            assert time.monotonic() < deadline, f"the server does not answer: {self.output}"

    @property
    def output(self) -> str:
        """All that it has printed so far."""
        return "\n".join(self.lines)

    def stop(self) -> int:
        """End it as an operator does (SIGTERM), and return its exit status."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut does (SIGKILL): nothing is flushed, nothing is said."""
        self._end(signal.SIGKILL)

    def close(self) -> None:
        """End it if it runs."""
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None
        if self._process is not None:
            self.stop()

    def run(self, *arguments: str) -> str:
        """Run the command line on the same store, and return what it printed. AssertionError when it fails."""
        done = subprocess.run(
            [*self._command, *arguments],
            capture_output=True,
            text=True,
            env=self._environment,
            cwd=self._cwd,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def run_json(self, *arguments: str) -> Any:
        """The same with ``--json``, decoded."""
        return json.loads(self.run(*arguments, "--json"))

    def _read(self, process: subprocess.Popen[str], listening: threading.Event) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self.lines.append(line.rstrip("\n"))
                if not listening.is_set() and (found := re.search(r"http://[^/\s]+:(\d+)", line)):
                    self.port = int(found[1])
                    listening.set()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.endpoint}about", timeout=5):
                return True
        except urllib.error.HTTPError as error:
            error.close()
            return True
        except OSError:
            return False

    def _end(self, with_signal: signal.Signals) -> int:
        assert self._process is not None
        assert self._reader is not None
        process, self._process = self._process, None
        process.send_signal(with_signal)
        try:
            return process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        finally:
            self._reader.join(5)


def _reserved_port() -> socket.socket:
    """Has a port of this machine, on which it does not listen. Whoever names that port may; nobody else is given it."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", 0))
    return made
