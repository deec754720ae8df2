"""The Statement Resource over HTTP (Communication 2.1, 9274.1.1 4.1.6.1)."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from email.utils import formatdate

import orjson
from starlette.responses import Response
from starlette.routing import Route

from lrs.auth.authenticate import Authenticator
from lrs.auth.scopes import STATEMENTS_READ_MINE, STATEMENTS_WRITE
from lrs.config import Settings
from lrs.door.http import CURSOR_HEADER, Exchange, Resource
from lrs.errors import InvalidParameter, NotFound, RequestError
from lrs.statements.attachments import JSON
from lrs.statements.formats import formatted
from lrs.statements.http.attachments import MULTIPART, Decode, multipart_answer, store_multipart
from lrs.statements.http.kept import Asked, KeptPages
from lrs.statements.http.paging import Paging, Wanted
from lrs.statements.http.plain import PlainRequests
from lrs.statements.intake import with_id
from lrs.statements.parameters import StatementQuery, parse_uuid
from lrs.statements.service import Statements
from lrs.xapi.timestamps import format_us

CONSISTENT_THROUGH = "X-Experience-API-Consistent-Through"
PROMISE_S = 0.1
"""How old what ``CONSISTENT_THROUGH`` says may be in the answer to a writer."""


class StatementResource:
    """GET, HEAD, PUT and POST of statements."""

    def __init__(self, statements: Statements, settings: Settings) -> None:
        self._statements = statements
        self._limits = settings.limits
        self._path = f"{settings.base}/statements"
        self._promised_s, self._promise = float("-inf"), dict[str, str]()
        self.paging = Paging(statements, settings.limits, self._path)
        self.kept = KeptPages(statements.revision, settings.limits.kept_pages_bytes_max)

    async def put(self, exchange: Exchange) -> Response:
        """Store one statement under the id in the URL: 204."""
        exchange.principal.require(STATEMENTS_WRITE)
        parameters = exchange.parameters
        if [name for name, _ in parameters] != ["statementId"]:
            raise InvalidParameter("PUT takes exactly one parameter, statementId")
        statement_id = str(parse_uuid(dict(parameters), "statementId"))
        if _is_multipart(exchange):
            await self._store_multipart(
                exchange, lambda body: ([with_id(self._statements.intake.decode_one(body), statement_id)], True)
            )
        else:
            body = await exchange.body()
            await self._statements.store_under(statement_id, body, exchange.principal, exchange.version)
        return Response(status_code=204)

    async def post(self, exchange: Exchange) -> Response:
        """Store one statement or many, all or none: 200 and their ids, in order."""
        exchange.principal.require(STATEMENTS_WRITE)
        if exchange.parameters:
            raise InvalidParameter("POST takes no parameters")
        if _is_multipart(exchange):
            ids = await self._store_multipart(
                exchange, lambda body: (self._statements.intake.decode(body), not body.lstrip().startswith(b"["))
            )
        else:
            ids = await self._statements.store_body(await exchange.body(), exchange.principal, exchange.version)
        return Response(orjson.dumps(ids), media_type=JSON)

    async def _store_multipart(self, exchange: Exchange, decode: Decode) -> Sequence[str]:
        return await store_multipart(exchange, self._statements, self._limits, decode)

    async def get(self, exchange: Exchange) -> Response:
        """One statement by id, or a page of a query; with the parameter after, what came after a cursor."""
        exchange.principal.require(STATEMENTS_READ_MINE)
        asked = _asked(exchange)
        kept = self.kept.find(asked)
        if kept is None:
            wanted = self.paging.wanted(asked.query_string, asked.principal)
            if wanted.query.statement_id is not None:
                return await self._one(wanted.query, exchange, asked.language)
            if wanted.query.attachments:
                return await self._with_attachments(wanted, exchange, asked)
            revision = self.kept.at
            kept = await self._statements.readers.read(self.paging.reading(asked, wanted))
            self.kept.keep(asked, kept, revision)
        self._statements.reads.queried(exchange.principal.consumer_id, kept.statements)
        return Response(kept.body, headers=_cursor(kept.cursor), media_type=JSON)

    async def _with_attachments(self, wanted: Wanted, exchange: Exchange, asked: Asked) -> Response:
        """A page with the data that came with its statements; that is read from files while it leaves."""
        page, cursor = await self._statements.page(wanted.query, exchange.principal, wanted.cursor)
        self._statements.reads.queried(exchange.principal.consumer_id, len(page.records))
        body = self.paging.body(page, asked, wanted)
        return await multipart_answer(exchange, self._statements, page.records, body, _cursor(cursor))

    async def _one(self, query: StatementQuery, exchange: Exchange, language: str) -> Response:
        record = await self._statements.find(query, exchange.principal)
        if record is None:
            raise NotFound("there is no such statement")
        self._statements.reads.queried(exchange.principal.consumer_id, 1)
        body = formatted(record.payload, query.format, language)
        headers = {"Last-Modified": formatdate(record.stored_us // 1_000_000, usegmt=True)}
        if query.attachments:
            return await multipart_answer(exchange, self._statements, [record], body, headers)
        headers["ETag"] = f'"{hashlib.sha1(body, usedforsecurity=False).hexdigest()}"'
        return Response(body, headers=headers, media_type=JSON)

    def headers(self, method: str) -> Mapping[str, str]:
        """How far the log is complete, for every answer (Communication 2.1.3); asked before the read it describes.

        A promise stays true, and who writes has not asked: the answer to a writer may hold one that is a moment old.
        """
        now_s = asyncio.get_running_loop().time()
        if method in ("GET", "HEAD") or now_s - self._promised_s > PROMISE_S:
            promise = format_us(self._statements.consistent_through_us())
            self._promised_s, self._promise = now_s, {CONSISTENT_THROUGH: promise}
        return self._promise


def _asked(exchange: Exchange) -> Asked:
    scope = exchange.request.scope
    language = exchange.request.headers.get("accept-language", "")
    return Asked(exchange.principal, scope["query_string"], language, scope.get("root_path", ""))


def _cursor(told: str | None) -> dict[str, str]:
    return {} if told is None else {CURSOR_HEADER: told}


def _is_multipart(exchange: Exchange) -> bool:
    """Whether statements come with data, in multipart/mixed, or as application/json, as which a missing type counts.

    RequestError for all else: the standard has 400 there (Communication 3.2), and 415 nowhere.
    """
    media_type = exchange.request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if media_type in (JSON, MULTIPART):
        return media_type == MULTIPART
    raise RequestError(f"{media_type} is not taken here: send statements as {JSON} or {MULTIPART}")


class StatementEndpoint(Resource):
    """The resource as an ASGI application, with a short way for a server that knows it."""

    def __init__(self, statements: Statements, authenticator: Authenticator, settings: Settings) -> None:
        resource = StatementResource(statements, settings)
        handlers = {"GET": resource.get, "PUT": resource.put, "POST": resource.post}
        super().__init__(handlers, authenticator, settings, headers=resource.headers)
        self.path = f"{settings.base}/statements"
        self.plain = PlainRequests(statements, authenticator, resource.headers, resource.paging, resource.kept)


def statement_routes(statements: Statements, authenticator: Authenticator, settings: Settings) -> list[Route]:
    """The routes of the Statement Resource, below ``settings.base``."""
    endpoint = StatementEndpoint(statements, authenticator, settings)
    return [Route(endpoint.path, endpoint)]
