"""A network that fails when it is told to: a TCP proxy on this machine, in the event loop of the test."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_BUFFER_BYTES = 16 * 1024
"""What the system keeps of each direction, about; small, so that who is not heard notices it."""

_AT_ONCE_BYTES = 64 * 1024


class Proxy:
    """Connections to ``port`` of this machine go on to the server.

    ``piece_bytes``: how much is passed on at once. ``delay_s``: how long each piece is held back. Both may be changed
    at any time. ``connections``: how many were made in all.
    """

    def __init__(self, server_port: int) -> None:
        self.server_port = server_port
        self.piece_bytes = _AT_ONCE_BYTES
        self.delay_s = 0.0
        self.port = 0
        self.connections = 0
        self._links: set[_Link] = set()

    def cut(self) -> int:
        """Reset all connections, in both directions, and return how many there were."""
        count = len(self._links)
        for link in list(self._links):
            link.reset()
        return count

    def hang(self) -> int:
        """Pass nothing on any more, of the connections that there are, and keep them open; return how many."""
        for link in self._links:
            link.passing.clear()
        return len(self._links)

    @property
    def ports(self) -> list[int]:
        """From which port each connection goes on to the server."""
        return [link.port for link in self._links]

    async def link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until it ends."""
        self.connections += 1
        try:
            far = await asyncio.open_connection(sock=await self._to_server(), limit=_BUFFER_BYTES)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(self, (reader, writer), far)
        self._links.add(link)
        try:
            await link.run()
        finally:
            self._links.discard(link)
            link.reset()

    async def _to_server(self) -> socket.socket:
        made = socket.socket()
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        try:
            await asyncio.get_running_loop().sock_connect(made, ("127.0.0.1", self.server_port))
        except BaseException:
            made.close()
            raise
        return made


_End = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Link:
    """A client and the server, connected as long as ``passing`` is set."""

    def __init__(self, proxy: Proxy, near: _End, far: _End) -> None:
        self.passing = asyncio.Event()
        self.passing.set()
        self._proxy = proxy
        self._near = near
        self._far = far
        self._reset = asyncio.Event()

    @property
    def port(self) -> int:
        name: tuple[str, int] = self._far[1].get_extra_info("sockname")
        return name[1]

    async def run(self) -> None:
        """Pass on what comes, until one side ends."""
        passing = [
            asyncio.create_task(self._pass(self._near[0], self._far[1])),
            asyncio.create_task(self._pass(self._far[0], self._near[1])),
            asyncio.create_task(self._reset.wait()),
        ]
        try:
            await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in passing:
                task.cancel()
            await asyncio.wait(passing)

    def reset(self) -> None:
        """End both sides at once (RST)."""
        self._reset.set()
        for _, writer in (self._near, self._far):
            if not writer.transport.is_closing():
                made: socket.socket = writer.get_extra_info("socket")
                made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await self._read(reader):
                if self._proxy.delay_s:
                    await asyncio.sleep(self._proxy.delay_s)
                writer.write(data)
                await writer.drain()

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        """What comes; nothing at the end, of which the other side is not told either while nothing is passed on."""
        await self.passing.wait()
        try:
            return await reader.read(self._proxy.piece_bytes)
        except ConnectionError:
            return b""
        finally:
            await self.passing.wait()


@asynccontextmanager
async def proxying(server_port: int) -> AsyncIterator[Proxy]:
    """A proxy in front of ``server_port``; ends with the block, and all connections with it."""
    proxy = Proxy(server_port)
    listener = await asyncio.start_server(proxy.link, "127.0.0.1", 0, limit=_BUFFER_BYTES)
    proxy.port = listener.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listener.close()
        while proxy.cut():  # noqa: ASYNC110 - Their tasks end in their own time.
            await asyncio.sleep(0.01)
