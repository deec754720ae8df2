"""What subscribers cost, how fast they catch up, and how soon a revoked one is gone.

    python -m benchmarks.stream

Subscribers are blocking sockets of this process; the server is a process of its own, on this machine.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from statistics import median

from benchmarks.load import Outcome, Plan, plan_of, run
from benchmarks.parts import Aim, Found, Part, markdown
from benchmarks.servers import Server, command_line, lrs_server, memory_bytes
from benchmarks.subscribers import CatchUp, catch_up, course_query, frames, let_have_files, subscriber
from lrs.benchmark.frames import CLOSE
from lrs.cli.register import register
from lrs.subscriptions.closing import TOKEN_REVOKED

IDLE = 1_000
STALLED = 100
BATCH = 100
WARM_UP_BATCHES = 300
BATCHES = 1_000
SECONDS_MAX = 120.0
REVOCATIONS = 10
_STALLED_BYTES = 4 * 1024


def measure(repetitions: int) -> Found:  # noqa: ARG001
    """All of it once, on one server. Bytes are those of the server process; revocations run until the close."""
    let_have_files(2 * (IDLE + STALLED))
    # What stalls is to stay as long as it is measured, and all subscribers hold one token.
    patience = {"LRS_SEND_BLOCKED_S": "3600", "LRS_CONNECTIONS_PER_TOKEN_MAX": str(2 * (IDLE + STALLED))}
    with lrs_server(patience) as server:
        # First, since a server loads some of what it needs when it has started, and is weighed when it is at rest.
        revocations_s = [_revoke(server) for _ in range(REVOCATIONS)]
        idle_bytes = _idle(server)
        (alone,) = run(_plan(server, WARM_UP_BATCHES, seed=1))
        before = memory_bytes(server.pid)
        with ExitStack() as stack:
            for _ in range(STALLED):
                stack.enter_context(subscriber(server, "from=now", receive_bytes=_STALLED_BYTES))
            Path(f"/proc/{server.pid}/clear_refs").write_text("5")
            (stalled,) = run(_plan(server, BATCHES, seed=2))
            grown = memory_bytes(server.pid) - before
            peak = memory_bytes(server.pid, "VmHWM") - before
        everything = catch_up(server, "from=beginning")
        one_course = catch_up(server, f"from=beginning&{course_query()}", passed=everything.told)
    return {
        "idle_bytes": idle_bytes,
        "alone": asdict(alone),
        "stalled": asdict(stalled),
        "stalled_bytes": grown,
        "stalled_peak_bytes": peak,
        "revocations_s": revocations_s,
        "everything": asdict(everything),
        "one_course": asdict(one_course),
    }


def tables(found: Found) -> Mapping[str, str]:
    """The figures as Markdown."""
    alone, stalled = Outcome(**found["alone"]), Outcome(**found["stalled"])
    took_ms = [seconds * 1e3 for seconds in found["revocations_s"]]
    rows = {
        f"memory for each of {IDLE:,} idle subscriptions": f"**{found['idle_bytes'] / 1024:.1f} KiB**",
        f"memory for {STALLED} readers that take nothing, after {stalled.statements:,} statements written": (
            f"**{found['stalled_bytes'] / 1024**2:.1f} MiB** (at most {found['stalled_peak_bytes'] / 1024**2:.1f} MiB)"
        ),
        f"statements/s written meanwhile, in batches of {BATCH}": (
            f"{stalled.per_s:,.0f} ({alone.per_s:,.0f} without readers)"
        ),
        "from the revocation of a token to the close of its stream": (
            f"**{median(took_ms):.0f} ms** (at most {max(took_ms):.0f} ms of {len(took_ms)})"
        ),
        "catching up from the beginning with everything": _speed(CatchUp(**found["everything"])),
        "catching up from the beginning with one course": _speed(CatchUp(**found["one_course"])),
    }
    return {"stream": markdown(("", ""), list(rows.items()))}


def aims(found: Found) -> Sequence[Aim]:
    """What an idle subscription holds."""
    idle_kb = found["idle_bytes"] / 1000
    return [Aim("idle subscription", "40 kB", f"{idle_kb:.1f} kB", idle_kb <= 40)]


def _speed(one: CatchUp) -> str:
    return f"**{one.per_s:,.0f} statements/s** ({one.told:,} of {one.passed:,} in {one.seconds:.2f} s)"


def _idle(server: Server) -> float:
    """Bytes for each subscription that waits at the head."""
    with ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(subscriber(server, "from=now"))
        before = memory_bytes(server.pid)
        for number in range(IDLE):
            stack.enter_context(subscriber(server, course_query(number % 20)))
        return (memory_bytes(server.pid) - before) / IDLE


def _revoke(server: Server) -> float:
    """Seconds from when `lrs token revoke` sets out to write until the subscriber of the token is told of the close."""
    assert server.data is not None
    token = command_line(server.data, "token", "issue", "reader").strip()
    with register(server.data) as room, subscriber(server, "from=now", token=token) as stream:
        began = time.perf_counter()
        room.administration.consumers.revoke_token(room.actor, token)
        for opcode, payload in frames(stream):
            if opcode == CLOSE:
                assert int.from_bytes(payload[:2]) == TOKEN_REVOKED.code, payload
                break
        return time.perf_counter() - began


def _plan(server: Server, batches: int, *, seed: int) -> Plan:
    return plan_of(
        server,
        method="POST",
        connections=4,
        requests=batches,
        seed=seed,
        batch=BATCH,
        warm_up_requests=0,
        seconds_max=SECONDS_MAX,
    )


PART = Part(measure, tables, aims)


if __name__ == "__main__":
    print(tables(measure(1))["stream"])
