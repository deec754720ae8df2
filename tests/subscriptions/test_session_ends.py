"""How a connection ends: every close code."""

from __future__ import annotations

import pytest

from lrs.errors import ConnectionLimit, Overloaded, StoreUnavailable, TokenRevoked
from lrs.subscriptions.session import connection as connection_module
from tests.samples import statement
from tests.subscriptions.loops import in_loop, settle, until
from tests.subscriptions.pipes import open_house, subscribed


@in_loop
async def test_1001_when_the_server_stops() -> None:
    async with open_house() as house:
        client = await subscribed(house)
        await house.sessions.stop()
        assert client.closed == (1001, "going_away")
        with pytest.raises(Overloaded):
            house.sessions.admit(None)


@in_loop
async def test_1003_for_a_binary_frame() -> None:
    async with open_house() as house:
        client = await subscribed(house)
        client.say_raw(b"{}")
        await settle()
        assert client.code == 1003


@in_loop
async def test_1009_for_a_frame_over_the_limit() -> None:
    async with open_house() as house:
        client = await subscribed(house)
        client.say(type="unsubscribe", sub="x" * 70_000)
        await settle()
        assert client.code == 1009


@pytest.mark.parametrize("fault", ["reading", "sending"])
def test_1011_for_a_fault_of_the_server(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    @in_loop
    async def run() -> None:
        async with open_house() as house:
            client = await subscribed(house)
            if fault == "reading":
                monkeypatch.setattr(house.sessions.hub, "subscribe", broken)
                client.say(type="subscribe", sub="s2")
            else:
                monkeypatch.setattr(house.hub, "frame", broken)
                house.put(statement())
            await settle()
            assert client.closed == (1011, "internal")

    run()


@in_loop
async def test_4001_when_a_token_has_ended() -> None:
    async with open_house() as house:
        client = await subscribed(house, house.reader(expires_in_s=70))
        await house.pass_time(10)
        assert client.types[-1] == "expiring"
        await house.pass_time(64.9)
        assert client.closed is None
        await house.pass_time(0.25)
        assert client.code == 4001


@in_loop
async def test_4008_when_a_send_is_blocked_for_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "GOODBYE_S", 0.01)
    async with open_house() as house:
        client = await subscribed(house)
        client.stall()
        house.put(statement())
        await settle()
        await house.pass_time(29)
        assert len(house.sessions) == 1
        await house.pass_time(1)
        await until(lambda: len(house.sessions) == 0)


@in_loop
async def test_4008_is_told_if_the_client_takes_it_after_all() -> None:
    async with open_house() as house:
        client = await subscribed(house)
        client.stall()
        house.put(statement())
        await settle()
        house.clock.advance(30)
        await house.sessions.tick()
        await settle()
        client.go_on()
        await settle()
        assert client.closed is not None
        assert client.closed[1].startswith("too_slow")
        assert client.code == 4008


@in_loop
async def test_a_send_that_is_slow_but_goes_on_is_not_closed() -> None:
    async with open_house() as house:
        client = await subscribed(house)
        for _ in range(5):
            client.stall()
            house.put(statement())
            await settle()
            await house.pass_time(20)
            client.go_on()
            await settle()
        assert client.closed is None


@in_loop
async def test_4013_for_too_many_frames() -> None:
    async with open_house(client_frames_burst=5) as house:
        client = await house.connect(house.reader())
        for _ in range(6):
            client.say(type="unsubscribe", sub="none")
        await settle()
        assert client.types.count("error") == 5
        assert client.code == 4013


@pytest.mark.parametrize("waiting", [True, False])
def test_4014_when_the_log_can_not_be_read(waiting: bool) -> None:
    """Whether the client waits at the head or catches up."""

    @in_loop
    async def run() -> None:
        async with open_house(server_frame_statements_max=1) as house:
            house.put(statement(), statement())
            start = "now" if waiting else "beginning"
            client = await house.connect(house.reader())
            client.stall()
            client.say(type="subscribe", sub="s1", **{"from": start})
            await settle()
            house.log.failure = StoreUnavailable("gone")
            house.hub._tail._woken.set()
            client.go_on()
            await settle()
            assert client.code == 4014

    run()


