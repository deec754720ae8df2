"""The two servers that are compared: lrs-lite as users start it, and the least that a Python server can do.

The bare handler is Starlette on uvicorn with the same options; it reads the body, parses it with orjson and answers the
ids. It checks nothing and stores nothing: nobody can be faster with these tools, so its rate is the yardstick.
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
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

STOP_S = 15
HOST = "127.0.0.1"
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Server:
    """A server process that listens; ``authorization`` is what a writer sends, ``token`` what a subscriber has.

    ``data``: the folder of its store, for ``lrs``.
    """

    port: int
    pid: int
    authorization: str = ""
    token: str = ""
    data: Path | None = None


@contextmanager
def lrs_server(**settings: str) -> Iterator[Server]:
    """lrs-lite on a throw-away store, with ``settings`` (``LRS_…``); ends with the block."""
    with tempfile.TemporaryDirectory(prefix="lrs-benchmark-") as folder:
        data = Path(folder)
        _lrs(data, "consumer", "add", "writer", "--scope", "statements/write")
        key = json.loads(_lrs(data, "key", "add", "writer", "--json"))
        _lrs(data, "consumer", "add", "reader", "--scope", "stream", "--scope", "statements/read")
        token = _lrs(data, "token", "issue", "reader").strip()
        basic = b64encode(f"{key['key']}:{key['secret']}".encode()).decode()
        command = [sys.executable, "-m", "lrs", "serve", "--data", folder, "--port", "0", "--log-level", "warning"]
        with _listening(command, {**_environment(), **settings}) as (port, pid):
            yield Server(port, pid, f"Basic {basic}", token, data)


@contextmanager
def bare_server() -> Iterator[Server]:
    """The bare handler; ends with the block."""
    with _listening([sys.executable, "-m", "benchmarks.servers"], _environment()) as (port, pid):
        yield Server(port, pid, "Basic none")


def cpu_s(pid: int) -> float:
    """CPU seconds of the process so far, user and system, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def _lrs(data: Path, *arguments: str) -> str:
    """What the command line answers on the store in ``data``."""
    command = [sys.executable, "-m", "lrs", *arguments, "--data", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, env=_environment(), check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
    return done.stdout


def _environment() -> dict[str, str]:
    """The environment without settings, so that a benchmark is the same everywhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LRS_")}


@contextmanager
def _listening(command: Sequence[str], environment: dict[str, str]) -> Iterator[tuple[int, int]]:
    """(port, process id) of ``command``, which prints its address in its first line."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**environment, "PYTHONUNBUFFERED": "1"}
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
    app = Starlette(routes=[Route("/xapi/statements", _store_nothing, methods=["PUT", "POST"])])
    config = uvicorn.Config(app, access_log=False, log_config=None, server_header=False, proxy_headers=False)
    _Bare(config).run(sockets=[socket.create_server((HOST, 0), backlog=2048)])


if __name__ == "__main__":
    main()
