"""A stop in good order: what was begun is answered, subscribers are told, and the next start goes on from there."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import urllib.request
from pathlib import Path

import pytest

from tests.samples import statement
from tests.system.access import STATEMENTS, WAIT_S, add_consumer, authorization, client, key_of, token_of
from tests.system.listener import listening
from tests.system.server import Server, running

SERVER_STOPS = (1001, 1012)


async def stopped(server: Server) -> None:
    """Ask it to stop and wait for its end, while this event loop goes on."""
    assert await asyncio.to_thread(server.stop) in (0, -signal.SIGTERM)


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_subscribers_are_told_and_go_on_after_the_restart(tmp_path: Path, workers: str) -> None:
    with running(tmp_path / "data", "--workers", workers) as server:
        await told_and_gone_on(server, workers)
    assert "Traceback" not in server.output


async def told_and_gone_on(server: Server, workers: str) -> None:
    add_consumer(server, "engine", "stream", "statements/write")
    token = token_of(server, "engine")
    async with listening(f"{server.stream_url}?from=now", authorization(token)) as listener:
        await listener.until("live")
        async with asyncio.TaskGroup() as group:
            end = group.create_task(listener.closed())
            group.create_task(stopped(server))
        assert end.result() in SERVER_STOPS
    await asyncio.to_thread(server.start, "--workers", workers)
    async with client(server, token) as writer:
        made = [statement() for _ in range(2)]
        assert (await writer.post(STATEMENTS, json=made)).status_code == 200
    async with listening(f"{server.stream_url}?after={listener.told['main']}", authorization(token)) as again:
        assert await again.ids(2) == [one["id"] for one in made]


def test_a_request_that_has_begun_is_answered(server: Server) -> None:
    """Its body comes only after the server was asked to stop; new connections are refused by then."""
    add_consumer(server, "lms", "statements/write", "statements/read/mine")
    made = statement()
    body = json.dumps(made).encode()
    credential = key_of(server, "lms")
    headers = {"X-Experience-API-Version": "1.0.3", **authorization(credential), "Content-Length": str(len(body))}
    lines = [f"POST {STATEMENTS} HTTP/1.1", "Host: lrs", *(f"{name}: {value}" for name, value in headers.items())]
    with socket.create_connection(("127.0.0.1", server.port), timeout=WAIT_S) as begun:
        begun.sendall("\r\n".join([*lines, "", ""]).encode() + body[:10])
        # An answer to another request shows that the server has read what came before it.
        urllib.request.urlopen(f"{server.endpoint}about", timeout=WAIT_S).close()
        os.kill(server.pid, signal.SIGTERM)
        wait_until_refused(server.port)
        begun.sendall(body[10:])
        answer = b""
        while piece := begun.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 200 "), answer
    assert made["id"].encode() in answer
    server.stop()
    server.start()


def wait_until_refused(port: int) -> None:
    """Return once the server takes no more connections."""
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=WAIT_S):
                continue
        except ConnectionError:
            return
