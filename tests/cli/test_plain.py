"""The short way for plain requests: whatever is sent, it is answered as if there were no such way."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
import pytest_asyncio
import uvicorn

from lrs.app import App, create_app
from lrs.auth.grants import UNRESTRICTED, Grant
from lrs.cli import requests as requests_module
from lrs.cli.requests import Requests
from lrs.config import Settings
from lrs.statements.http.plain import Answer, PlainRequests, PlainWrite
from tests.samples import COURSE_A, COURSE_B, statement, voiding

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATIENCE_S = 30
_DIFFERS = re.compile(rb"(?im)^(date|x-request-id|x-experience-api-consistent-through): [^\r]*\r\n")


@dataclass
class Running:
    """A server of this process, and how many requests have gone the short way to their end."""

    app: App
    port: int
    keys: dict[str, str]
    taken: int = 0

    def head(self, line: str, size: int, key: str = "writer", **more: str) -> bytes:
        """The head of a plain request, with ``more`` headers (``_`` for ``-``) or others in their place."""
        headers = {
            "Host": "x",
            "Authorization": f"Basic {self.keys.get(key, key)}",
            "X-Experience-API-Version": "1.0.3",
            "Content-Type": "application/json",
            "Content-Length": str(size),
        }
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        lines = [line, *(f"{name}: {value}" for name, value in headers.items() if value)]
        return "\r\n".join([*lines, "", ""]).encode()

    def post(self, body: bytes, **more: str) -> bytes:
        return self.head("POST /xapi/statements HTTP/1.1", len(body), **more) + body

    def get(self, query: str = "?limit=2", key: str = "reader", **more: str) -> bytes:
        return self.head(f"GET /xapi/statements{query} HTTP/1.1", 0, key, Content_Length="", Content_Type="", **more)

    def put(self, statement_id: str, body: bytes, **more: str) -> bytes:
        line = f"PUT /xapi/statements?statementId={statement_id} HTTP/1.1"
        return self.head(line, len(body), **more) + body

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            async with asyncio.timeout(PATIENCE_S):
                yield reader, writer
        finally:
            writer.close()

    async def answer(self, sent: bytes) -> bytes:
        """All that comes back for ``sent`` on a connection of its own, but for what may differ."""
        async with self.connected() as (reader, writer):
            writer.write(sent)
            return _DIFFERS.sub(b"", await _answer(reader))


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return head + (await reader.readexactly(int(length[1])) if length else b"")


def _keys(app: App) -> dict[str, str]:
    assert app.engine is not None
    consumers, issuer = app.engine.consumers, app.engine.issuer
    found = {}
    for name, scopes, grant, trusted in (
        ("writer", {"statements/write"}, UNRESTRICTED, False),
        ("reader", {"statements/read"}, UNRESTRICTED, False),
        ("narrow", {"statements/write"}, Grant.of([COURSE_A]), False),
        ("leaving", {"statements/read"}, UNRESTRICTED, False),
        ("narrow reader", {"statements/read"}, Grant.of([COURSE_A]), False),
        ("writer-only", {"state"}, UNRESTRICTED, False),
        ("trusted", {"statements/write"}, UNRESTRICTED, True),
    ):
        consumers.add_consumer(
            name, scopes=frozenset(scopes), grant=grant, created_at_us=1, expires_at_us=None, trusted=trusted
        )
        issued = issuer.add_key(name)
        found[name] = b64encode(f"{issued.key}:{issued.secret}".encode()).decode()
        # Whoever is not known yet goes the long way.
        app.engine.authenticator.principal_for_authorization(f"Basic {found[name]}")
    return found


@asynccontextmanager
async def running(folder: Path, *, short: bool) -> AsyncIterator[Running]:
    app = create_app(Settings(data=folder))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, http=Requests, log_config=None, proxy_headers=False, timeout_keep_alive=60)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener.dup()]))
        await app.start()
        found = Running(app, listener.getsockname()[1], _keys(app))
        ways = app.plain
        assert ways is not None
        if short:
            _count(ways, found)
        else:
            app.plain = None
        try:
            yield found
        finally:
            server.should_exit = True
            await serving


def _count(ways: PlainRequests, server: Running) -> None:
    store, begin = ways.store, ways.begin

    def counted(write: PlainWrite, body: bytes, tell: Callable[..., None]) -> bool:
        def told(answer: object) -> None:
            server.taken += answer is not None
            tell(answer)

        return store(write, body, told)

    def begun(scope: dict[str, Any]) -> PlainWrite | Answer | None:
        found = begin(scope)
        server.taken += isinstance(found, Answer)
        return found

    vars(ways).update(store=counted, begin=begun)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Running, Running]]:
    """A server with the short way, and one without; all tests send to these two, and the same to both."""
    folder = tmp_path_factory.mktemp("plain")
    async with running(folder / "short", short=True) as short, running(folder / "long", short=False) as long:
        yield short, long


@pytest.fixture
def short(served: tuple[Running, Running]) -> Running:
    served[0].taken = 0
    return served[0]


@pytest.fixture
def long(served: tuple[Running, Running]) -> Running:
    return served[1]


ONE, OTHER, THIRD, FOURTH = (str(uuid4()) for _ in range(4))
KNOWN = statement(statement_id=ONE)
NEW = statement(statement_id=OTHER)
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


PAGES: dict[str, Callable[[Running], bytes]] = {
    "a page": lambda s: s.get(),
    "everything": lambda s: s.get(""),
    "nothing": lambda s: s.get("?verb=http://example.com/none"),
    "of xAPI 2.0": lambda s: s.get(X_Experience_API_Version="2.0.0"),
    "in a language": lambda s: s.get("?format=canonical", Accept_Language="en"),
    "one that ends the connection": lambda s: s.get(Connection="close"),
    "increments": lambda s: s.get("?after=beginning&ascending=true"),
}

OTHER_READS: dict[str, Callable[[Running], bytes]] = {
    "one statement": lambda s: s.get(f"?statementId={ONE}"),
    "one that is not there": lambda s: s.get(f"?statementId={OTHER}"),
    "attachments": lambda s: s.get("?attachments=true"),
    "no scope": lambda s: s.get(key="writer-only"),
    "no credential": lambda s: s.get(Authorization=""),
    "no version": lambda s: s.get(X_Experience_API_Version=""),
    "an unknown parameter": lambda s: s.get("?colour=red"),
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
    # That a credential was used is written now and then, and every write ends what was kept.
    assert short.taken >= 2 if name in PAGES else short.taken == 1


# From here on tests send to one of the servers only, so that their logs are not the same any more.


async def test_requests_that_come_at_once_are_answered_in_their_order(short: Running) -> None:
    ids = [str(uuid4()) for _ in range(20)]
    async with short.connected() as (reader, writer):
        sent = [short.post(orjson.dumps(statement(statement_id=one)) if at % 3 else b"{") for at, one in enumerate(ids)]
        writer.write(b"".join(sent))
        for at, one in enumerate(ids):
            answer = await _answer(reader)
            assert answer.endswith(orjson.dumps([one])) if at % 3 else answer.startswith(b"HTTP/1.1 400 ")


async def test_a_body_may_come_later_than_its_head(short: Running) -> None:
    async with short.connected() as (reader, writer):
        sent = short.post(orjson.dumps(NEW))
        for piece in (sent[:50], sent[50:-30], sent[-30:-1], sent[-1:]):
            writer.write(piece)
            await asyncio.sleep(0.02)
        assert (await _answer(reader)).startswith(b"HTTP/1.1 200 ")
    assert short.taken == 1


async def test_a_body_that_is_late_is_waited_for_as_any_other(short: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests_module, "PLAIN_BODY_S", 0.01)
    async with short.connected() as (reader, writer):
        sent = short.post(orjson.dumps(NEW))
        writer.write(sent[:-1])
        await asyncio.sleep(0.1)
        writer.write(sent[-1:])
        assert (await _answer(reader)).startswith(b"HTTP/1.1 200 ")
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
