"""What a connection is sent."""

from __future__ import annotations

from typing import Any

import pytest

from lrs.errors import CursorInvalid
from lrs.statements.record import Position
from lrs.subscriptions.filters import parse_filter
from lrs.subscriptions.frames import Frame
from lrs.subscriptions.openings import Opening
from lrs.subscriptions.session.connection import Session
from lrs.subscriptions.starts import After
from tests.samples import COURSE_A, COURSE_B, statement
from tests.subscriptions.loops import in_loop, settle
from tests.subscriptions.pipes import House, chain, open_house, subscribed


@in_loop
async def test_history_then_live_in_one_chain_of_cursors() -> None:
    async with open_house(server_frame_statements_max=2) as house:
        old = house.put(*(statement() for _ in range(5)))
        client = await subscribed(house, **{"from": "beginning"})
        assert client.types == ["hello", "subscribed", "statements", "statements", "statements", "live"]
        new = house.put(statement(), statement())
        await settle()
        assert chain(client, "s1") == old + new


@in_loop
async def test_one_line_in_the_url_is_enough() -> None:
    async with open_house() as house:
        client = await house.connect(house.reader(), Opening(parse_filter({"course": [COURSE_A]}, house.limits), "now"))
        assert client.types == ["hello", "subscribed", "live"]
        mine, _ = house.put(statement(course=COURSE_A), statement(course=COURSE_B))
        await settle()
        assert chain(client, "main") == [mine]


@in_loop
async def test_several_subscriptions_run_side_by_side() -> None:
    async with open_house() as house:
        client = await subscribed(house, filter={"course": [COURSE_A]})
        client.say(type="subscribe", sub="s2", filter={"course": [COURSE_B]})
        client.say(type="subscribe", sub="s3", filter={})
        await settle()
        a, b = house.put(statement(course=COURSE_A), statement(course=COURSE_B))
        await settle()
        assert [chain(client, name) for name in ("s1", "s2", "s3")] == [[a], [b], [a, b]]


@in_loop
async def test_each_subscription_has_its_turn() -> None:
    """One with a long way to catch up does not hold up another."""
    async with open_house(server_frame_statements_max=1) as house:
        house.put(*(statement(course=COURSE_A) for _ in range(20)))
        client = await house.connect(house.reader())
        client.say(type="subscribe", sub="long", filter={"course": [COURSE_A]}, **{"from": "beginning"})
        client.say(type="subscribe", sub="short", filter={"course": [COURSE_B]}, **{"from": "beginning"})
        await settle(400)
        order = [frame["sub"] for frame in client.heard if frame["type"] in ("statements", "live")]
        assert order.index("short") < 4
        assert order.count("long") == 21


@in_loop
async def test_clients_who_want_the_same_are_sent_the_same_object() -> None:
    async with open_house() as house:
        clients = [await subscribed(house) for _ in range(3)]
        house.put(statement())
        await settle()
        assert len({id(client.frames[-1]) for client in clients}) == 1


@in_loop
async def test_unsubscribing_ends_with_the_last_cursor_told_and_nothing_follows() -> None:
    async with open_house() as house:
        client = await subscribed(house)
        first = house.put(statement())
        await settle()
        client.say(type="unsubscribe", id=5, sub="s1")
        await settle()
        house.put(statement())
        await settle()
        assert chain(client, "s1") == first
        assert client.types[-1] == "unsubscribed"
        assert client.last("unsubscribed")["re"] == 5


@in_loop
async def test_a_name_can_be_used_again_and_goes_on_from_the_cursor() -> None:
    async with open_house() as house:
        client = await subscribed(house)
        client.say(type="unsubscribe", sub="s1")
        await settle()
        missed = house.put(statement())
        client.say(type="subscribe", sub="s1", after=client.last("unsubscribed")["cursor"])
        await settle()
        assert chain(client, "s1") == missed


@in_loop
async def test_what_is_live_leaves_directly_where_nothing_has_to_be_waited_for() -> None:
    async with open_house() as house:
        client = await subscribed(house)

        async def send(frame: Frame) -> None:
            raise AssertionError(frame.data)

        vars(client)["send"] = send
        assert chain(client, "s1") == []
        made = house.put(statement(), statement())
        await settle()
        assert chain(client, "s1") == made


@pytest.mark.parametrize("direct", [True, False])
def test_what_is_live_comes_once_and_in_order_whether_there_is_a_direct_way_or_not(direct: bool) -> None:
    @in_loop
    async def run() -> None:
        async with open_house() as house:
            house.direct = direct
            client = await subscribed(house)
            made = []
            for number in range(20):
                made += house.put(statement(), statement())
                if number % 3:
                    await settle(number % 7)
                if number == 10:
                    client.stall()
                if number == 15:
                    client.go_on()
            await settle(50)
            assert chain(client, "s1") == made

    run()


