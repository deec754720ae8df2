"""Connections that take too long to say what they want."""

from __future__ import annotations

import asyncio
import socket

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from lrs.cli import requests
from lrs.cli.requests import Requests


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def ended(sent: list[bytes]) -> bool:
    """Whether the server ends a connection on which only ``sent`` comes, after answering what was whole."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        config = uvicorn.Config(application, http=Requests, lifespan="off", log_config=None, timeout_keep_alive=60)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener.dup()]))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for piece in sent:
            writer.write(piece)
            await writer.drain()
            if piece.endswith(b"\r\n\r\n"):
                await reader.readuntil(b"\r\n\r\n")
        try:
            async with asyncio.timeout(20):
                rest = await reader.read()
        except ConnectionResetError:
            rest = b""
        writer.close()
        server.should_exit = True
        await serving
        return rest == b""


@pytest.mark.parametrize(
    "sent",
    [
        [],
        [b"POST /xapi/statements HTTP/1.1\r\nHost: x\r\nX-Slow: "],
        [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nHo"],
    ],
)
async def test_who_never_finishes_the_head_of_a_request_is_disconnected(
    sent: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slowloris attack: many connections, each of which sends a little of a request now and then."""
    monkeypatch.setattr(requests, "HEAD_S", 0.2)
    assert await ended(sent)
