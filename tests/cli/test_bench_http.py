"""The client of ``lrs bench`` understands whatever a server may answer, and counts what went wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count, islice

import pytest

from lrs.benchmark.requests import Target
from lrs.cli.bench_http import HttpConnection, Stint, fetch

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
LAST = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"
AFTER_ALL = b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN
NOTHING = b"HTTP/1.1 204 No Content\r\n\r\n"
BUSY = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n"


class Answering:
    """A server whose answers are the same each time; ``connections`` says how many it has had."""

    def __init__(self, answer: bytes, *, piece: int) -> None:
        self._answer = answer
        self._piece = piece
        self.connections = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                for start in range(0, len(self._answer), self._piece):
                    writer.write(self._answer[start : start + self._piece])
                    await writer.drain()
                if not self._answer or b"Connection: close" in self._answer:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def answering(answer: bytes, *, piece: int = 1_000) -> AsyncIterator[tuple[Target, Answering]]:
    server = Answering(answer, piece=piece)
    async with await asyncio.start_server(server, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        yield Target("http", "127.0.0.1", port, "/xapi", ""), server


def asked(target: Target, times: int = 10) -> Iterator[bytes]:
    return islice((target.request("GET", f"statements?{number}") for number in count()), times)


@pytest.mark.parametrize("piece", [1, 7, 1_000])
@pytest.mark.parametrize("answer", [PLAIN, CHUNKED, LAST, AFTER_ALL])
async def test_every_form_of_an_answer_is_understood(answer: bytes, piece: int) -> None:
    async with answering(answer, piece=piece) as (target, _):
        assert await fetch(target, target.request("GET", "about")) == (200, b"hello")


@pytest.mark.parametrize("answer", [PLAIN, CHUNKED, AFTER_ALL, NOTHING])
async def test_a_connection_is_used_again(answer: bytes) -> None:
    async with answering(answer) as (target, server):
        stint = Stint(target, asked(target), connections=1, seconds_max=20)
        await stint.work()
        assert (len(stint.took_s), dict(stint.errors), server.connections) == (10, {}, 1)


async def test_a_connection_that_the_server_ends_is_replaced() -> None:
    async with answering(LAST) as (target, server):
        stint = Stint(target, asked(target), connections=2, seconds_max=20)
        await stint.work()
        assert (len(stint.took_s), dict(stint.errors), server.connections) == (10, {}, 10)


async def test_each_request_can_have_a_connection_of_its_own() -> None:
    async with answering(PLAIN) as (target, server):
        await Stint(target, asked(target), connections=2, seconds_max=20, keep_alive=False).work()
        assert server.connections == 10


async def test_what_went_wrong_is_counted_and_not_timed() -> None:
    async with answering(BUSY) as (target, _):
        stint = Stint(target, asked(target), connections=1, seconds_max=20)
        await stint.work()
        assert (stint.took_s, dict(stint.errors)) == ([], {"429": 10})


@pytest.mark.parametrize(("answer", "error"), [(b"", "ConnectionResetError"), (b"what?\r\n\r\n", "ConnectionError")])
async def test_a_server_that_does_not_answer_is_counted(answer: bytes, error: str) -> None:
    async with answering(answer) as (target, _):
        stint = Stint(target, asked(target, 3), connections=1, seconds_max=20)
        await stint.work()
        assert (stint.took_s, dict(stint.errors)) == ([], {error: 3})


async def test_a_stint_ends_after_its_time() -> None:
    async with answering(PLAIN) as (target, _):
        stint = Stint(target, asked(target, 1_000_000), connections=2, seconds_max=0.1)
        await stint.work()
        assert 0.1 <= stint.seconds < 20
        assert stint.took_s


async def test_a_closed_connection_says_so() -> None:
    async with answering(b"") as (target, _):
        connection = await HttpConnection.to(target)
        with pytest.raises(ConnectionResetError):
            await connection.ask(target.request("GET", "about"))
        assert not connection.reusable
