"""``lrs serve``: how the process starts, listens and ends."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.hardening.wire import handshake, wire
from tests.system.access import WAIT_S, authorization, token_for
from tests.system.server import Server, clean_environment, running


def test_a_free_port_is_taken_and_told(tmp_path: Path) -> None:
    with running(tmp_path / "data", any_port=True) as server:
        assert server.port > 0
        assert f"http://127.0.0.1:{server.port}" in server.lines[0]


def test_it_tells_how_to_make_the_first_consumer(server: Server) -> None:
    assert "lrs consumer add" in server.output
    assert "lrs token issue" in server.output


def test_it_may_have_as_many_sockets_as_the_system_allows(tmp_path: Path) -> None:
    """Also where a shell allows few; otherwise strangers who connect and say nothing use them up."""
    few = ("bash", "-c", 'ulimit -Sn 64; exec "$0" -m lrs "$@"', sys.executable)
    server = Server(tmp_path / "data", command=few)
    try:
        server.start()
        with contextlib.ExitStack() as stack:
            for _ in range(200):
                stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=WAIT_S)
            stack.callback(connection.close)
            connection.request("GET", "/xapi/about")
            assert connection.getresponse().read()
    finally:
        server.close()


def test_it_says_nothing_of_what_it_is_built_with(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", "/xapi/about")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.getheader("Server") is None


def test_a_request_to_stop_ends_it_in_good_order(server: Server) -> None:
    pid = server.pid
    server.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert "Traceback" not in server.output
    server.start()


def test_after_a_kill_it_starts_again_on_the_same_store(server: Server) -> None:
    server.run("consumer", "add", "engine")
    server.kill()
    server.start()
    assert [consumer["name"] for consumer in server.run_json("consumer", "list")] == ["engine"]


def test_several_workers_share_one_port(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", LRS_LOG_LEVEL="warning")
    try:
        server.start("--workers", "2")
        for _ in range(20):
            connection = http.client.HTTPConnection("127.0.0.1", server.port)
            connection.request("GET", "/xapi/about")
            assert connection.getresponse().read()
            connection.close()
    finally:
        server.close()
    assert "Traceback" not in server.output


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    """Otherwise they would hold the port, and the server could not be started again."""
    server = Server(tmp_path / "data", LRS_LOG_LEVEL="warning")
    try:
        server.start("--workers", "2")
        server.kill()
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", server.port)):
                break
            time.sleep(0.1)
        server.start("--workers", "2")
    finally:
        server.close()


def fails(*options: str, **settings: str) -> str:
    """What it says when it can't start."""
    done = subprocess.run(
        [sys.executable, "-m", "lrs", "serve", *options],
        capture_output=True,
        text=True,
        env=clean_environment(**settings),
        check=False,
        timeout=WAIT_S,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


def test_a_port_that_is_taken_is_told_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"127.0.0.1:{port}" in fails("--port", str(port), "--data", str(tmp_path))


def test_a_setting_that_cannot_be_used_is_told_in_one_line(tmp_path: Path) -> None:
    assert "LRS_HEARTBEAT_S" in fails("--data", str(tmp_path), LRS_HEARTBEAT_S="soon")


def test_an_issuer_that_cannot_be_trusted_is_told_in_one_line(tmp_path: Path) -> None:
    told = fails("--data", str(tmp_path), LRS_OIDC_ISSUERS='[{"issuer":"http://id.example.org"}]')
    assert "LRS_OIDC_ISSUERS" in told


def test_the_bounds_of_connections_are_settings(tmp_path: Path) -> None:
    """Of heads that are too long or take too long, and of websockets that leave pings unanswered."""
    bounds = {"LRS_HEAD_BYTES_MAX": "40000", "LRS_HEAD_S": "0.5", "LRS_PING_S": "0.1", "LRS_PONG_S": "0.1"}
    with running(tmp_path / "data", **bounds) as server:
        with wire(server.port) as long:
            long.send(b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 45_000)
            assert long.status() == 431
        with wire(server.port) as slow:
            slow.send(b"GET / HTTP/1.1\r\n")
            assert slow.rest() == b""
        opening = handshake("/xapi/stream", authorization(token_for(server, "engine", "stream")))
        with wire(server.port) as deaf:
            deaf.send(opening)
            assert deaf.status() == 101
            assert deaf.close_code() == 4009
