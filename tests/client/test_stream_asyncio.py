"""What only the asynchronous form can do, or must beware of: tasks that are cancelled."""

from __future__ import annotations

import asyncio

import pytest

from lrs.client import Stream
from tests.client.forms import PATIENCE_S
from tests.client.scripted import Peer, scripted


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses without the wait."""
    monkeypatch.setattr("lrs.client.wire.random.random", lambda: 0.001)


@pytest.mark.parametrize("durable", [None, "knowledge"])
async def test_waiting_may_be_cancelled_at_any_point(durable: str | None) -> None:
    """Also while it connects, subscribes, acknowledges or pauses: nothing is lost or doubled, nor begun all over."""

    async def slow(peer: Peer) -> None:
        place = int((await peer.subscribed("0")).get("after", "0"))
        for number in range(place + 1, 31):
            await peer.statements(str(number - 1), str(number), str(number))
            await asyncio.sleep(0.002)
            if number % 10 == 0:
                peer.cut()
                return
        await peer.stay()

    async with scripted(then=slow) as server, Stream(server.url, token="t", durable=durable) as stream:
        got: list[str] = []
        patience_s = 0.0005
        while len(got) < 30:
            try:
                async with asyncio.timeout(patience_s):
                    got.append((await anext(stream))["id"])
                    patience_s = 0.0005
            except TimeoutError:
                # A handshake that is cancelled begins anew, so it must be given time at some point.
                patience_s = min(PATIENCE_S, patience_s * 1.5)
        assert got == [str(number) for number in range(1, 31)]


async def test_cancelled_waits_do_not_hide_that_a_connection_is_dead() -> None:
    async def silent(peer: Peer) -> None:
        await peer.subscribed(heartbeat_s=0.2)
        await peer.stay()

    async def second(peer: Peer) -> None:
        await peer.subscribed()
        await peer.statements("c0", "c1", "s1")
        await peer.stay()

    async with scripted(silent, second) as server, Stream(server.url, token="t") as stream:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    async with asyncio.timeout(0.05):
                        assert await anext(stream) == {"id": "s1"}
                        break
                except TimeoutError:
                    continue


async def test_a_token_provider_may_be_asynchronous() -> None:
    async def provide() -> str:
        await asyncio.sleep(0)
        return "made"

    async def only(peer: Peer) -> None:
        assert peer.authorization == "Bearer made"
        await peer.subscribed()
        await peer.statements("c0", "c1", "s1")
        await peer.stay()

    async with scripted(only) as server, Stream(server.url, token_provider=provide) as stream:
        assert await anext(stream) == {"id": "s1"}


async def test_a_busy_program_is_no_reason_to_leave() -> None:
    """Frames that came in the meantime are taken first, however long ago it was that somebody listened."""

    async def only(peer: Peer) -> None:
        await peer.subscribed(heartbeat_s=0.1)
        for number in range(1, 6):
            await peer.statements(f"c{number - 1}", f"c{number}", f"s{number}")
        await peer.stay()

    async with scripted(only) as server, Stream(server.url, token="t") as stream:
        for number in range(1, 6):
            assert await anext(stream) == {"id": f"s{number}"}
            await asyncio.sleep(0.26)


async def test_a_loop_that_is_left_can_be_taken_up_again() -> None:
    async def only(peer: Peer) -> None:
        await peer.subscribed()
        await peer.statements("c0", "c1", "s1", "s2")
        await peer.stay()

    async with scripted(only) as server, Stream(server.url, token="t") as stream:
        async for statement in stream:
            assert statement == {"id": "s1"}
            break
        async for statement in stream:
            assert statement == {"id": "s2"}
            break
        assert stream.cursor == "c0"
