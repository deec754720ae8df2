"""What subscribers cost, how fast they catch up, and how soon a revoked one is gone.

    python -m benchmarks.stream

Subscribers are blocking sockets of this process; the server is a process of its own, on this machine.
"""

from __future__ import annotations

import re
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import BinaryIO
from urllib.parse import quote

from benchmarks.load import Outcome, Plan, run
from benchmarks.servers import HOST, Server, lrs_server
from lrs.cli.register import register
from lrs.simulation.mix import make_courses
from lrs.subscriptions.closing import TOKEN_REVOKED

IDLE = 1_000
STALLED = 100
BATCH = 100
WARM_UP_BATCHES = 300
BATCHES = 1_000
SECONDS_MAX = 120.0
REVOCATIONS = 20
COURSE = 14
"""The course out of 20 to which about 1 % of the statements belong."""

_CLOSE = 8
_STALLED_BYTES = 4 * 1024
_WAIT_S = 120.0


@dataclass(frozen=True, slots=True)
class CatchUp:
    """One subscriber's way from the beginning to the head: statements told to it, out of all that there were."""

    told: int
    passed: int
    seconds: float

    @property
    def per_s(self) -> float:
        """Statements told in a second."""
        return self.told / self.seconds


@dataclass(frozen=True, slots=True)
class Figures:
    """Bytes are those of the server process; ``revocations_s`` run until the close."""

    idle_bytes: float
    alone: Outcome
    stalled: Outcome
    stalled_bytes: int
    stalled_peak_bytes: int
    revocations_s: list[float]
    everything: CatchUp
    one_course: CatchUp


def measure() -> Figures:
    """All of it, on one server; some minutes at most."""
    _let_have_files(2 * (IDLE + STALLED))
    # What stalls is to stay as long as it is measured, and all subscribers hold one token.
    patience = {"LRS_SEND_BLOCKED_S": "3600", "LRS_CONNECTIONS_PER_TOKEN_MAX": str(2 * (IDLE + STALLED))}
    with lrs_server(**patience) as server:
        idle_bytes = _idle(server)
        revocations_s = [_revoke(server) for _ in range(REVOCATIONS)]
        alone = run(_plan(server, WARM_UP_BATCHES, seed=1))
        before = _memory_bytes(server, "VmRSS")
        with ExitStack() as stack:
            for _ in range(STALLED):
                stack.enter_context(_subscriber(server, "from=now", receive_bytes=_STALLED_BYTES))
            Path(f"/proc/{server.pid}/clear_refs").write_text("5")
            stalled = run(_plan(server, BATCHES, seed=2))
            grown = _memory_bytes(server, "VmRSS") - before
            peak = _memory_bytes(server, "VmHWM") - before
        everything = _catch_up(server, "from=beginning")
        course = quote(make_courses(COURSE + 1)[COURSE].key, safe=":")
        one_course = _catch_up(server, f"from=beginning&course={course}", passed=everything.told)
    return Figures(idle_bytes, alone, stalled, grown, peak, revocations_s, everything, one_course)


def table(found: Figures) -> str:
    """The figures as Markdown."""
    took_ms = [seconds * 1e3 for seconds in found.revocations_s]
    rows = {
        f"memory for each of {IDLE:,} idle subscriptions": f"**{found.idle_bytes / 1024:.1f} KiB**",
        f"memory for {STALLED} readers that take nothing, after {found.stalled.statements:,} statements written": (
            f"**{found.stalled_bytes / 1024**2:.1f} MiB** (at most {found.stalled_peak_bytes / 1024**2:.1f} MiB)"
        ),
        f"statements/s written meanwhile, in batches of {BATCH}": (
            f"{found.stalled.per_s:,.0f} ({found.alone.per_s:,.0f} without readers)"
        ),
        "from the revocation of a token to the close of its stream": (
            f"**{median(took_ms):.0f} ms** (at most {max(took_ms):.0f} ms of {len(took_ms)})"
        ),
        "catching up from the beginning with everything": _speed(found.everything),
        "catching up from the beginning with one course": _speed(found.one_course),
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())])


