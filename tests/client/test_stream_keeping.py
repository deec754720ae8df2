"""Both forms of the stream acknowledge what their program has finished, and hear that a slow connection lives."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from lrs.client import Refused, Stream, SyncStream
from tests.client.forms import PATIENCE_S, Opening
from tests.client.scripted import Peer, scripted


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses without the wait."""
    monkeypatch.setattr("lrs.client.wire.random.random", lambda: 0.001)


async def test_a_batch_is_acknowledged_when_the_next_is_asked_for(opening: Opening) -> None:
    heard: list[dict[str, Any]] = []

    async def only(peer: Peer) -> None:
        assert (await peer.subscribed())["durable"] == "knowledge"
        await peer.statements("c0", "c1", "s1")
        heard.append(await peer.hear())
        await peer.statements("c1", "c2", "s2")
        await peer.stay()

    async with scripted(only) as server, opening(server.url, durable="knowledge") as stream:
        assert [await stream.statement() for _ in range(2)] == [{"id": "s1"}, {"id": "s2"}]
    assert heard == [{"type": "ack", "sub": "main", "cursor": "c1"}]


async def test_a_program_may_acknowledge_before_it_leaves(opening: Opening) -> None:
    heard = asyncio.get_running_loop().create_future()

    async def only(peer: Peer) -> None:
        await peer.subscribed()
        await peer.statements("c0", "c1", "s1")
        heard.set_result((await peer.hear())["cursor"])
        await peer.stay()

    async with scripted(only) as server, opening(server.url, durable="knowledge") as stream:
        batch = await stream.batch()
        assert batch is not None
        assert await stream.ack(batch)
        assert not await stream.ack(batch)
        assert stream.cursor == "c1"
        async with asyncio.timeout(PATIENCE_S):
            assert await heard == "c1"


async def test_a_program_that_acknowledges_by_itself_may_ask_ahead(opening: Opening) -> None:
    """What it has not acknowledged comes again after a break."""

    async def first(peer: Peer) -> None:
        await peer.subscribed()
        for number in range(3):
            await peer.statements(f"c{number}", f"c{number + 1}", f"s{number + 1}")
        assert (await peer.hear())["cursor"] == "c2"
        peer.cut()

    async def second(peer: Peer) -> None:
        asked = await peer.subscribed()
        assert (asked["after"], asked["reset"]) == ("c2", True)
        await peer.statements("c2", "c3", "s3")
        await peer.stay()

    async with (
        scripted(first, second) as server,
        opening(server.url, durable="knowledge", auto_ack=False) as stream,
    ):
        batches = [await stream.batch() for _ in range(3)]
        assert stream.cursor == "c0"
        assert batches[1] is not None
        await stream.ack(batches[1].cursor)
        again = await stream.batch()
        assert again is not None
        assert again.statements == [{"id": "s3"}]


async def test_another_may_acknowledge_while_the_reader_waits(opening: Opening) -> None:
    """With a window it waits for just that."""

    async def only(peer: Peer) -> None:
        assert (await peer.subscribed())["window"] == 1
        await peer.statements("c0", "c1", "s1")
        assert (await peer.hear())["cursor"] == "c1"
        await peer.statements("c1", "c2", "s2")
        await peer.stay()

    async with scripted(only) as server, opening(server.url, window=1, auto_ack=False) as stream:
        first = await stream.batch()
        assert first is not None
        waiting = asyncio.ensure_future(stream.batch())
        await asyncio.sleep(0.05)
        assert await stream.ack(first)
        second = await waiting
        assert second is not None
        assert second.statements == [{"id": "s2"}]


async def test_who_acknowledges_by_himself_reads_batches(opening: Opening) -> None:
    async with scripted() as server, opening(server.url, auto_ack=False) as stream:
        with pytest.raises(TypeError, match="batches"):
            await stream.statement()


async def test_acknowledging_on_a_dead_connection_is_no_trouble(opening: Opening) -> None:
    """The next connection begins after what is finished."""

    async def first(peer: Peer) -> None:
        await peer.subscribed()
        await peer.statements("c0", "c1", "s1")
        peer.cut()

    async def second(peer: Peer) -> None:
        assert (await peer.subscribed())["after"] == "c1"
        await peer.statements("c1", "c2", "s2")
        await peer.stay()

    async with scripted(first, second) as server, opening(server.url, durable="knowledge") as stream:
        batch = await stream.batch()
        await asyncio.sleep(0.05)
        assert batch is not None
        assert await stream.ack(batch)
        assert await stream.statement() == {"id": "s2"}


async def test_too_many_connections_are_a_refusal_to_a_stranger(opening: Opening) -> None:
    body = orjson.dumps({"code": "connection_limit", "detail": "too many"})
    async with scripted((429, {"Retry-After": "1"}, body)) as server, opening(server.url) as stream:
        with pytest.raises(Refused, match="connection_limit"):
            await stream.statement()


async def test_too_many_connections_pass_for_one_who_was_let_in_before(opening: Opening) -> None:
    async def first(peer: Peer) -> None:
        await peer.subscribed()
        peer.cut()

    async def limited(peer: Peer) -> None:
        await peer.close(4504, "connection_limit: too many")

    async def third(peer: Peer) -> None:
        await peer.subscribed()
        await peer.statements("c0", "c1", "s1")
        await peer.stay()

    refusal = (429, {"Retry-After": "0"}, orjson.dumps({"code": "connection_limit"}))
    async with scripted(first, refusal, limited, third) as server, opening(server.url) as stream:
        assert await stream.statement() == {"id": "s1"}


FRAME = orjson.dumps(
    {"type": "statements", "sub": "main", "prev": "c0", "cursor": "c1", "statements": [{"id": "s" * 800}]}
)


async def test_a_frame_on_a_slow_link_may_take_longer_than_silence(opening: Opening) -> None:
    """Each part of it says that the connection lives."""

    async def only(peer: Peer) -> None:
        await peer.subscribed()
        await peer.drip(FRAME, pause_s=0.3)
        await peer.stay()

    async with scripted(only) as server, opening(server.url, silence_s=2) as stream:
        assert await stream.statement() == {"id": "s" * 800}


async def test_a_frame_that_stops_half_way_is_silence(opening: Opening) -> None:
    async def first(peer: Peer) -> None:
        await peer.subscribed()
        await peer.statements("c0", "c1", "s1")
        await peer.part(FRAME)
        await peer.stay()

    async def second(peer: Peer) -> None:
        assert (await peer.subscribed())["after"] == "c1"
        await peer.statements("c1", "c2", "s2")
        await peer.stay()

    async with scripted(first, second) as server, opening(server.url, silence_s=0.5) as stream:
        assert [await stream.statement() for _ in range(2)] == [{"id": "s1"}, {"id": "s2"}]


@pytest.mark.parametrize("kind", [Stream, SyncStream])
@pytest.mark.parametrize("options", [{"durable": "a name"}, {"window": 0}, {"reset": True}])
def test_mistakes_are_told_at_once(kind: Any, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="|".join(options)):
        kind("ws://lrs.example.com/xapi/stream", token="t", **options)
