"""A server that does what a test says, also what a good one never does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Any

import orjson
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from lrs.client.asking import PROTOCOL


class Peer:
    """One connection, as the server has it."""

    def __init__(self, socket: ServerConnection) -> None:
        self._socket = socket
        request = socket.request
        assert request is not None
        self.authorization = request.headers.get("Authorization")

    async def say(self, type_: str, **members: Any) -> None:
        await self._socket.send(orjson.dumps({"type": type_, **members}).decode())

    async def hear(self) -> dict[str, Any]:
        frame: dict[str, Any] = orjson.loads(await self._socket.recv())
        return frame

    async def subscribed(self, after: str = "c0", *, heartbeat_s: float = 20) -> dict[str, Any]:
        """Let it in; what it asked for."""
        await self.say("hello", protocol=PROTOCOL, heartbeat_s=heartbeat_s)
        asked = await self.hear()
        await self.say("subscribed", re=asked["id"], sub=asked["sub"], after=asked.get("after", after), head="h")
        return asked

    async def statements(self, prev: str, cursor: str, *ids: str) -> None:
        await self.say("statements", sub="main", prev=prev, cursor=cursor, statements=[{"id": one} for one in ids])

    async def part(self, data: bytes) -> None:
        """The first half of a frame."""
        self._socket.transport.write(_framed(data)[: len(data) // 2])

    async def drip(self, data: bytes, *, pause_s: float) -> None:
        """One frame, an eighth at a time."""
        frame = _framed(data)
        size = -(-len(frame) // 8)
        for start in range(0, len(frame), size):
            self._socket.transport.write(frame[start : start + size])
            await asyncio.sleep(pause_s)

    async def close(self, code: int, reason: str = "") -> None:
        await self._socket.close(code, reason)

    def cut(self) -> None:
        """As a network that fails."""
        self._socket.transport.abort()

    async def stay(self) -> None:
        """Until the client leaves."""
        with suppress(ConnectionClosed):
            while True:
                await self._socket.recv()


def _framed(data: bytes) -> bytes:
    """As one text frame (RFC 6455 5.2)."""
    assert 126 <= len(data) < 1 << 16
    return b"\x81\x7e" + len(data).to_bytes(2, "big") + data


Script = Callable[[Peer], Awaitable[None]]
Refusal = tuple[int, dict[str, str], bytes]


class Scripted:
    """``url``: where it listens. ``peers``: the connections so far."""

    def __init__(self) -> None:
        self.url = ""
        self.peers: list[Peer] = []
        self.handshakes = 0


@asynccontextmanager
async def scripted(*scripts: Script | Refusal, then: Script | None = None) -> AsyncIterator[Scripted]:
    """A server whose first connection goes by the first script, and so on; a refusal is status, headers and body.

    ``then``: how any further connection goes; without it there must be none.
    """
    server = Scripted()
    left = list(scripts)
    failures: list[BaseException] = []

    def let_in(socket: ServerConnection, request: Request) -> Response | None:
        server.handshakes += 1
        assert left or then, "one connection too many"
        if not left or not isinstance(left[0], tuple):
            return None
        status, headers, body = left[0]
        del left[0]
        answer = socket.respond(HTTPStatus(status), "")
        answer.body = body
        del answer.headers["Content-Length"]
        answer.headers["Content-Length"] = str(len(body))
        for name, value in headers.items():
            answer.headers[name] = value
        return answer

    async def handle(socket: ServerConnection) -> None:
        peer = Peer(socket)
        server.peers.append(peer)
        script = left.pop(0) if left else then
        assert callable(script)
        try:
            await script(peer)
        except ConnectionClosed:
            return
        except BaseException as failure:
            failures.append(failure)
            raise

    async with serve(
        handle,
        "127.0.0.1",
        0,
        process_request=let_in,
        subprotocols=[Subprotocol(PROTOCOL)],
        ping_interval=None,
        close_timeout=1,
    ) as listening:
        port = next(iter(listening.sockets)).getsockname()[1]
        server.url = f"ws://127.0.0.1:{port}/xapi/stream"
        yield server
    assert not [failure for failure in failures if not isinstance(failure, asyncio.CancelledError)], failures
    assert not left, "there were fewer connections than scripts"
