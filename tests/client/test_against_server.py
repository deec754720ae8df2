"""The client and the server understand each other: over a real socket, with the log in memory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lrs.client import CursorInvalid, Refused
from lrs.config import Settings
from lrs.limits import Limits
from tests.client.forms import Opening
from tests.samples import ANSWERED, COURSE_A, COURSE_B, agent, principal, statement
from tests.subscriptions.served import Served

SETTINGS = Settings(limits=Limits(credential_check_s=0.05, heartbeat_s=0.2))


@pytest.fixture
def served() -> Iterator[Served]:
    with Served(SETTINGS) as made:
        yield made


def url_of(served: Served) -> str:
    return f"http://{served.address}/xapi/stream"


async def test_statements_come_as_they_were_stored(served: Served, opening: Opening) -> None:
    made = statement(learner="zoë", result={"score": {"scaled": 0.5}, "response": "\u2028 \U0001f600"})
    async with opening(url_of(served), token="engine", start="beginning", course=[COURSE_A]) as stream:
        served.put(made)
        got = await stream.statement()
        assert got is not None
        assert got["result"] == made["result"]
        assert got["actor"] == made["actor"]


async def test_only_what_matches_comes(served: Served, opening: Opening) -> None:
    async with opening(
        url_of(served), token="engine", start="beginning", verb=[ANSWERED], actor=[agent("bob")]
    ) as stream:
        other = {"verb": "http://example.com/other"}
        _, _, wanted = served.put(statement(), statement(learner="bob", **other), statement(learner="bob"))
        got = await stream.statement()
        assert got is not None
        assert got["id"] == wanted


async def test_history_comes_in_order_and_in_several_frames(served: Served, opening: Opening) -> None:
    made = served.put(*(statement() for _ in range(1200)))
    async with opening(url_of(served), token="engine", start="beginning") as stream:
        frames, got = 0, []
        while batch := await stream.batch():
            if batch.live:
                break
            frames += 1
            got += [one["id"] for one in batch]
        assert got == made
        assert frames >= 3


async def test_a_cursor_leads_on(served: Served, opening: Opening) -> None:
    first, second, third = served.put(*(statement() for _ in range(3)))
    async with opening(url_of(served), token="engine", start="beginning") as stream:
        batch = await stream.batch()
        assert batch is not None
        assert [one["id"] for one in batch] == [first, second, third]
    (fourth,) = served.put(statement())
    async with opening(url_of(served), token="engine", after=batch.cursor) as stream:
        got = await stream.statement()
        assert got is not None
        assert got["id"] == fourth


async def test_heartbeats_carry_the_cursor_past_what_does_not_match(served: Served, opening: Opening) -> None:
    async with opening(url_of(served), token="engine", start="beginning", verb=["http://example.com/none"]) as stream:
        live = await stream.batch()
        served.put(statement())
        moved = await stream.batch()
        assert live is not None
        assert moved is not None
        assert live.live
        assert moved.prev == live.cursor != moved.cursor
        assert not moved.statements


async def test_a_time_is_a_start(served: Served, opening: Opening) -> None:
    served.put(statement())
    async with opening(url_of(served), token="engine", start=datetime.now(UTC) + timedelta(days=3650)) as stream:
        batch = await stream.batch()
        assert batch is not None
        assert batch.live
    async with opening(url_of(served), token="engine", start=datetime(2026, 1, 1, tzinfo=UTC)) as stream:
        assert await stream.statement() is not None


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"token": "unknown"}, "invalid_token"),
        ({"token": "writer"}, "forbidden"),
        ({"token": "gone"}, "token_revoked"),
        ({"token": "old"}, "token_expired"),
        ({"token": "engine", "course": [COURSE_B]}, "forbidden"),
        ({"token": "engine", "course": ["no course"]}, "invalid_parameter"),
        ({"token": "engine", "colour": ["red"]}, "invalid_parameter"),
        ({"token": "engine", "after": "no cursor"}, "cursor_invalid"),
    ],
)
async def test_a_refusal_says_why(served: Served, opening: Opening, options: dict[str, Any], code: str) -> None:
    async with opening(url_of(served), **options) as stream:
        with pytest.raises(Refused) as refusal:
            await stream.statement()
        assert refusal.value.code == code
        assert isinstance(refusal.value, CursorInvalid) == (code == "cursor_invalid")


async def test_an_expired_token_is_replaced(served: Served, opening: Opening) -> None:
    tokens = iter(["old", "engine"])
    served.put(statement())
    async with opening(url_of(served), token=None, token_provider=lambda: next(tokens), start="beginning") as stream:
        assert await stream.statement() is not None


async def test_a_token_is_renewed_without_a_break(served: Served, opening: Opening) -> None:
    """The old one ends soon, and the server says so at once."""
    brief = principal("brief", scopes=("stream",), courses=(COURSE_A,))
    ends_us = time.time_ns() // 1000 + 30_000_000
    served.credentials.held |= {"brief": replace(brief, expires_at_us=ends_us), "long": brief}
    tokens = ["brief", "long"]
    async with opening(url_of(served), token=None, token_provider=lambda: tokens.pop(0), start="beginning") as stream:
        live = await stream.batch()
        assert live is not None
        while tokens:
            # The next heartbeat, or what came with it.
            served.put(statement())
            await stream.batch()
        assert served.sockets == 1


async def test_a_token_that_is_revoked_ends_the_stream(served: Served, opening: Opening) -> None:
    async with opening(url_of(served), token="engine") as stream:
        await stream.batch()
        served.credentials.change("engine", served.credentials.held["gone"])
        with pytest.raises(Refused, match="token_revoked"):
            await stream.statement()
