"""Those who have caught up and take what comes are told together, and nobody notices."""

from __future__ import annotations

from lrs.errors import StoreUnavailable, TokenRevoked
from lrs.subscriptions.doors import Door
from lrs.subscriptions.frames import Frame
from lrs.subscriptions.session.connection import Session
from lrs.subscriptions.session.crowd import Crowd
from tests.samples import COURSE_A, COURSE_B, statement
from tests.subscriptions.loops import in_loop, settle
from tests.subscriptions.pipes import Client, House, chain, open_house, subscribed


async def told(house: House, *courses: str | None) -> list[str]:
    """The ids of a statement in each course, after all have been told."""
    made = house.put(*(statement(course=course) for course in courses or (None,)))
    await settle()
    return made


async def crowd_of(house: House, count: int) -> list[Client]:
    """Clients who are told together."""
    who = house.reader()
    clients = [await subscribed(house, who) for _ in range(count)]
    # The first statement that comes finds them alone.
    await told(house)
    assert sizes(house) == [count]
    return clients


def crowds(house: House) -> list[Crowd]:
    return list(house.sessions.crowds.values())


def sizes(house: House) -> list[int]:
    return [len(crowd._directs) for crowd in crowds(house)]


def sessions(house: House) -> list[Session]:
    return [one for one in house.sessions if isinstance(one, Session)]


@in_loop
async def test_one_frame_goes_to_all_and_waits_for_nobody() -> None:
    async with open_house() as house:
        clients = await crowd_of(house, 3)
        before = [chain(client, "s1") for client in clients]
        house.put(statement())
        # The tail reads in one step of the loop; no task of a connection has to be woken.
        await settle(1)
        made = house.put(statement())
        await settle()
        assert len({id(client.frames[-1]) for client in clients}) == 1
        assert all(chain(client, "s1")[-1:] == made for client in clients)
        assert all(len(chain(client, "s1")) == len(first) + 2 for client, first in zip(clients, before, strict=True))


@in_loop
async def test_names_and_questions_are_crowds_of_their_own_and_windows_in_none() -> None:
    async with open_house() as house:
        who = house.reader()
        clients = [
            await subscribed(house, who),
            await subscribed(house, who, filter={"course": [COURSE_A]}),
            await subscribed(house, who, window=100),
        ]
        other = await house.connect(who)
        other.say(type="subscribe", sub="s2")
        await settle()
        made = [one for _ in range(3) for one in await told(house, COURSE_A)]
        assert sizes(house) == [1, 1, 1]
        assert [chain(client, "s1") for client in clients] == [made] * 3
        assert chain(other, "s2") == made


@in_loop
async def test_who_takes_nothing_leaves_and_is_told_everything_later() -> None:
    """Invariant 5."""
    async with open_house() as house:
        clients = await crowd_of(house, 3)
        made = await told(house)
        clients[1].stall()
        made += [one for _ in range(5) for one in await told(house)]
        assert sizes(house) == [2]
        clients[1].go_on()
        await settle()
        made += await told(house)
        assert sizes(house) == [3]
        assert [chain(client, "s1")[1:] for client in clients] == [made] * 3


@in_loop
async def test_what_more_than_a_frame_holds_comes_in_several() -> None:
    async with open_house(server_frame_statements_max=3) as house:
        clients = await crowd_of(house, 2)
        made = await told(house, *[COURSE_A] * 8)
        assert sizes(house) == [2]
        for client in clients:
            assert chain(client, "s1")[1:] == made
            assert client.types[-3:] == ["statements"] * 3


@in_loop
async def test_one_whose_connection_fails_is_the_only_one_who_is_concerned() -> None:
    async with open_house() as house:
        clients = await crowd_of(house, 3)

        def take(frame: Frame) -> bool:
            raise ConnectionResetError

        vars(clients[1])["take"] = take
        made = await told(house) + await told(house)
        assert [chain(client, "s1")[1:] for client in clients] == [made, [], made]
        assert len(house.sessions) == 2
        assert sizes(house) == [2]


