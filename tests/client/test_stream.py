"""Both forms of the stream, against a server that follows a script: each connection goes as the test wants it."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

import orjson
import pytest

from lrs.client import CursorInvalid, Interrupted, Refused, Stream, SyncStream
from tests.client.forms import PATIENCE_S, Opening
from tests.client.scripted import Peer, scripted


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses without the wait."""
    monkeypatch.setattr("lrs.client.wire.random.random", lambda: 0.001)


async def two_batches(peer: Peer) -> None:
    await peer.subscribed()
    await peer.statements("c0", "c1", "s1", "s2")
    await peer.statements("c1", "c2", "s3")
    await peer.stay()


async def test_statements_come_one_by_one(opening: Opening) -> None:
    async with scripted(two_batches) as server, opening(server.url) as stream:
        assert [await stream.statement() for _ in range(3)] == [{"id": "s1"}, {"id": "s2"}, {"id": "s3"}]


async def test_the_cursor_moves_when_a_batch_is_finished(opening: Opening) -> None:
    async with scripted(two_batches) as server, opening(server.url) as stream:
        assert stream.cursor is None
        seen = [(await stream.statement(), stream.cursor) for _ in range(3)]
        assert [cursor for _, cursor in seen] == ["c0", "c0", "c1"]


async def test_statements_come_in_batches_with_cursors(opening: Opening) -> None:
    async with scripted(two_batches) as server, opening(server.url) as stream:
        first, second = await stream.batch(), await stream.batch()
        assert first is not None
        assert second is not None
        assert (first.prev, first.cursor, second.prev, second.cursor) == ("c0", "c1", "c1", "c2")
        assert orjson.loads(first.raw)["statements"] == first.statements == [{"id": "s1"}, {"id": "s2"}]


async def test_statements_not_asked_for_are_not_passed_over(opening: Opening) -> None:
    """Who has begun a batch statement by statement must go on so."""
    async with scripted(two_batches) as server, opening(server.url) as stream:
        await stream.statement()
        with pytest.raises(RuntimeError, match="not asked for"):
            await stream.batch()
        assert await stream.statement() == {"id": "s2"}
        batch = await stream.batch()
        assert batch is not None
        assert batch.cursor == "c2"


async def test_a_broken_connection_is_made_again_from_the_last_cursor(opening: Opening) -> None:
    async def first(peer: Peer) -> None:
        await peer.subscribed()
        await peer.statements("c0", "c1", "s1")
        peer.cut()

    async def second(peer: Peer) -> None:
        assert (await peer.subscribed())["after"] == "c1"
        await peer.statements("c1", "c2", "s2")
        await peer.stay()

    async with scripted(first, second) as server, opening(server.url) as stream:
        assert [await stream.statement() for _ in range(2)] == [{"id": "s1"}, {"id": "s2"}]


async def test_a_silent_connection_is_left(opening: Opening) -> None:
    """The network may have failed without a word."""

    async def silent(peer: Peer) -> None:
        await peer.subscribed(heartbeat_s=0.2)
        await peer.statements("c0", "c1", "s1")
        await peer.stay()

    async def second(peer: Peer) -> None:
        assert (await peer.subscribed())["after"] == "c1"
        await peer.statements("c1", "c2", "s2")
        await peer.stay()

    async with scripted(silent, second) as server, opening(server.url) as stream:
        assert [await stream.statement() for _ in range(2)] == [{"id": "s1"}, {"id": "s2"}]


async def test_a_gap_is_closed(opening: Opening) -> None:
    async def gap(peer: Peer) -> None:
        await peer.subscribed()
        await peer.statements("c0", "c1", "s1")
        await peer.statements("c2", "c3", "s3")
        await peer.stay()

    async def second(peer: Peer) -> None:
        assert (await peer.subscribed())["after"] == "c1"
        await peer.statements("c1", "c3", "s2", "s3")
        await peer.stay()

    async with scripted(gap, second) as server, opening(server.url) as stream:
        assert [await stream.statement() for _ in range(3)] == [{"id": "s1"}, {"id": "s2"}, {"id": "s3"}]


@pytest.mark.parametrize("code", [1001, 1011, 1012, 1013, 4008, 4014])
async def test_after_a_close_code_that_says_so_it_comes_again(opening: Opening, code: int) -> None:
    async def first(peer: Peer) -> None:
        await peer.subscribed()
        await peer.close(code)

    async with scripted(first, two_batches) as server, opening(server.url) as stream:
        assert await stream.statement() == {"id": "s1"}


@pytest.mark.parametrize("code", [1003, 4500, 4501, 4503, 4507])
async def test_after_another_close_code_it_does_not(opening: Opening, code: int) -> None:
    async def only(peer: Peer) -> None:
        await peer.subscribed()
        await peer.close(code, "the_name: why")

    async with scripted(only) as server, opening(server.url) as stream:
        for _ in range(2):
            with pytest.raises(Refused) as refusal:
                await stream.statement()
            assert (refusal.value.code, refusal.value.message) == ("the_name", "why")


async def test_a_cursor_that_is_none_reaches_the_program(opening: Opening) -> None:
    async def only(peer: Peer) -> None:
        await peer.say("hello", protocol="xapi-stream.v1", heartbeat_s=20)
        await peer.hear()
        await peer.say("error", re=1, sub="main", code="cursor_invalid", message="no")
        await peer.stay()

    async with scripted(only) as server, opening(server.url, after="old") as stream:
        with pytest.raises(CursorInvalid):
            await stream.statement()


