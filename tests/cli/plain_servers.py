"""Two servers for tests of plain requests: one with the short way for them, and one without."""

from __future__ import annotations

import asyncio
import re
import socket
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import uvicorn

from lrs.app import App, create_app
from lrs.auth.grants import UNRESTRICTED, Grant
from lrs.cli.requests import Requests
from lrs.config import Settings
from lrs.statements.http.plain import Answer, PlainRead, PlainRequests, PlainWrite
from tests.samples import COURSE_A, statement

PATIENCE_S = 60
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
            return _DIFFERS.sub(b"", await read_answer(reader))


async def read_answer(reader: asyncio.StreamReader) -> bytes:
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
    store, read, begin = ways.store, ways.read, ways.begin

    def counted(tell: Callable[..., None]) -> Callable[..., None]:
        def told(answer: object) -> None:
            server.taken += answer is not None
            tell(answer)

        return told

    def stored(write: PlainWrite, body: bytes, tell: Callable[..., None]) -> bool:
        return store(write, body, counted(tell))

    def paged(wanted: PlainRead, tell: Callable[..., None]) -> None:
        read(wanted, counted(tell))

    def begun(scope: dict[str, Any]) -> PlainWrite | PlainRead | Answer | None:
        found = begin(scope)
        server.taken += isinstance(found, Answer)
        return found

    vars(ways).update(store=stored, read=paged, begin=begun)


ONE, OTHER, THIRD, FOURTH = (str(uuid4()) for _ in range(4))
KNOWN = statement(statement_id=ONE)
NEW = statement(statement_id=OTHER)