@in_loop
async def test_a_heartbeat_moves_each_alone_and_the_chain_holds() -> None:
    async with open_house() as house:
        who = house.reader()
        clients = [await subscribed(house, who, filter={"course": [COURSE_A]}) for _ in range(2)]
        made = await told(house, COURSE_A)
        assert sizes(house) == [2]
        await told(house, COURSE_B, COURSE_B)
        await house.pass_time(20)
        assert sizes(house) == []
        assert all(house.log.cursors.open(client.last("heartbeat")["subs"]["s1"]) == 3 for client in clients)
        made += await told(house, COURSE_A)
        assert sizes(house) == [2]
        made += await told(house, COURSE_A)
        assert [chain(client, "s1") for client in clients] == [made] * 2


@in_loop
async def test_who_ends_a_subscription_is_told_its_cursor_and_nothing_more() -> None:
    async with open_house() as house:
        first, second = await crowd_of(house, 2)
        made = await told(house)
        first.say(type="unsubscribe", sub="s1")
        await settle()
        later = await told(house)
        assert chain(first, "s1")[1:] == made
        assert chain(second, "s1")[1:] == made + later
        assert sizes(house) == [1]
        second.leave()
        await settle()
        assert crowds(house) == []


@in_loop
async def test_a_grant_that_shrinks_takes_its_reader_out_at_once() -> None:
    """Invariant 8."""
    async with open_house() as house:
        clients = [await subscribed(house, house.reader(name, number=number)) for number, name in enumerate("ab", 1)]
        await told(house, COURSE_B)
        assert sizes(house) == [2]
        house.credentials.change("b", house.reader("b", number=2, courses=(COURSE_A,)))
        await house.pass_time(1)
        made = await told(house, COURSE_A, COURSE_B)
        assert chain(clients[0], "s1")[1:] == made
        assert chain(clients[1], "s1")[1:] == made[:1]


@in_loop
async def test_a_token_that_is_revoked_takes_its_reader_out_at_once() -> None:
    """Invariant 8."""
    async with open_house() as house:
        clients = [await subscribed(house, house.reader(name, number=number)) for number, name in enumerate("ab", 1)]
        first = await told(house)
        clients[1].stall()
        house.credentials.change("b", TokenRevoked("gone"))
        await house.pass_time(1)
        clients[1].go_on()
        second = await told(house)
        assert [chain(client, "s1") for client in clients] == [first + second, first]
        assert clients[1].code == 4503


@in_loop
async def test_all_that_is_sent_is_counted_for_each_connection_each_consumer_and_the_door() -> None:
    async with open_house() as house:
        a, b = house.reader("a", number=1), house.reader("b", number=2)
        clients = [await subscribed(house, who) for who in (a, a, b)]
        for _ in range(4):
            await told(house)
        assert sizes(house) == [3]
        for session, client in zip(sessions(house), clients, strict=True):
            assert session.bytes_sent == sum(len(frame.data) for frame in client.frames)
        sent = house.sessions.traffic.sent[Door.WEBSOCKET]
        assert sent.statements == sum(sent.delay.counts) == 12
        frames = [frame for client in clients for frame in client.frames if b'"type":"statements"' in frame.data]
        assert sent.size_bytes == sum(len(frame.data) for frame in frames)
        assert {number: read.pushed for number, read in house.sessions.reads.take().items()} == {1: 8, 2: 4}


@in_loop
async def test_what_is_seen_of_a_connection_is_the_same_in_a_crowd_and_alone() -> None:
    async with open_house() as house:
        clients = await crowd_of(house, 2)
        await told(house)
        cursors = {one.cursor for session in sessions(house) for one in session.subscriptions}
        assert cursors == {clients[0].last("statements")["cursor"]}
        assert [one.place for session in sessions(house) for one in session.subscriptions] == [2, 2]
        assert not any(one.behind for session in sessions(house) for one in session.subscriptions)
        # Looking changes nothing.
        assert sizes(house) == [2]


@in_loop
async def test_a_log_that_can_not_be_read_ends_all_of_them() -> None:
    async with open_house() as house:
        clients = await crowd_of(house, 2)
        house.hub.fail(StoreUnavailable("gone"))
        await settle()
        assert [client.code for client in clients] == [4014, 4014]
        assert crowds(house) == []


@in_loop
async def test_what_was_let_go_is_read_from_the_log_by_each() -> None:
    async with open_house() as house:
        who = house.reader()
        clients = [await subscribed(house, who, filter={"course": [COURSE_A]}) for _ in range(2)]
        made = await told(house, COURSE_A)
        await told(house, COURSE_B)
        house.hub._channels.forget()
        made += await told(house, COURSE_A)
        assert [chain(client, "s1") for client in clients] == [made] * 2
