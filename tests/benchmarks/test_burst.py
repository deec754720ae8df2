"""The client of a burst counts each delivery once, however the bytes are cut."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.burst import LRS, Burst, Counting, Total, bodies

BODIES = bodies(Burst(kind=LRS, port=0, pid=0, subscribers=1, count=5, seed=1))
OPENED = b"HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x04live"


class Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)


@given(st.lists(st.integers(0, sum(map(len, BODIES))), max_size=40).map(sorted), st.booleans())
def test_each_statement_is_counted_once(cuts: list[int], singly: bool) -> None:
    total = Total(1, 1_000)
    subscriber = Counting(total, b"hello", b"", b"live")
    subscriber.connection_made(Transport())
    subscriber.data_received(OPENED)
    assert total.all_ready.is_set()
    stream = b"".join(BODIES)
    edges = range(len(stream) + 1) if singly else [0, *cuts, len(stream)]
    for begin, end in zip(edges, list(edges)[1:], strict=False):
        subscriber.data_received(stream[begin:end])
    assert 1_000 - total._left == len(BODIES)
    assert total.received_bytes == len(stream)


def test_nothing_is_asked_for_before_the_handshake_is_over() -> None:
    transport = Transport()
    subscriber = Counting(Total(1, 1), b"hello", b"SUB", b"PONG")
    subscriber.connection_made(transport)
    subscriber.data_received(OPENED[:20])
    assert transport.written == b"hello"
    subscriber.data_received(OPENED[20:])
    assert transport.written.startswith(b"hello\x81\x83")
