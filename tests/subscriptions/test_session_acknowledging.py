"""Windows and durable cursors over a connection."""

from __future__ import annotations

import asyncio

import pytest

from lrs.errors import StoreUnavailable
from lrs.statements.record import Place
from lrs.subscriptions.durables import DurableName
from lrs.subscriptions.filters import parse_filter
from lrs.subscriptions.openings import Opening
from tests.samples import statement
from tests.subscriptions.loops import in_loop, settle, until
from tests.subscriptions.pipes import Client, House, chain, open_house, subscribed


async def durable(house: House, name: str = "k", **members: object) -> Client:
    """A client with a durable subscription, whose beginning takes a thread."""
    client = await house.connect(house.reader())
    client.say(type="subscribe", sub="s1", durable=name, **members)
    await until(lambda: {"subscribed", "error"} & set(client.types))
    await settle()
    return client


@in_loop
async def test_a_window_is_filled_and_goes_on_with_each_acknowledgement() -> None:
    async with open_house() as house:
        client = await subscribed(house, window=2)
        made = house.put(*(statement() for _ in range(5)))
        await settle()
        assert chain(client, "s1") == made[:2]
        for got in (4, 5):
            client.say(type="ack", sub="s1", cursor=client.last("statements")["cursor"])
            await settle()
            assert chain(client, "s1") == made[:got]
        assert client.closed is None


@in_loop
async def test_acknowledgements_of_what_was_sent_are_not_counted_against_the_client() -> None:
    async with open_house(client_frames_burst=5) as house:
        client = await subscribed(house, window=1, **{"from": "beginning"})
        house.put(*(statement() for _ in range(40)))
        for _ in range(40):
            await settle()
            client.say(type="ack", sub="s1", cursor=client.last("statements")["cursor"])
        await settle()
        assert len(chain(client, "s1")) == 40
        assert client.closed is None
        for _ in range(10):
            client.say(type="ack", sub="s1", cursor=client.last("statements")["cursor"])
        await settle()
        assert client.code == 4013


@pytest.mark.parametrize(
    ("ack", "code"),
    [
        ({"sub": "s1", "cursor": "nonsense"}, "cursor_invalid"),
        ({"sub": "s2", "cursor": "nonsense"}, "invalid_request"),
    ],
)
def test_an_acknowledgement_that_can_not_be_is_an_error_and_ends_nothing(ack: dict[str, str], code: str) -> None:
    @in_loop
    async def run() -> None:
        async with open_house() as house:
            client = await subscribed(house, window=5)
            client.say(type="ack", id=7, **ack)
            await settle()
            error = client.last("error")
            assert (error["re"], error["code"], "sub" in error) == (7, code, False)
            made = house.put(statement())
            await settle()
            assert chain(client, "s1") == made

    run()


@in_loop
async def test_a_cursor_ahead_of_what_was_told_is_refused() -> None:
    async with open_house() as house:
        house.put(*(statement() for _ in range(9)))
        client = await subscribed(house, window=5, **{"from": "beginning"})
        client.say(type="ack", sub="s1", cursor=house.log.cursors.seal(Place(9)))
        await settle()
        assert client.last("error")["code"] == "cursor_invalid"


@in_loop
async def test_the_name_alone_goes_on_from_what_was_acknowledged() -> None:
    async with open_house(server_frame_statements_max=2) as house:
        made = house.put(*(statement() for _ in range(6)))
        client = await durable(house, **{"from": "beginning"})
        await until(lambda: len(chain(client, "s1")) == 6)
        first = next(frame for frame in client.heard if frame["type"] == "statements")
        client.say(type="ack", sub="s1", cursor=first["cursor"])
        await settle()
        client.leave()
        await settle()
        again = await durable(house)
        assert again.last("subscribed")["after"] == first["cursor"]
        await until(lambda: chain(again, "s1") == made[2:])


@in_loop
async def test_unsubscribing_keeps_the_cursor_before_it_answers() -> None:
    async with open_house() as house:
        client = await durable(house)
        house.put(statement())
        await until(lambda: "statements" in client.types)
        client.say(type="ack", sub="s1", cursor=client.last("statements")["cursor"])
        client.say(type="unsubscribe", sub="s1")
        await until(lambda: "unsubscribed" in client.types)
        assert house.durables.kept[DurableName(1, "k")].place == 1


@in_loop
async def test_when_the_server_stops_all_cursors_are_kept() -> None:
    async with open_house() as house:
        client = await durable(house)
        house.put(statement())
        await until(lambda: "statements" in client.types)
        client.say(type="ack", sub="s1", cursor=client.last("statements")["cursor"])
        await settle()
    assert house.durables.kept[DurableName(1, "k")].place == 1


@in_loop
async def test_a_store_that_can_not_keep_a_cursor_is_told() -> None:
    async with open_house() as house:
        house.durables.failure = StoreUnavailable("full")
        client = await durable(house)
        assert client.last("error")["code"] == "store_unavailable"
        house.durables.failure = None
        client.say(type="subscribe", sub="s1", durable="k")
        await until(lambda: "subscribed" in client.types)


@in_loop
async def test_a_url_may_name_a_durable_cursor() -> None:
    async with open_house() as house:
        opening = Opening(parse_filter({}, house.limits), "beginning", window=1, durable="k")
        made = house.put(statement(), statement())
        client = await house.connect(house.reader(), opening)
        await until(lambda: "statements" in client.types)
        await settle()
        assert chain(client, "main") == made[:1]
        client.say(type="ack", sub="main", cursor=client.last("statements")["cursor"])
        await until(lambda: chain(client, "main") == made)


@in_loop
async def test_a_client_that_leaves_while_its_cursor_is_looked_up_leaves_nothing_behind() -> None:
    async with open_house() as house:
        client = await house.connect(house.reader())
        client.say(type="subscribe", sub="s1", durable="k")
        await asyncio.sleep(0)
        client.leave()
        await until(lambda: not len(house.sessions))
        assert not house.hub.wanted
