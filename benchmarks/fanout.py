"""How fast a burst reaches many subscribers of one course, beside nats-server where there is one.

    python -m benchmarks.fanout [--repetitions N]

500 subscribers of one course, or of one subject, get 1,000 statements each. nats-server, if it is on the PATH or where
Debian puts it, is asked over its own websocket, by the same client program and by turns. It keeps nothing: lrs-lite
validates, stores with an fsync, indexes and only then sends.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from statistics import median

from benchmarks.burst import LRS, NATS, Burst, Spread, run
from benchmarks.parts import Aim, Found, Part, markdown, ratios, spread
from benchmarks.servers import HOST, STOP_S, lrs_server
from benchmarks.subscribers import let_have_files

SUBSCRIBERS = 500
COUNT = 1_000
_START_S = 10.0
_NOT_THERE = "nats-server was not there"


def measure(repetitions: int) -> Found:
    """``{server: [spread, …]}``, and the version of nats-server or None."""
    let_have_files(2 * SUBSCRIBERS)
    binary = _nats_binary()
    version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True) if binary else None
    found: dict[str, list[dict[str, float]]] = {}
    with ExitStack() as stack:
        server = stack.enter_context(lrs_server({"LRS_CONNECTIONS_PER_TOKEN_MAX": str(SUBSCRIBERS)}))
        sides: dict[str, Callable[[int], Burst]] = {
            LRS: lambda seed: Burst(
                kind=LRS, port=server.port, pid=server.pid, authorization=server.authorization, token=server.token,
                subscribers=SUBSCRIBERS, count=COUNT, seed=seed,
            )
        }  # fmt: skip
        if binary:
            port, pid = stack.enter_context(_nats_server(binary))
            sides[NATS] = lambda seed: Burst(
                kind=NATS, port=port, pid=pid, subscribers=SUBSCRIBERS, count=COUNT, seed=seed
            )
        for repetition in range(repetitions):
            for name in list(sides) if repetition % 2 == 0 else list(sides)[::-1]:
                one = run(sides[name](2_000 + repetition))
                found.setdefault(name, []).append(asdict(one))
                print(f"{name:>12}: {one.per_s:9.0f} deliveries/s, {one.cpu_us:.1f} us", flush=True)
    return {"spreads": found, "nats": version.stdout.strip() if version else None}


def _nats_binary() -> str | None:
    return shutil.which("nats-server", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@contextmanager
def _nats_server(binary: str) -> Iterator[tuple[int, int]]:
    """(port of its websocket, process id); ends with the block."""
    with tempfile.TemporaryDirectory(prefix="lrs-benchmark-") as folder:
        port, websocket = _free_port(), _free_port()
        settings = Path(folder) / "nats.conf"
        settings.write_text(f'listen: "{HOST}:{port}"\nwebsocket {{ listen: "{HOST}:{websocket}", no_tls: true }}\n')
        with subprocess.Popen([binary, "-c", str(settings)], stderr=subprocess.DEVNULL) as process:
            try:
                _wait_for(websocket)
                yield websocket, process.pid
            finally:
                process.terminate()
                process.wait(STOP_S)


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as free:
        port: int = free.getsockname()[1]
        return port


def _wait_for(port: int) -> None:
    end_s = time.monotonic() + _START_S
    while True:
        try:
            socket.create_connection((HOST, port)).close()
        except OSError:
            if time.monotonic() > end_s:
                raise
            time.sleep(0.05)
        else:
            return


def _spreads(found: Found, name: str) -> list[Spread]:
    return [Spread(**one) for one in found["spreads"].get(name, ())]


def _rates(found: Found, name: str) -> list[float]:
    return [one.per_s for one in _spreads(found, name)]


def tables(found: Found) -> Mapping[str, str]:
    """Medians over the repetitions."""
    rows = []
    for name in found["spreads"]:
        made = _spreads(found, name)
        rows.append(
            (
                name if name == LRS else f"{name} ({found['nats'].rpartition(' ')[2]})",
                spread(_rates(found, name), ",.0f"),
                f"{median(one.received_bytes / one.seconds for one in made) / 1e6:,.0f}",
                f"{median(one.cpu_us for one in made):.1f}",
                f"{median(one.server_cpu_s / one.seconds for one in made):.2f}",
                f"{median(one.client_cpu_s / one.seconds for one in made):.2f}",
            )
        )
    headings = ("", "deliveries/s", "MB/s", "server CPU, us/delivery", "server CPU, cores", "client CPU, cores")
    table = markdown(headings, rows)
    if found["nats"] is None:
        return {"fanout": f"{table}\n\n{_NOT_THERE.capitalize()}, so there is nothing to compare with."}
    part = spread(ratios(_rates(found, LRS), _rates(found, NATS)))
    return {"fanout": f"{table}\n\nlrs-lite delivers {part} of what nats-server does."}


def aims(found: Found) -> Sequence[Aim]:
    """As fast as nats-server."""
    what, at_least = "fan-out, 500 subscribers, burst of 1,000", "deliveries/s of nats-server"
    if found["nats"] is None:
        return [Aim(what, at_least, _NOT_THERE, None)]
    part = median(ratios(_rates(found, LRS), _rates(found, NATS)))
    return [Aim(what, at_least, f"{part:.2f} of them", part >= 1)]


PART = Part(measure, tables, aims)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repetitions", type=int, default=5)
    found = measure(parser.parse_args().repetitions)
    print(tables(found)["fanout"])


if __name__ == "__main__":
    main()