def _speed(one: CatchUp) -> str:
    return f"**{one.per_s:,.0f} statements/s** ({one.told:,} of {one.passed:,} in {one.seconds:.2f} s)"


def _idle(server: Server) -> float:
    """Bytes for each subscription that waits at the head."""
    with ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(_subscriber(server, "from=now"))
        before = _memory_bytes(server, "VmRSS")
        for number in range(IDLE):
            course = quote(f"course-v1:DemoX+Botany{number % 20}+2026", safe=":")
            stack.enter_context(_subscriber(server, f"course={course}"))
        return (_memory_bytes(server, "VmRSS") - before) / IDLE


def _revoke(server: Server) -> float:
    """Seconds from when `lrs token revoke` sets out to write until the subscriber of the token is told of the close."""
    assert server.data is not None
    with register(server.data) as room:
        token = room.issuer.issue_token("reader").token
        with _subscriber(server, "from=now", token=token) as stream:
            began = time.perf_counter()
            room.issuer.revoke_token(token)
            for opcode, payload in _frames(stream):
                if opcode == _CLOSE:
                    assert int.from_bytes(payload[:2]) == TOKEN_REVOKED.code, payload
                    break
            return time.perf_counter() - began


def _catch_up(server: Server, query: str, *, passed: int | None = None) -> CatchUp:
    """From the handshake until the server says that the head is reached."""
    began, told = time.perf_counter(), 0
    with _subscriber(server, query, until_live=False) as stream:
        for _, payload in _frames(stream):
            if payload.startswith(b'{"type":"live"'):
                break
            told += payload.count(b'"stored":')
        seconds = time.perf_counter() - began
        return CatchUp(told, told if passed is None else passed, seconds)


@contextmanager
def _subscriber(
    server: Server, query: str, *, token: str = "", receive_bytes: int | None = None, until_live: bool = True
) -> Iterator[BinaryIO]:
    """The frames of a subscription that was opened by its URL, from the first or from the one after ``live``."""
    with socket.socket() as made:
        if receive_bytes is not None:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        made.settimeout(_WAIT_S)
        made.connect((HOST, server.port))
        made.sendall(
            f"GET /xapi/stream?{query} HTTP/1.1\r\nHost: {HOST}:{server.port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            f"Authorization: Bearer {token or server.token}\r\n\r\n".encode()
        )
        with made.makefile("rb") as stream:
            status = stream.readline()
            assert status.startswith(b"HTTP/1.1 101 "), status
            while stream.readline().strip():
                pass
            if until_live:
                assert any(payload.startswith(b'{"type":"live"') for _, payload in _frames(stream))
            yield stream


def _frames(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """(opcode, payload) of each frame of a server, until it closes."""
    while len(head := stream.read(2)) == 2:
        size = head[1]
        if size > 125:
            size = int.from_bytes(stream.read(2 if size == 126 else 8))
        yield head[0] & 15, stream.read(size)


def _plan(server: Server, batches: int, *, seed: int) -> Plan:
    return Plan(
        host=HOST,
        port=server.port,
        pid=server.pid,
        authorization=server.authorization,
        method="POST",
        connections=4,
        requests=batches,
        seed=seed,
        batch=BATCH,
        warm_up_requests=0,
        seconds_max=SECONDS_MAX,
    )


def _memory_bytes(server: Server, row: str) -> int:
    """``VmRSS``: what the process holds in memory; ``VmHWM``: the most since that was last cleared."""
    found = re.search(rf"{row}:\s+(\d+) kB", Path(f"/proc/{server.pid}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


def _let_have_files(count: int) -> None:
    """Raise how many sockets this process, and the server that it starts, may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def main() -> None:
    print(table(measure()))


if __name__ == "__main__":
    main()
