"""The short way for pages: whatever is asked, it is answered as if there were no such way."""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import orjson
import pytest

from lrs.errors import StoreUnavailable
from tests.cli.plain_servers import KNOWN, NEW, ONE, OTHER, PATIENCE_S, THIRD, Running
from tests.samples import COURSE_B, statement

pytestmark = pytest.mark.asyncio(loop_scope="module")


PAGES: dict[str, Callable[[Running], bytes]] = {
    "a page": lambda s: s.get(),
    "everything": lambda s: s.get(""),
    "nothing": lambda s: s.get("?verb=http://example.com/none"),
    "of xAPI 2.0": lambda s: s.get(X_Experience_API_Version="2.0.0"),
    "in a language": lambda s: s.get("?format=canonical", Accept_Language="en"),
    "one that ends the connection": lambda s: s.get(Connection="close"),
    "increments": lambda s: s.get("?after=beginning&ascending=true"),
    "since": lambda s: s.get("?since=2020-01-01T00:00:00Z&ascending=true"),
    "within a grant": lambda s: s.get(key="narrow reader"),
}

OTHER_READS: dict[str, Callable[[Running], bytes]] = {
    "one statement": lambda s: s.get(f"?statementId={ONE}"),
    "one that is not there": lambda s: s.get(f"?statementId={OTHER}"),
    "attachments": lambda s: s.get("?attachments=true"),
    "no scope": lambda s: s.get(key="writer-only"),
    "no credential": lambda s: s.get(Authorization=""),
    "no version": lambda s: s.get(X_Experience_API_Version=""),
    "an unknown parameter": lambda s: s.get("?colour=red"),
    "an unknown more": lambda s: s.get("?more=abc"),
    "more and something else": lambda s: s.get("?more=abc&limit=1"),
    "no UTF-8": lambda s: s.get("?verb=%ff"),
    "a long query": lambda s: s.get(f"?verb=http://example.com/{'v' * 3000}"),
}

_OWN = re.compile(rb"(?i)(x-lrs-cursor: |lrs-|more=|etag: \"|last-modified: )[^\r\"]*|[0-9:T.-]{20,}Z")


@pytest.mark.parametrize("name", PAGES | OTHER_READS)
async def test_a_page_is_the_same_whether_it_was_kept_or_not(name: str, short: Running, long: Running) -> None:
    answers = []
    for server in (short, long):
        await server.answer(server.post(orjson.dumps([KNOWN, statement(statement_id=THIRD), NEW][: 2 + len(name) % 2])))
        for _ in range(3):
            answer = await server.answer((PAGES | OTHER_READS)[name](server))
            # Each of the two logs has a secret and times of its own.
            answers.append(_OWN.sub(b"", answer))
    assert len(set(answers)) == 1, answers
    assert short.taken == (1 + 3 if name in PAGES else 1)


async def test_pages_continue_one_another(short: Running, long: Running) -> None:
    stored = [statement() for _ in range(5)]
    for server in (short, long):
        await server.answer(server.post(orjson.dumps(stored)))
        query, seen = "?limit=2", list[str]()
        while len(seen) < len(stored):
            page = orjson.loads((await server.answer(server.get(query))).partition(b"\r\n\r\n")[2])
            seen += [one["id"] for one in page["statements"]]
            query = "?" + page["more"].partition("?")[2]
        assert seen[: len(stored)] == [one["id"] for one in reversed(stored)]
    assert short.taken == 1 + 3


# From here on tests send to one of the servers only, so that their logs are not the same any more.


async def test_what_can_not_be_read_is_answered_as_ever(short: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise StoreUnavailable("the disk is gone")

    assert short.app.engine is not None
    await short.answer(short.post(orjson.dumps(KNOWN)))
    monkeypatch.setattr(short.app.engine.log, "read", broken)
    assert (await short.answer(short.get("?limit=3"))).startswith(b"HTTP/1.1 503 ")


async def test_a_reader_who_leaves_before_its_page_is_read_disturbs_nobody(
    short: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert short.app.engine is not None
    await short.answer(short.post(orjson.dumps(KNOWN)))
    begun, left = threading.Event(), threading.Event()
    read = short.app.engine.log.read

    def slow(*asked: Any) -> Any:
        begun.set()
        left.wait(PATIENCE_S)
        return read(*asked)

    monkeypatch.setattr(short.app.engine.log, "read", slow)
    async with short.connected() as (_, writer):
        writer.write(short.get("?limit=4"))
        await asyncio.to_thread(begun.wait, PATIENCE_S)
    left.set()
    assert (await short.answer(short.get("?limit=4"))).startswith(b"HTTP/1.1 200 ")


async def test_what_was_kept_is_forgotten_with_the_next_statement(short: Running) -> None:
    for stored in (statement(), statement()):
        await short.answer(short.post(orjson.dumps(stored)))
        for _ in range(3):
            assert stored["id"].encode() in await short.answer(short.get("?limit=1"))


async def test_what_was_kept_for_one_reader_is_not_given_to_another(short: Running) -> None:
    one, other = str(uuid4()), str(uuid4())
    await short.answer(
        short.post(orjson.dumps([statement(statement_id=one), statement(course=COURSE_B, statement_id=other)]))
    )
    for key, seen in (("reader", {one, other}), ("narrow reader", {one}), ("reader", {one, other})):
        for _ in range(3):
            answer = await short.answer(short.get("?limit=5", key=key))
            assert {each for each in (one, other) if each.encode() in answer} == seen


async def test_what_was_kept_is_not_given_after_a_revocation(short: Running) -> None:
    await short.answer(short.post(orjson.dumps(KNOWN)))
    for _ in range(3):
        assert (await short.answer(short.get(key="leaving"))).startswith(b"HTTP/1.1 200 ")
    engine = short.app.engine
    assert engine is not None
    for key in engine.consumers.keys("leaving"):
        engine.consumers.revoke_key(key.id, engine.clock.now_us())
    assert (await short.answer(short.get(key="leaving"))).startswith(b"HTTP/1.1 401 ")


async def test_who_asks_for_many_pages_at_once_and_reads_none_is_held_back(short: Running) -> None:
    """Invariant 7: kept pages are sent no faster than they are taken."""
    await short.answer(short.post(orjson.dumps([statement(block="b" * 300 + str(n)) for n in range(40)])))
    await short.answer(short.get("?limit=40"))
    async with short.connected() as (_, writer):
        for _ in range(2_000):
            writer.write(short.get("?limit=40"))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(writer.drain(), 1)
        assert short.taken < 500
        writer.transport.abort()
