"""Bytes on a socket, as no decent client would send them."""

from __future__ import annotations

import base64
import json
import os
import re
import socket
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

WAIT_S = 60
"""The longest that a test waits for anything; only a fault takes so long."""

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA


class Wire:
    """One connection to a server on this machine."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self._heard = b""

    def send(self, data: bytes) -> None:
        """Send ``data``, or as much of it as the server takes before it ends the connection."""
        with suppress(ConnectionError):
            self.socket.sendall(data)

    def end_sending(self) -> None:
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def until(self, mark: bytes) -> bytes:
        """All that comes up to ``mark``, and with it; less when the server ends the connection before."""
        while mark not in self._heard and self._hear():
            pass
        found, there, self._heard = self._heard.partition(mark)
        return found + there

    def rest(self) -> bytes:
        """All that comes until the server ends the connection."""
        return self.until(b"\0 never \0")

    def status(self) -> int:
        """The status of the next answer; 0 when the connection ends without one."""
        head = self.until(b"\r\n\r\n")
        found = re.match(rb"HTTP/1\.1 (\d+) [^\r]*\r\n", head)
        if found is None:
            assert head == b"", head
            return 0
        length = re.search(rb"\r\ncontent-length: (\d+)\r\n", head.lower())
        if length:
            self._take(int(length[1]))
        return int(found[1])

    def message(self) -> Any:
        """The next message of a websocket, decoded; the code of the server's close; 0 when the connection just ends."""
        while True:
            head = self._take(2)
            if len(head) < 2:
                return 0
            size = head[1] & 0x7F
            if size > 125:
                size = int.from_bytes(self._take(2 if size == 126 else 8))
            body = self._take(size)
            match head[0] & 0x0F:
                case 0x1:
                    return json.loads(body)
                case 0x8:
                    return int.from_bytes(body[:2])

    def messages(self) -> list[Any]:
        """All that comes, up to the code with which the server ends a websocket, or 0 when it just ends."""
        found = [self.message()]
        while not isinstance(found[-1], int):
            found.append(self.message())
        return found

    def close_code(self) -> int:
        """The code with which the server ends a websocket, whatever else it says before; 0 when it just ends."""
        code: int = self.messages()[-1]
        return code

    def ended(self) -> bool:
        """Whether the server has let go of the connection; asked of the system, so that nothing need be read."""
        here, there = (f":{end[1]:04X}" for end in (self.socket.getsockname(), self.socket.getpeername()))
        rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        # A socket that no process has any more stands there for a while, without an inode.
        return not any(row[1].endswith(there) and row[2].endswith(here) and row[9] != "0" for row in rows)

    def _take(self, size: int) -> bytes:
        while len(self._heard) < size and self._hear():
            pass
        taken, self._heard = self._heard[:size], self._heard[size:]
        return taken

    def _hear(self) -> bool:
        """Wait for some more; False when the server has ended the connection."""
        try:
            piece = self.socket.recv(65536)
        except ConnectionError:
            return False
        self._heard += piece
        return bool(piece)


@contextmanager
def wire(port: int, *, receive_bytes: int | None = None) -> Iterator[Wire]:
    """A connection to ``port``; ``receive_bytes`` makes what the system takes for a client that does not read small."""
    with socket.socket() as made:
        if receive_bytes is not None:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        made.settimeout(WAIT_S)
        made.connect(("127.0.0.1", port))
        yield Wire(made)


def head(line: str, headers: Mapping[str, str] | None = None) -> bytes:
    """The head of a request."""
    lines = [line, "Host: lrs", *(f"{name}: {value}" for name, value in (headers or {}).items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def handshake(path: str, headers: Mapping[str, str] | None = None) -> bytes:
    """The opening of a websocket (RFC 6455 4.1)."""
    key = base64.b64encode(os.urandom(16)).decode()
    asked = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13"}
    return head(f"GET {path} HTTP/1.1", {**asked, **(headers or {})})


def frame(opcode: int, data: bytes = b"", *, final: bool = True) -> bytes:
    """A masked frame, as a client sends it (RFC 6455 5.2)."""
    first = (0x80 if final else 0) | opcode
    if len(data) < 126:
        size = bytes([0x80 | len(data)])
    elif len(data) < 65536:
        size = bytes([0x80 | 126]) + struct.pack("!H", len(data))
    else:
        size = bytes([0x80 | 127]) + struct.pack("!Q", len(data))
    return bytes([first]) + size + bytes(4) + data
