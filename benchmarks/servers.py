"""The servers that are compared: lrs-lite as users start it, and the least that a Python server can do.

The bare handler is Starlette on uvicorn with the same options. A body it reads, parses with orjson and answers with the
ids; a page is so many bytes that never change. It checks nothing and stores nothing: nobody can be faster with these
tools, so its rate is the yardstick.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lrs.benchmark.requests import Target

STOP_S = 15
HOST = "127.0.0.1"
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Server:
    """A server process that listens. ``authorization`` is what a writer sends, ``trusted`` a trusted one; ``token``
    is a subscriber's. ``data``: the folder of its store, for ``lrs``. ``started_s``: how long it took to answer.
    """

    port: int
    pid: int
    authorization: str = ""
    trusted: str = ""
    token: str = ""
    data: Path | None = None
    started_s: float = 0.0

    @property
    def reading(self) -> Target:
        """The endpoint as its reader speaks to it."""
        return Target("http", HOST, self.port, "/xapi", f"Bearer {self.token}")


KEEPING_NOTHING = {"LRS_KEPT_PAGES_BYTES_MAX": "0"}
"""Settings with which every page is read anew, though nothing is written."""


@contextmanager
def lrs_server(
    settings: Mapping[str, str] | None = None, *, store: Path | None = None, workers: int = 1, program: str = "lrs"
) -> Iterator[Server]:
    """lrs-lite with ``settings`` (``LRS_…``) on ``store`` (a folder), or on a throw-away one; ends with the block.

    ``program``: a module that is started in its place, and changes something about it.
    """
    with tempfile.TemporaryDirectory(prefix="lrs-benchmark-") as folder:
        data = store or Path(folder) / "store"
        known = _credentials(data)
        command = [sys.executable, "-m", program, "serve", "--data", str(data), "--port", "0", "--log-level", "warning"]
        command += ["--workers", str(workers)]
        began = time.perf_counter()
        with _listening(command, {**environment(), **(settings or {})}) as (port, pid):
            yield Server(port, pid, **known, data=data, started_s=time.perf_counter() - began)


@contextmanager
def bare_server(page_bytes: int = 0) -> Iterator[Server]:
    """The bare handler, whose page is so long; ends with the block."""
    with _listening([sys.executable, "-m", "benchmarks.servers", str(page_bytes)], environment()) as (port, pid):
        yield Server(port, pid, "Basic none", "Basic none")


@contextmanager
def broadcast_server() -> Iterator[Server]:
    """The least that sends to many (``benchmarks.broadcast``); ends with the block."""
    with _listening([sys.executable, "-m", "benchmarks.broadcast"], environment()) as (port, pid):
        yield Server(port, pid, "Basic none")


def cpu_s(pid: int) -> float:
    """CPU seconds of the process and its children so far, user and system, all threads."""
    return _used_s(Path(f"/proc/{pid}")) + sum(map(cpu_s, _children(pid)))


def _children(pid: int) -> list[int]:
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def loop_cpu_s(pid: int) -> tuple[float, float]:
    """CPU seconds so far of the first thread of the process, which runs the event loop, and of all others that work
    for it, in its own process or in children.
    """
    loop_s = _used_s(Path(f"/proc/{pid}/task/{pid}"))
    return loop_s, cpu_s(pid) - loop_s


def _used_s(task: Path) -> float:
    """CPU seconds of a process or thread, a folder of /proc: user and system."""
    fields = (task / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def memory_bytes(pid: int, row: str = "VmRSS") -> int:
    """``VmRSS``: what the process holds in memory; ``VmHWM``: the most since that was last cleared. Both with what its
    children hold and do not share.
    """
    found = re.search(rf"{row}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    held = int(found[1])
    for child in _children(pid):
        held += sum(map(int, re.findall(r"Private_\w+:\s+(\d+) kB", Path(f"/proc/{child}/smaps_rollup").read_text())))
    return held * 1024


def command_line(data: Path, *arguments: str) -> str:
    """What ``lrs`` answers on the store in ``data``. RuntimeError when it fails."""
    command = [sys.executable, "-m", "lrs", *arguments, "--data", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
    return done.stdout


def environment() -> dict[str, str]:
    """The environment without settings, so that a benchmark is the same everywhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LRS_")}


def _credentials(data: Path) -> dict[str, str]:
    """Those of the benchmark for a store, made when it is met first and kept beside it."""
    kept = data.with_name(f"{data.name}.credentials.json")
    if data.is_dir() and kept.exists():
        known: dict[str, str] = json.loads(kept.read_text())
        return known
    command_line(data, "consumer", "add", "writer", "--scope", "statements/write")
    command_line(data, "consumer", "add", "platform", "--openedx")
    command_line(data, "consumer", "add", "reader", "--scope", "stream", "--scope", "statements/read")
    known = {
        "authorization": _basic(data, "writer"),
        "trusted": _basic(data, "platform"),
        "token": command_line(data, "token", "issue", "reader").strip(),
    }
    kept.touch(mode=0o600)
    kept.write_text(json.dumps(known))
    return known


def _basic(data: Path, consumer: str) -> str:
    key = json.loads(command_line(data, "key", "add", consumer, "--json"))
    return "Basic " + b64encode(f"{key['key']}:{key['secret']}".encode()).decode()


@contextmanager
def _listening(command: Sequence[str], variables: dict[str, str]) -> Iterator[tuple[int, int]]:
    """(port, process id) of ``command``, which prints its address in its first line."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**variables, "PYTHONUNBUFFERED": "1"}
    ) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://[^\s/]+:(\d+)", process.stdout.readline())
            if found is None:
                raise RuntimeError(f"{' '.join(command)} did not start")
            threading.Thread(target=process.stdout.read, daemon=True).start()
            yield int(found[1]), process.pid
        finally:
            process.terminate()
            process.wait(STOP_S)


async def _store_nothing(request: Request) -> Response:
    """Read, parse, answer."""
    value = orjson.loads(await request.body())
    if request.method == "PUT":
        return Response(status_code=204)
    ids = [one["id"] for one in value] if isinstance(value, list) else [value["id"]]
    return Response(orjson.dumps(ids), media_type="application/json")


class _Bare(uvicorn.Server):
    """A server that says where it listens."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        assert sockets
        print(f"http://{HOST}:{sockets[0].getsockname()[1]}", flush=True)


def main() -> None:
    """The bare server, until it is told to end."""
    page = b"x" * int(sys.argv[1])

    async def constant(_: Request) -> Response:
        return Response(page, media_type="application/json")

    app = Starlette(
        routes=[
            Route("/xapi/statements", _store_nothing, methods=["PUT", "POST"]),
            Route("/xapi/statements", constant, methods=["GET"]),
        ]
    )
    config = uvicorn.Config(app, access_log=False, log_config=None, server_header=False, proxy_headers=False)
    _Bare(config).run(sockets=[socket.create_server((HOST, 0), backlog=2048)])


if __name__ == "__main__":
    main()