@in_loop
async def test_a_reader_that_stalls_has_nothing_queued_and_later_gets_everything() -> None:
    """Invariants 5 and 7."""
    async with open_house(ring_statements_max=10) as house:
        client = await subscribed(house)
        client.stall()
        made = []
        for _ in range(100):
            made += house.put(statement())
            await settle(5)
        (session,) = house.sessions
        assert isinstance(session, Session)
        assert not session._sender.outbox
        client.go_on()
        await settle(200)
        assert chain(client, "s1") == made
        assert client.types.count("live") == 2


@in_loop
async def test_a_client_that_takes_no_answers_is_not_read_any_further() -> None:
    """Invariant 7: requests without end do not fill the memory with answers."""
    async with open_house(client_frames_burst=10_000) as house:
        client = await subscribed(house)
        client.stall()
        for number in range(500):
            client.say(type="unsubscribe", id=number, sub="none")
        await settle(1_000)
        (session,) = house.sessions
        assert isinstance(session, Session)
        assert len(session._sender.outbox) <= 65
        assert client._says.qsize() > 400
        client.go_on()
        await settle(2_000)
        assert client.types.count("error") == 500


# Heartbeats.


@in_loop
async def test_a_heartbeat_moves_the_cursor_past_what_does_not_match() -> None:
    async with open_house() as house:
        client = await subscribed(house, filter={"course": [COURSE_A]})
        house.put(*(statement(course=COURSE_B) for _ in range(7)))
        await settle()
        await house.pass_time(20)
        beat = client.last("heartbeat")
        assert house.log.cursors.open(beat["subs"]["s1"]) == 7
        assert beat["consistent_through"] >= beat["time"][:10]
        mine = house.put(statement(course=COURSE_A))
        await settle()
        assert chain(client, "s1") == mine
        assert client.last("statements")["prev"] == beat["subs"]["s1"]


@in_loop
async def test_a_heartbeat_that_comes_while_a_page_is_on_its_way_does_not_overtake_it() -> None:
    """Invariant 5: no cursor is told before what lies before it was sent."""
    async with open_house() as house:
        client = await subscribed(house)
        client.stall()
        first = house.put(statement())
        await settle()
        await house.pass_time(20)
        second = house.put(statement())
        await settle()
        client.go_on()
        await settle()
        assert chain(client, "s1") == first + second
        assert client.types[-3:] == ["statements", "heartbeat", "statements"]


@in_loop
async def test_heartbeats_do_not_pile_up() -> None:
    """Invariant 7."""
    async with open_house(heartbeat_s=1, send_blocked_s=10_000) as house:
        client = await subscribed(house)
        client.stall()
        house.put(statement())
        await settle()
        for _ in range(100):
            await house.pass_time(1)
        (session,) = house.sessions
        assert isinstance(session, Session)
        assert len(session._sender.outbox) == 1
        client.go_on()


@in_loop
async def test_a_connection_without_subscription_is_alive_too() -> None:
    async with open_house() as house:
        client = await house.connect(house.reader())
        await house.pass_time(20)
        assert client.last("heartbeat")["subs"] == {}


# Starts that fail.


@pytest.mark.parametrize(
    ("start", "code"),
    [
        ({"after": "nonsense"}, "cursor_invalid"),
        ({"after": House().log.cursors.seal(Position(9))}, "cursor_invalid"),
        ({"filter": {"course": [COURSE_B]}}, "forbidden"),
        ({"filter": {"colour": ["red"]}}, "invalid_parameter"),
    ],
)
def test_a_subscription_that_can_not_start_is_answered_and_the_connection_goes_on(
    start: dict[str, Any], code: str
) -> None:
    @in_loop
    async def run() -> None:
        async with open_house() as house:
            client = await house.connect(house.reader(courses=(COURSE_A,)))
            client.say(type="subscribe", id=1, sub="s1", **start)
            await settle()
            assert (client.heard[-1]["type"], client.heard[-1]["re"], client.heard[-1]["code"]) == ("error", 1, code)
            client.say(type="subscribe", id=2, sub="s1")
            await settle()
            assert client.last("subscribed")["re"] == 2
            assert client.closed is None

    run()


@in_loop
async def test_a_url_that_can_not_start_is_answered_and_closes_with_its_code() -> None:
    async with open_house() as house:
        client = await house.connect(house.reader(), Opening(parse_filter({}, house.limits), After("nonsense")))
        assert client.types == ["hello", "error"]
        assert client.heard[-1]["code"] == CursorInvalid.code
        assert client.code == 4501
