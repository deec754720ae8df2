"""Connections that take too long, say too much, or take nothing."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from lrs.cli.requests import Requests
from lrs.limits import Limits

PATIENCE_S = 60
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers before it reads: nothing, or to ``/large`` 20 MB; ``/body`` reads first and tells how many headers."""
    body = b"x" * 20_000_000 if scope["path"] == "/large" else b""
    if scope["path"] == "/body":
        while (await receive())["more_body"]:
            pass
        body = b"%d" % len(scope["headers"])
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter, uvicorn.Server]


@asynccontextmanager
async def connected() -> AsyncIterator[Streams]:
    """A connection to a server that speaks HTTP as ``lrs serve`` does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        config = uvicorn.Config(application, http=Requests, lifespan="off", log_config=None, timeout_keep_alive=60)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener.dup()]))
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=65536)
        try:
            async with asyncio.timeout(PATIENCE_S):
                yield reader, writer, server
        finally:
            writer.transport.abort()
            server.should_exit = True
            await serving


async def rest(reader: asyncio.StreamReader) -> bytes:
    """All that comes until the server ends the connection, one way or the other."""
    found = b""
    try:
        while piece := await reader.read(65536):
            found += piece
    except ConnectionResetError:
        pass
    return found


@pytest.mark.parametrize(
    "sent",
    [
        [],
        [b"POST /xapi/statements HTTP/1.1\r\nHost: x\r\nX-Slow: "],
        [GET, b"GET / HTTP/1.1\r\nHo"],
        [GET, b"\r\n"],
        [b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n", b"x"],
        [b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"0\r\nX-Trailer: 1\r\n"],
    ],
    ids=["silence", "half a head", "half a second head", "a blank line", "half a body", "half of the trailers"],
)
async def test_who_never_finishes_a_request_is_disconnected(sent: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """The slowloris attack: many connections, each of which sends a little of a request now and then."""
    monkeypatch.setattr(Requests, "limits", Limits(head_s=0.2))
    async with connected() as (reader, writer, _):
        for piece in sent:
            writer.write(piece)
            if piece.endswith(b"\r\n\r\n"):
                await reader.readuntil(b"\r\n\r\n")
        assert await rest(reader) == b""


@pytest.mark.parametrize(
    "endless",
    [b"GET /?" + b"x" * 300_000, b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 50_000, GET + b"GET /" + b"x" * 300_000],
    ids=["path", "headers", "second request"],
)
async def test_a_head_without_end_is_refused(endless: bytes) -> None:
    """Invariant 7: uvicorn would keep all of it."""
    async with connected() as (reader, writer, _):
        writer.write(endless)
        assert b"HTTP/1.1 431 " in await rest(reader)


async def test_there_may_be_so_many_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 7: each costs memory before it has said who it is. Those that end make room."""
    async with connected() as (reader, writer, server):
        writer.write(GET)
        await reader.readuntil(b"\r\n\r\n")
        monkeypatch.setattr(Requests, "limits", Limits(http_connections_max=2))
        address = writer.get_extra_info("peername")
        answers = []
        for _ in range(3):
            other_reader, other = await asyncio.open_connection(*address)
            other.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answers.append((await rest(other_reader))[:13])
            other.close()
        assert answers == [b"HTTP/1.1 200 "] * 3
        monkeypatch.setattr(Requests, "limits", Limits(http_connections_max=1))
        other_reader, other = await asyncio.open_connection(*address)
        assert (await rest(other_reader)).startswith(b"HTTP/1.1 503 ")
        other.close()
        assert len(server.server_state.connections) == 1


async def test_trailers_are_not_kept() -> None:
    async with connected() as (reader, writer, _):
        writer.write(
            b"POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-A: b\r\nX-C: d\r\n\r\n"
        )
        assert (await reader.readuntil(b"\r\n\r\n2")).startswith(b"HTTP/1.1 200 ")


async def test_requests_that_come_at_once_are_all_answered() -> None:
    async with connected() as (reader, writer, _):
        writer.write(GET * 3)
        for _ in range(3):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("header", [b"", b"Connection: close\r\n"])
async def test_a_client_that_takes_nothing_of_its_answer_is_disconnected(
    header: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits for it in the server does not stay."""
    monkeypatch.setattr(Requests, "limits", Limits(send_blocked_s=0.3))
    async with connected() as (reader, writer, server):
        writer.write(b"GET /large HTTP/1.1\r\nHost: x\r\n" + header + b"\r\n")
        await reader.readuntil(b"\r\n\r\n")
        # Meanwhile nothing is read: a stream reader stops taking when it holds twice its limit.
        while server.server_state.connections:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        assert len(await rest(reader)) < 20_000_000


class Draining(asyncio.Transport):
    """A transport with so many bytes left to send, each time that it is asked."""

    def __init__(self, *left: int) -> None:
        super().__init__()
        self.left = list(left)
        self.aborted = False

    def get_write_buffer_size(self) -> int:
        return self.left.pop(0)

    def abort(self) -> None:
        self.aborted = True


@pytest.mark.parametrize(("now", "aborted"), [((200, 200), False), ((300,), True), ((301,), True)])
async def test_a_client_is_given_time_as_long_as_it_takes_something(now: tuple[int, ...], aborted: bool) -> None:
    connection = Requests(uvicorn.Config(application), ServerState(), {})
    connection.transport = transport = Draining(*now)
    connection._check_flush(300)
    assert transport.aborted is aborted
    connection._forget_flush()
