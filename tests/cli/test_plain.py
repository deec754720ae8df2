"""The short way for plain writes: whatever is sent, it is answered as if there were no such way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import uuid4

import orjson
import pytest

from lrs.cli import requests as requests_module
from tests.cli.plain_servers import FOURTH, KNOWN, NEW, ONE, OTHER, THIRD, Running, read_answer
from tests.samples import COURSE_B, statement, voiding

pytestmark = pytest.mark.asyncio(loop_scope="module")


LATER = orjson.dumps(KNOWN | {"timestamp": "2026-11-23T10:00:00.000Z"})
SIGNED = orjson.dumps(
    NEW
    | {
        "attachments": [
            {
                "usageType": "http://example.com/a",
                "display": {"en": "a"},
                "contentType": "text/plain",
                "length": 1,
                "sha2": "0" * 64,
                "fileUrl": "http://example.com/a",
            }
        ]
    }
)

PLAIN: dict[str, Callable[[Running], bytes]] = {
    "a PUT": lambda s: s.put(OTHER, orjson.dumps(NEW)),
    "a PUT with the id in capitals": lambda s: s.put(OTHER.upper(), orjson.dumps(NEW)),
    "a POST of one": lambda s: s.post(orjson.dumps(NEW)),
    "a POST of two": lambda s: s.post(orjson.dumps([NEW, statement(statement_id=THIRD)])),
    "what is stored already": lambda s: s.post(orjson.dumps(KNOWN)),
    "one that ends the connection": lambda s: s.post(orjson.dumps(NEW), Connection="close"),
    "of HTTP/1.0": lambda s: s.head("POST /xapi/statements HTTP/1.0", len(orjson.dumps(NEW))) + orjson.dumps(NEW),
    "a media type with a charset": lambda s: s.post(orjson.dumps(NEW), Content_Type="application/json; charset=utf-8"),
    "of xAPI 2.0": lambda s: s.post(orjson.dumps(NEW), X_Experience_API_Version="2.0.0"),
    "a void": lambda s: s.post(orjson.dumps(voiding(THIRD, id=FOURTH))),
    "another content of a trusted writer": lambda s: s.post(LATER, key="trusted"),
    "of a trusted writer": lambda s: s.post(orjson.dumps(NEW), key="trusted"),
}

OTHERS: dict[str, Callable[[Running], bytes]] = {
    "no body": lambda s: s.post(b""),
    "an empty batch": lambda s: s.post(b"[]"),
    "no JSON": lambda s: s.post(b"{"),
    "no statement": lambda s: s.post(b"{}"),
    "one bad of two": lambda s: s.post(orjson.dumps([NEW, {}])),
    "an id twice": lambda s: s.post(orjson.dumps([NEW, NEW])),
    "another content": lambda s: s.post(LATER),
    "another content for PUT": lambda s: s.put(ONE, LATER),
    "nonsense of a trusted writer": lambda s: s.post(b"{", key="trusted"),
    "no statement of a trusted writer": lambda s: s.post(b"{}", key="trusted"),
    "an attachment elsewhere": lambda s: s.post(SIGNED),
    "the id of another": lambda s: s.put(OTHER, orjson.dumps(KNOWN)),
    "an array to PUT": lambda s: s.put(OTHER, orjson.dumps([NEW])),
    "no id": lambda s: s.head("PUT /xapi/statements HTTP/1.1", len(orjson.dumps(NEW))) + orjson.dumps(NEW),
    "no UUID": lambda s: s.put("5", orjson.dumps(NEW)),
    "parameters of POST": lambda s: s.head("POST /xapi/statements?limit=1 HTTP/1.1", 2) + b"{}",
    "no version": lambda s: s.post(orjson.dumps(NEW), X_Experience_API_Version=""),
    "an unknown version": lambda s: s.post(orjson.dumps(NEW), X_Experience_API_Version="0.9"),
    "no credential": lambda s: s.post(orjson.dumps(NEW), Authorization=""),
    "a wrong credential": lambda s: s.post(orjson.dumps(NEW), key="nobody"),
    "two credentials": lambda s: s.post(orjson.dumps(NEW), authorization="Basic eDp5"),
    "no scope": lambda s: s.post(orjson.dumps(NEW), key="reader"),
    "in the grant": lambda s: s.post(orjson.dumps(NEW), key="narrow"),
    "outside the grant": lambda s: s.post(orjson.dumps(statement(course=COURSE_B, statement_id=OTHER)), key="narrow"),
    "another media type": lambda s: s.post(orjson.dumps(NEW), Content_Type="text/plain"),
    "chunks": lambda s: s.post(b"2\r\n{}\r\n0\r\n\r\n", Content_Length="", Transfer_Encoding="chunked"),
    "a large body": lambda s: s.post(orjson.dumps([statement(statement_id=OTHER, block="b" * 40_000)])),
    "a body beyond all bounds": lambda s: s.head("POST /xapi/statements HTTP/1.1", 10**15),
    "another path": lambda s: s.head("POST /xapi/statement HTTP/1.1", 2) + b"{}",
    "the alternate syntax": lambda s: s.head(
        "POST /xapi/statements?method=GET HTTP/1.1", 0, Content_Type="application/x-www-form-urlencoded"
    ),
}


@pytest.mark.parametrize("name", PLAIN | OTHERS)
async def test_both_ways_give_the_same_answer(name: str, short: Running, long: Running) -> None:
    answers = []
    for server in (short, long):
        assert (await server.answer(server.post(orjson.dumps(KNOWN)))).startswith(b"HTTP/1.1 200 ")
        answers.append(await server.answer((PLAIN | OTHERS)[name](server)))
        assert server.app.engine is not None
        answers.append(b"%d" % server.app.engine.log.head())
    assert answers[:2] == answers[2:]
    assert short.taken == 1 + (name in PLAIN)


# From here on tests send to one of the servers only, so that their logs are not the same any more.


async def test_requests_that_come_at_once_are_answered_in_their_order(short: Running) -> None:
    ids = [str(uuid4()) for _ in range(20)]
    async with short.connected() as (reader, writer):
        sent = [short.post(orjson.dumps(statement(statement_id=one)) if at % 3 else b"{") for at, one in enumerate(ids)]
        writer.write(b"".join(sent))
        for at, one in enumerate(ids):
            answer = await read_answer(reader)
            assert answer.endswith(orjson.dumps([one])) if at % 3 else answer.startswith(b"HTTP/1.1 400 ")


async def test_a_body_may_come_later_than_its_head(short: Running) -> None:
    async with short.connected() as (reader, writer):
        sent = short.post(orjson.dumps(NEW))
        for piece in (sent[:50], sent[50:-30], sent[-30:-1], sent[-1:]):
            writer.write(piece)
            await asyncio.sleep(0.02)
        assert (await read_answer(reader)).startswith(b"HTTP/1.1 200 ")
    assert short.taken == 1


async def test_a_body_that_is_late_is_waited_for_as_any_other(short: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests_module, "PLAIN_BODY_S", 0.01)
    async with short.connected() as (reader, writer):
        sent = short.post(orjson.dumps(NEW))
        writer.write(sent[:-1])
        await asyncio.sleep(0.1)
        writer.write(sent[-1:])
        assert (await read_answer(reader)).startswith(b"HTTP/1.1 200 ")
    assert short.taken == 0


async def test_a_client_that_leaves_before_its_body_came_leaves_nothing_behind(short: Running) -> None:
    assert short.app.engine is not None
    head = short.app.engine.log.head()
    async with short.connected() as (_, writer):
        writer.write(short.post(orjson.dumps(statement()))[:-1])
        await writer.drain()
    assert (await short.answer(short.post(orjson.dumps(statement())))).startswith(b"HTTP/1.1 200 ")
    assert short.app.engine.log.head() == head + 1


async def test_what_can_not_be_stored_now_goes_the_other_way(short: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full queue has no room at once, but the ordinary way waits for some."""
    assert short.app.engine is not None
    monkeypatch.setattr(short.app.engine.log, "append_soon", lambda _job, _tell: False)
    assert (await short.answer(short.post(orjson.dumps(NEW)))).startswith(b"HTTP/1.1 200 ")
    assert short.taken == 0
