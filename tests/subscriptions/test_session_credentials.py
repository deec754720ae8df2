"""Credentials and grants that change while a connection is open."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lrs.auth.grants import Grant
from lrs.errors import LrsError, Overloaded, TokenRevoked
from lrs.subscriptions.filters import parse_filter
from lrs.subscriptions.openings import Opening
from tests.samples import COURSE_A, COURSE_B, statement
from tests.subscriptions.loops import in_loop, settle, until
from tests.subscriptions.pipes import chain, open_house, subscribed


@in_loop
async def test_a_stranger_shows_its_token_and_is_served() -> None:
    async with open_house() as house:
        house.reader()
        client = await house.connect(None, Opening(parse_filter({}, house.limits), "now"))
        client.say(type="auth", id=1, token="engine")
        await settle()
        assert client.types == ["hello", "subscribed", "live"]
        assert client.heard[0]["re"] == 1
        assert house.sessions._connections.strangers == 0


@in_loop
async def test_a_token_is_renewed_within_the_connection() -> None:
    async with open_house() as house:
        client = await subscribed(house, house.reader(expires_in_s=30))
        house.credentials.held["t2"] = replace(house.reader(expires_in_s=3600), credential="key:t2")
        await house.pass_time(1)
        assert client.types[-1] == "expiring"
        client.say(type="auth", id=2, token="t2")
        await settle()
        assert client.last("authed")["re"] == 2
        await house.pass_time(100)
        assert client.closed is None
        house.credentials.change("t2", TokenRevoked("gone"))
        await house.pass_time(1)
        assert client.code == 4503


@in_loop
async def test_a_token_of_another_consumer_does_not_take_over_a_connection() -> None:
    async with open_house() as house:
        house.reader("other", number=2)
        client = await subscribed(house)
        client.say(type="auth", id=2, token="other")
        client.say(type="auth", id=3, token="nonsense")
        await settle()
        assert [(frame["re"], frame["code"]) for frame in client.heard[-2:]] == [(2, "forbidden"), (3, "invalid_token")]
        assert client.closed is None
        assert [session.credential for session in house.sessions] == ["key:engine"]


@in_loop
async def test_a_narrowed_grant_counts_at_the_next_look() -> None:
    """Invariant 8."""
    async with open_house() as house:
        who = house.reader()
        client = await subscribed(house, who)
        client.say(type="subscribe", sub="b", filter={"course": [COURSE_B]})
        await settle()
        house.credentials.change("engine", replace(who, grant=Grant.of([COURSE_A])))
        await house.pass_time(0.25)
        assert (client.last("error")["sub"], client.last("error")["code"]) == ("b", "forbidden")
        assert client.last("unsubscribed")["sub"] == "b"
        a, _ = house.put(statement(course=COURSE_A), statement(course=COURSE_B))
        await settle()
        assert chain(client, "s1") == [a]
        assert chain(client, "b") == []


@in_loop
async def test_a_widened_grant_counts_at_the_next_look() -> None:
    async with open_house() as house:
        who = house.reader(courses=(COURSE_A,))
        client = await subscribed(house, who)
        house.credentials.change("engine", replace(who, grant=Grant.of([COURSE_A, COURSE_B])))
        await house.pass_time(0.25)
        made = house.put(statement(course=COURSE_A), statement(course=COURSE_B))
        await settle()
        assert chain(client, "s1") == made


@in_loop
async def test_credentials_are_looked_at_once_each_and_only_when_something_has_changed() -> None:
    async with open_house() as house:
        for _ in range(5):
            await subscribed(house)
        await house.pass_time(0.25)
        assert house.credentials.checks == 1
        for _ in range(5):
            await house.pass_time(0.25)
        assert house.credentials.checks == 1
        house.credentials.number += 1
        await house.pass_time(0.25)
        assert house.credentials.checks == 2


@in_loop
async def test_the_watch_runs_by_itself() -> None:
    async with open_house(credential_check_s=0.001) as house:
        client = await subscribed(house)
        house.credentials.change("engine", TokenRevoked("gone"))
        await until(lambda: client.closed)
        assert client.code == 4503


@in_loop
async def test_a_process_has_a_bounded_number_of_connections() -> None:
    """Invariant 7."""
    async with open_house(connections_max=3, connections_unauthenticated_max=2) as house:
        for _ in range(2):
            await house.connect()
        refused: type[LrsError] = Overloaded
        with pytest.raises(refused):
            house.sessions.admit(None)
        await subscribed(house)
        with pytest.raises(refused):
            house.sessions.admit(house.reader("another"))
