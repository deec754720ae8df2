"""What was erased from the log reaches a program that had read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from lrs.client import Batch, Erased
from lrs.client.follower import Receive
from tests.client.drive import Drive
from tests.client.forms import Opening
from tests.client.scripted import Peer, scripted


def test_it_comes_between_batches_and_moves_nothing() -> None:
    drive = Drive()
    drive.subscribe()
    drive.statements("c0", "c1", "s1")
    drive.answer()
    drive.hear("erased", sub="main", ids=["s0", "s1"])
    told = drive.now(Erased)
    assert told.ids == ("s0", "s1")
    assert (told.statements, told.prev, told.cursor, told.live) == ([], "c1", "c1", False)
    drive.answer()
    drive.statements("c1", "c2", "s2")
    assert drive.now(Batch).cursor == "c2"


@pytest.mark.parametrize("auto_ack", [True, False])
def test_it_is_nothing_to_acknowledge(auto_ack: bool) -> None:
    """The server keeps places in the log, and it is none."""
    drive = Drive(keeping={"durable": "k"}, auto_ack=auto_ack)
    drive.subscribe()
    drive.hear("erased", sub="main", ids=["s0"])
    assert drive.follower.finish(drive.now(Erased).cursor) is None
    drive.answer()
    drive.now(Receive)
    assert drive.follower.cursor == "c0"


def test_what_came_before_it_is_still_to_be_acknowledged() -> None:
    drive = Drive(keeping={"durable": "k"}, auto_ack=False)
    drive.subscribe()
    drive.statements("c0", "c1", "s1")
    drive.answer()
    drive.hear("erased", sub="main", ids=["s1"])
    drive.answer()
    assert drive.follower.finish("c1") is not None
    assert drive.follower.cursor == "c1"


@pytest.mark.parametrize("members", [{"sub": "other", "ids": ["s0"]}, {"sub": "main"}, {"sub": "main", "ids": 7}])
def test_what_is_not_about_it_is_passed_over(members: dict[str, Any]) -> None:
    drive = Drive()
    drive.subscribe()
    drive.hear("erased", **members)
    drive.now(Receive)


async def erasing(peer: Peer) -> None:
    await peer.subscribed()
    await peer.statements("c0", "c1", "s1", "s2")
    await peer.say("erased", sub="main", ids=["s1"])
    await peer.statements("c1", "c2", "s3")
    await peer.stay()


async def test_batches_give_it_in_its_place(opening: Opening) -> None:
    async with scripted(erasing) as server, opening(server.url) as stream:
        first, second, third = [await stream.batch() for _ in range(3)]
        assert first is not None
        assert third is not None
        assert isinstance(second, Erased)
        assert not isinstance(first, Erased)
        assert (len(first.statements), second.ids, len(third.statements)) == (2, ("s1",), 1)


async def test_a_loop_over_statements_is_told_between_them(opening: Opening) -> None:
    seen: list[Any] = []
    async with scripted(erasing) as server, opening(server.url, on_erased=seen.append) as stream:
        for _ in range(3):
            statement = await stream.statement()
            assert statement is not None
            seen.append(statement["id"])
    assert seen == ["s1", "s2", ("s1",), "s3"]


async def test_who_does_not_ask_for_it_is_not_troubled_by_it(opening: Opening) -> None:
    async with scripted(erasing) as server, opening(server.url) as stream:
        assert [await stream.statement() for _ in range(3)] == [{"id": "s1"}, {"id": "s2"}, {"id": "s3"}]


async def test_what_goes_wrong_in_the_program_reaches_it(opening: Opening) -> None:
    """And the stream can go on."""

    def fail(ids: Sequence[str]) -> None:
        raise LookupError(*ids)

    async with scripted(erasing) as server, opening(server.url, on_erased=fail) as stream:
        assert [await stream.statement() for _ in range(2)] == [{"id": "s1"}, {"id": "s2"}]
        with pytest.raises(LookupError, match="s1"):
            await stream.statement()
        assert await stream.statement() == {"id": "s3"}
