"""The least that sending to many can cost: a program that has no log, no filters and no checks.

    python -m benchmarks.broadcast

Whoever asks for a websocket gets one. The body of each POST is parsed and goes to all of them, in one frame that is
made once and one write to each socket, before the POST is answered. So its times are those of system calls and of the
client.
"""

from __future__ import annotations

import asyncio
import socket
from typing import cast

import orjson
import uvloop
from websockets.frames import Frame, Opcode
from websockets.utils import accept_key

from benchmarks.servers import HOST

_LIVE = b'{"type":"live"}'
_LENGTH = b"content-length: "
_KEY = b"sec-websocket-key: "
_STORED = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"


class _Connection(asyncio.Protocol):
    """One of either kind, which sends one request at a time."""

    subscribers: list[asyncio.Transport] = []  # noqa: RUF012 - that of all of them.

    def __init__(self) -> None:
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002
        if self._transport in self.subscribers:
            self.subscribers.remove(self._transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = bytes(self._received).partition(b"\r\n\r\n")
        if not found or self._transport in self.subscribers:
            return
        if not head.startswith(b"POST "):
            self._subscribe(_value(head, _KEY))
        elif len(body) == int(_value(head, _LENGTH)):
            frame = _frame(orjson.dumps(orjson.loads(body)))
            for one in self.subscribers:
                one.write(frame)
            self._transport.write(_STORED)
            self._received.clear()

    def _subscribe(self, key: str) -> None:
        head = f"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: {accept_key(key)}\r\n\r\n"
        self._transport.write(head.encode() + _frame(_LIVE))
        self.subscribers.append(self._transport)


def _value(head: bytes, name: bytes) -> str:
    """Of the header ``name``, which is written in lower case and ends with a colon and a blank."""
    return next(line for line in head.split(b"\r\n") if line.lower().startswith(name))[len(name) :].decode()


def _frame(text: bytes) -> bytes:
    return Frame(Opcode.TEXT, text).serialize(mask=False)


async def _serve() -> None:
    listener = socket.create_server((HOST, 0), backlog=2048)
    server = await asyncio.get_running_loop().create_server(_Connection, sock=listener)
    print(f"http://{HOST}:{listener.getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve())