@in_loop
async def test_4014_when_credentials_can_not_be_checked() -> None:
    """Whether a token was revoked can't be seen any more, so nothing is shown any more."""
    async with open_house() as house:
        client = await subscribed(house)
        house.credentials.failure = StoreUnavailable("gone")
        await house.pass_time(1)
        assert client.code == 4014


@in_loop
async def test_4500_for_a_token_that_is_none() -> None:
    async with open_house() as house:
        client = await house.connect()
        client.say(type="auth", token="nonsense")
        await settle()
        assert client.types == []
        assert client.code == 4500


@in_loop
async def test_4501_for_a_frame_that_can_not_be_read() -> None:
    async with open_house() as house:
        client = await subscribed(house)
        client.say_raw("hello?")
        await settle()
        assert client.types[-1] == "error"
        assert client.code == 4501


@in_loop
async def test_4502_for_a_stranger_that_says_nothing() -> None:
    async with open_house() as house:
        client = await house.connect()
        await house.pass_time(4.9)
        assert client.closed is None
        await house.pass_time(0.1)
        assert client.code == 4502


@in_loop
async def test_4502_for_a_stranger_that_says_something_else() -> None:
    async with open_house() as house:
        client = await house.connect()
        client.say(type="subscribe", sub="s1")
        await settle()
        assert client.code == 4502


@in_loop
async def test_4503_for_a_revoked_token_at_the_next_look() -> None:
    async with open_house() as house:
        client = await subscribed(house)
        house.credentials.change("engine", TokenRevoked("gone"))
        house.put(statement())
        await house.pass_time(0.25)
        assert client.code == 4503
        count = len(client.frames)
        house.put(statement())
        await settle()
        assert len(client.frames) == count


@in_loop
async def test_4503_also_for_a_token_revoked_between_its_check_and_the_first_look() -> None:
    async with open_house() as house:
        who = house.reader()
        house.credentials.held["engine"] = TokenRevoked("gone")
        house.sessions._generation = house.credentials.number
        client = await house.connect(who)
        await house.pass_time(0.25)
        assert client.code == 4503


@in_loop
async def test_4504_for_one_connection_too_many_of_a_token() -> None:
    async with open_house(connections_per_token_max=2) as house:
        clients = [await subscribed(house) for _ in range(2)]
        with pytest.raises(ConnectionLimit):
            house.sessions.admit(house.reader())
        stranger = await house.connect()
        stranger.say(type="auth", token="engine")
        await settle()
        assert stranger.code == 4504
        clients[0].leave()
        await settle()
        assert (await subscribed(house)).closed is None


@in_loop
async def test_4505_when_an_administrator_ends_it() -> None:
    async with open_house() as house:
        client = await subscribed(house)
        assert not house.sessions.disconnect("unknown")
        assert house.sessions.disconnect(client.heard[0]["connection"])
        await settle()
        assert client.closed == (4505, "disconnected_by_admin")


@in_loop
async def test_4507_for_a_token_without_the_scope_stream() -> None:
    async with open_house() as house:
        house.reader("writer", scopes=("statements/write",))
        client = await house.connect()
        client.say(type="auth", token="writer")
        await settle()
        assert client.code == 4507


@in_loop
async def test_a_client_that_leaves_takes_everything_with_it() -> None:
    async with open_house() as house:
        clients = [await subscribed(house, filter={"verb": [f"x:{n}"]}) for n in range(20)]
        for client in clients[::2]:
            client.leave()
        house.put(statement())
        await settle()
        assert len(house.sessions) == 10
        for client in clients[1::2]:
            client.leave()
        await settle()
        assert (len(house.sessions), house.hub.wanted) == (0, False)
        assert house.sessions._connections.total == 0
        assert all(client.closed is None for client in clients)


@in_loop
async def test_the_reason_is_sent_before_the_end_when_both_are_due() -> None:
    async with open_house() as house:
        client = await subscribed(house)
        client.say(type="unsubscribe", id=1, sub="s1")
        client.say_raw("{")
        await settle()
        assert client.types[-2:] == ["unsubscribed", "error"]
        assert client.code == 4501
