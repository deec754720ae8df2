"""As much of a websocket (RFC 6455) as a client needs towards a server that is known."""

from __future__ import annotations

from collections.abc import Sequence

from lrs.benchmark.requests import Target

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
_KEY = "dGhlIHNhbXBsZSBub25jZQ=="


def handshake(target: Target, resource: str, protocols: Sequence[str] = ()) -> bytes:
    """The request that opens ``resource`` (with its query) below the endpoint as a websocket (RFC 6455 4.1)."""
    lines = [
        f"GET {target.path}/{resource} HTTP/1.1",
        f"Host: {target.authority}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {_KEY}",
    ]
    if protocols:
        lines.append(f"Sec-WebSocket-Protocol: {', '.join(protocols)}")
    if target.authorization:
        lines.append(f"Authorization: {target.authorization}")
    return "\r\n".join([*lines, "\r\n"]).encode()


def first_frame(received: bytearray | bytes) -> tuple[int, int, int] | None:
    """(opcode, begin, end of the payload) of the first frame of a server, if it is there as a whole (RFC 6455 5.2)."""
    if len(received) < 2:
        return None
    begin, length = 2, received[1]
    if length >= 126:
        begin = 4 if length == 126 else 10
        length = int.from_bytes(received[2:begin], "big")
    end = begin + length
    return (received[0] & 15, begin, end) if len(received) >= end else None


def client_frame(opcode: int, payload: bytes) -> bytes:
    """A whole frame of a client; the mask is zero, which leaves the payload as it is (RFC 6455 5.3)."""
    size = len(payload)
    if size < 126:
        head = bytes([0x80 | opcode, 0x80 | size])
    elif size < 65_536:
        head = bytes([0x80 | opcode, 0xFE]) + size.to_bytes(2, "big")
    else:
        head = bytes([0x80 | opcode, 0xFF]) + size.to_bytes(8, "big")
    return head + bytes(4) + payload