async def test_a_handshake_may_be_refused(opening: Opening) -> None:
    body = orjson.dumps({"code": "token_revoked", "detail": "it was revoked"})
    async with scripted((401, {}, body)) as server, opening(server.url) as stream:
        with pytest.raises(Refused, match="token_revoked: it was revoked"):
            await stream.statement()


async def test_a_handshake_may_come_too_early(opening: Opening) -> None:
    busy = (503, {"Retry-After": "0"}, b"")
    async with scripted(busy, busy, two_batches) as server, opening(server.url) as stream:
        assert await stream.statement() == {"id": "s1"}


async def test_a_server_that_is_not_there_yet_is_waited_for(opening: Opening, caplog: pytest.LogCaptureFixture) -> None:
    """It says so, so that a wrong address is noticed."""
    with socket.socket() as reserved, caplog.at_level(logging.WARNING, logger="lrs.client"):
        # Nobody listens on a socket that is only bound.
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        async with opening(f"ws://127.0.0.1:{port}/xapi/stream", give_up_s=0.05) as stream:
            with pytest.raises(Interrupted):
                await stream.statement()
    assert "no connection" in caplog.text


async def test_a_token_is_sent_in_a_header(opening: Opening) -> None:
    async with scripted(two_batches) as server, opening(server.url, token="secret") as stream:
        await stream.statement()
        assert server.peers[0].authorization == "Bearer secret"


async def test_each_connection_gets_a_token_of_the_provider(opening: Opening) -> None:
    async def first(peer: Peer) -> None:
        await peer.subscribed()
        await peer.close(4001, "token_expired: over")

    tokens = iter(["t1", "t2"])
    async with (
        scripted(first, two_batches) as server,
        opening(server.url, token=None, token_provider=lambda: next(tokens)) as stream,
    ):
        await stream.statement()
        assert [peer.authorization for peer in server.peers] == ["Bearer t1", "Bearer t2"]


async def test_a_token_about_to_end_is_renewed_within_the_connection(opening: Opening) -> None:
    async def only(peer: Peer) -> None:
        await peer.subscribed()
        await peer.say("expiring", expires_at="2026-11-22T10:00:00Z")
        assert await peer.hear() == {"type": "auth", "id": 2, "token": "t2"}
        await peer.say("authed", re=2, expires_at=None, courses=None)
        await peer.statements("c0", "c1", "s1")
        await peer.stay()

    tokens = iter(["t1", "t2"])
    async with (
        scripted(only) as server,
        opening(server.url, token=None, token_provider=lambda: next(tokens)) as stream,
    ):
        assert await stream.statement() == {"id": "s1"}


async def test_a_provider_that_can_t_be_reached_is_asked_again(opening: Opening) -> None:
    answers: list[Any] = [ConnectionError("the office is closed"), "t"]

    def provide() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    async with scripted(two_batches) as server, opening(server.url, token=None, token_provider=provide) as stream:
        assert await stream.statement() == {"id": "s1"}


async def test_a_mistake_in_a_provider_reaches_the_program(opening: Opening) -> None:
    def provide() -> str:
        raise LookupError("a mistake")

    async with scripted() as server, opening(server.url, token=None, token_provider=provide) as stream:
        with pytest.raises(LookupError):
            await stream.statement()


async def test_closing_ends_a_loop_that_waits(opening: Opening) -> None:
    async def quiet(peer: Peer) -> None:
        await peer.subscribed()
        await peer.say("live", sub="main", cursor="c1")
        await peer.stay()

    async with scripted(quiet) as server, opening(server.url) as stream:
        await stream.batch()
        waiting = asyncio.ensure_future(stream.statement())
        await asyncio.sleep(0.05)
        await stream.close()
        assert await waiting is None
        assert await stream.statement() is None


async def test_closing_ends_a_pause(opening: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lrs.client.wire.random.random", lambda: 10_000)
    refused = asyncio.Event()

    async def rude(peer: Peer) -> None:
        refused.set()
        await peer.close(1011)

    async with scripted(rude) as server, opening(server.url) as stream:
        waiting = asyncio.ensure_future(stream.statement())
        async with asyncio.timeout(PATIENCE_S):
            await refused.wait()
            await asyncio.sleep(0.05)
        await stream.close()
        assert await waiting is None


async def test_a_frame_larger_than_any_is_refused(opening: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lrs.client.wire.FRAME_BYTES_MAX", 1000)

    async def only(peer: Peer) -> None:
        await peer.subscribed()
        await peer.statements("c0", "c1", "s" * 2000)
        await peer.stay()

    async with scripted(only) as server, opening(server.url) as stream:
        with pytest.raises(Refused, match="too_large"):
            await stream.statement()


@pytest.mark.parametrize("kind", [Stream, SyncStream])
@pytest.mark.parametrize("credentials", [{}, {"token": "t", "token_provider": lambda: "t"}], ids=["none", "two"])
def test_there_is_one_way_to_a_token(kind: Any, credentials: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="one of token"):
        kind("ws://lrs.example.com/xapi/stream", **credentials)
