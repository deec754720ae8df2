"""Programs whose place is kept by the server under a name, in both forms of the client, on a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from lrs.client import Refused
from tests.client.forms import FORMS, Form, Opening
from tests.samples import COURSE_B, statement
from tests.system.access import STATEMENTS, WAIT_S, add_consumer, client, key_of, token_of
from tests.system.server import Server, running


@pytest.fixture(params=FORMS)
def opening(request: pytest.FixtureRequest) -> Opening:
    made: Opening = request.param
    return made


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(
        tmp_path_factory.mktemp("keeping") / "data",
        LRS_HEARTBEAT_S="0.2",
        LRS_SERVER_FRAME_STATEMENTS_MAX="3",
        LRS_DURABLE_CURSORS_MAX="1",
        LRS_CONNECTIONS_PER_TOKEN_MAX="1",
    ) as made:
        add_consumer(made, "lms", "statements/write")
        yield made


@dataclass(frozen=True)
class Place:
    """The server of all tests here, with a consumer and a course for one of them."""

    server: Server
    consumer: str
    course: str

    @property
    def url(self) -> str:
        return self.server.stream_url

    @property
    def token(self) -> str:
        return token_of(self.server, self.consumer)


@pytest.fixture
def lrs(server: Server) -> Place:
    name = uuid4().hex
    add_consumer(server, name, "stream")
    return Place(server, name, f"course-v1:Org+{name}+2026")


async def write(lrs: Place, count: int) -> list[str]:
    """Ids of what is stored in the course, with as much of another between."""
    made = [statement(course=course) for _ in range(count) for course in (lrs.course, COURSE_B)]
    async with client(lrs.server, key_of(lrs.server, "lms")) as writer:
        answer = await writer.post(STATEMENTS, json=made)
        assert answer.status_code == 200, answer.text
    return [str(one["id"]) for one in made[::2]]


async def read(stream: Form, got: list[str], wanted: list[str]) -> None:
    async with asyncio.timeout(WAIT_S):
        while len(got) < len(wanted):
            one = await stream.statement()
            assert one is not None
            got.append(one["id"])
    assert got == wanted


def options(lrs: Place, **more: Any) -> dict[str, Any]:
    return {"token": lrs.token, "durable": "knowledge", "course": [lrs.course], **more}


async def test_one_stream_gets_each_statement_once_however_the_server_ends(lrs: Place, opening: Opening) -> None:
    """Also those whose acknowledgement was not on disk yet when it was killed."""
    got: list[str] = []
    made = await write(lrs, 5)
    async with opening(lrs.url, **options(lrs, start="beginning")) as stream:
        await read(stream, got, made)
        for end in (lrs.server.kill, lrs.server.stop, lrs.server.kill):
            made += await write(lrs, 10)
            await read(stream, got, made)
            await asyncio.to_thread(end)
            await asyncio.to_thread(lrs.server.start)
        made += await write(lrs, 1)
        await read(stream, got, made)


async def test_the_next_program_goes_on_by_the_name_alone(lrs: Place, opening: Opening) -> None:
    """Right after what the last one finished: the batch in its hands comes again."""
    async with opening(lrs.url, **options(lrs)) as stream:
        assert await stream.batch() is not None
    made = await write(lrs, 9)
    async with opening(lrs.url, **options(lrs)) as stream:
        got: list[str] = []
        await read(stream, got, made[:5])
    async with opening(lrs.url, **options(lrs)) as stream:
        got = []
        await read(stream, got, made[3:6])
        assert await stream.batch() is not None
    async with opening(lrs.url, **options(lrs)) as stream:
        got = []
        await read(stream, got, made[6:])


async def test_what_is_acknowledged_before_leaving_does_not_come_again(lrs: Place, opening: Opening) -> None:
    async with opening(lrs.url, **options(lrs)) as stream:
        assert await stream.batch() is not None
    made = await write(lrs, 6)
    for part in (made[:3], made[3:]):
        async with opening(lrs.url, **options(lrs, auto_ack=False)) as stream:
            batch = await stream.batch()
            assert batch is not None
            assert [one["id"] for one in batch] == part
            assert await stream.ack(batch)


async def test_a_name_may_be_reset(lrs: Place, opening: Opening) -> None:
    made = await write(lrs, 3)
    for more in ({"start": "beginning"}, {"start": "beginning", "reset": True}):
        got: list[str] = []
        async with opening(lrs.url, **options(lrs, **more)) as stream:
            await read(stream, got, made)
            batch = await stream.batch()
            assert batch is not None
            await stream.ack(batch)


async def test_no_more_is_sent_than_the_window_holds(lrs: Place, opening: Opening) -> None:
    """Who finishes what it has gets the rest."""
    made = await write(lrs, 7)
    got: list[str] = []
    async with opening(lrs.url, **options(lrs, start="beginning", window=2, auto_ack=False)) as stream:
        while len(got) < len(made):
            batch = await stream.batch()
            assert batch is not None
            assert len(batch.statements) <= 2
            got += [one["id"] for one in batch]
            if len(got) == 2:
                following = asyncio.ensure_future(stream.batch())
                # Time enough for whatever should not come.
                await asyncio.sleep(0.5)
                assert not following.done()
                assert await stream.ack(batch)
                batch = await following
                assert batch is not None
                got += [one["id"] for one in batch]
            await stream.ack(batch)
    assert got == made


async def test_one_name_too_many_is_a_refusal(lrs: Place, opening: Opening) -> None:
    async with opening(lrs.url, **options(lrs)) as stream:
        await stream.batch()
    async with opening(lrs.url, **options(lrs, durable="another")) as stream:
        with pytest.raises(Refused) as refusal:
            await stream.batch()
        assert refusal.value.code == "cursor_limit"


async def test_one_connection_too_many_is_a_refusal(lrs: Place, opening: Opening) -> None:
    token = lrs.token
    async with opening(lrs.url, token=token) as first, opening(lrs.url, token=token) as second:
        await first.batch()
        with pytest.raises(Refused) as refusal:
            await second.batch()
        assert refusal.value.code == "connection_limit"
