"""The real server sends its traces where the standard variables say."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.samples import statement
from tests.system.access import STATEMENTS, WAIT_S, add_consumer, blocking_client, key_of
from tests.system.server import running


@contextmanager
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """Where a collector listens, and what it was sent."""
    bodies: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", bodies
        finally:
            server.shutdown()
            thread.join()


def test_spans_of_requests_and_commits_reach_the_collector(tmp_path: Path) -> None:
    with (
        collector() as (endpoint, bodies),
        running(tmp_path / "data", OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_BSP_SCHEDULE_DELAY="100") as server,
    ):
        add_consumer(server, "lms", "statements/write")
        with blocking_client(server, key_of(server, "lms")) as lms:
            assert lms.post(STATEMENTS, json=statement(learner="secret-learner")).status_code == 200
        deadline = time.monotonic() + WAIT_S
        while not all(name in b"".join(bodies) for name in (b"lrs.commit", b"POST /xapi/statements", b"lrs-lite")):
            assert time.monotonic() < deadline, server.output
            time.sleep(0.05)
        assert b"secret-learner" not in b"".join(bodies)
