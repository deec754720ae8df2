"""The Statement Resource over HTTP (Communication 2.1, 9274.1.1 4.1.6.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from email.utils import formatdate
from urllib.parse import parse_qsl, quote, urlencode
from uuid import UUID

import orjson
from starlette.responses import Response
from starlette.routing import Route

from lrs.auth.authenticate import Authenticator
from lrs.auth.scopes import STATEMENTS_READ_MINE, STATEMENTS_WRITE
from lrs.config import Settings
from lrs.door.http import Exchange, Resource
from lrs.errors import InvalidParameter, NotFound, RequestError, TooLarge, UnsupportedMediaType
from lrs.statements.formats import formatted
from lrs.statements.pages import statement_result
from lrs.statements.parameters import StatementQuery, parse_id, parse_query
from lrs.statements.record import Record
from lrs.statements.service import Statements
from lrs.xapi.timestamps import format_us

JSON = "application/json"
CONSISTENT_THROUGH = "X-Experience-API-Consistent-Through"


class StatementResource:
    """GET, HEAD, PUT and POST of statements."""

    def __init__(self, statements: Statements, settings: Settings) -> None:
        self._statements = statements
        self._limits = settings.limits
        self._path = f"{settings.base}/statements"

    async def put(self, exchange: Exchange) -> Response:
        """Store one statement under the id in the URL: 204."""
        exchange.principal.require(STATEMENTS_WRITE)
        parameters = exchange.parameters
        if [name for name, _ in parameters] != ["statementId"]:
            raise InvalidParameter("PUT takes exactly one parameter, statementId")
        statement_id = UUID(bytes=parse_id(dict(parameters), "statementId"))
        _require_json(exchange)
        body = await exchange.body()
        await self._statements.store_under(statement_id, body, exchange.principal, exchange.version)
        return Response(status_code=204)

    async def post(self, exchange: Exchange) -> Response:
        """Store one statement or many, all or none: 200 and their ids, in order."""
        exchange.principal.require(STATEMENTS_WRITE)
        if exchange.parameters:
            raise InvalidParameter("POST takes no parameters")
        _require_json(exchange)
        ids = await self._statements.store_body(await exchange.body(), exchange.principal, exchange.version)
        return Response(orjson.dumps(ids), media_type=JSON)

    async def get(self, exchange: Exchange) -> Response:
        """One statement by id, or a page of a query."""
        exchange.principal.require(STATEMENTS_READ_MINE)
        if len(exchange.request.url.query) > self._limits.query_bytes_max:
            raise TooLarge(f"the query string is longer than {self._limits.query_bytes_max} bytes")
        parameters, cursor = exchange.parameters, None
        if any(name == "more" for name, _ in parameters):
            if len(parameters) > 1:
                raise InvalidParameter("more stands alone: it holds the other parameters")
            cursor, query_string = self._statements.continued(parameters[0][1], exchange.principal)
            parameters = parse_qsl(query_string, keep_blank_values=True)
        query = parse_query(parameters, self._limits)
        if query.statement_id is not None:
            return await self._one(query, exchange)
        page = await self._statements.page(query, exchange.principal, cursor)
        more = self._statements.continuation(page, urlencode(parameters), exchange.principal)
        if more:
            more = f"{quote(exchange.request.scope.get('root_path', ''))}{self._path}?more={more}"
        payloads = [_formatted(record, query, exchange) for record in page.records]
        return Response(statement_result(payloads, more), media_type=JSON)

    async def _one(self, query: StatementQuery, exchange: Exchange) -> Response:
        record = await self._statements.find(query, exchange.principal)
        if record is None:
            raise NotFound("there is no such statement")
        body = _formatted(record, query, exchange)
        headers = {
            "ETag": f'"{hashlib.sha1(body, usedforsecurity=False).hexdigest()}"',
            "Last-Modified": formatdate(record.stored_us // 1_000_000, usegmt=True),
        }
        return Response(body, headers=headers, media_type=JSON)

    def headers(self, method: str) -> Mapping[str, str]:
        """How far the log is complete, for every answer to GET and HEAD; asked before the read that it describes."""
        if method not in ("GET", "HEAD"):
            return {}
        return {CONSISTENT_THROUGH: format_us(self._statements.consistent_through_us())}


def _formatted(record: Record, query: StatementQuery, exchange: Exchange) -> bytes:
    return formatted(record.payload, query.format, exchange.request.headers.get("accept-language", ""))


def _require_json(exchange: Exchange) -> None:
    """Statements come as application/json; a missing type is taken for it."""
    media_type = exchange.request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if media_type == JSON:
        return
    if media_type.startswith("multipart/"):
        raise RequestError(f"{media_type} is not taken here: send statements as {JSON}")
    raise UnsupportedMediaType(f"statements are sent as {JSON}, not as {media_type}")


def statement_routes(statements: Statements, authenticator: Authenticator, settings: Settings) -> list[Route]:
    """The routes of the Statement Resource, below ``settings.base``."""
    resource = StatementResource(statements, settings)
    handlers = {"GET": resource.get, "PUT": resource.put, "POST": resource.post}
    endpoint = Resource(handlers, authenticator, settings, headers=resource.headers)
    return [Route(f"{settings.base}/statements", endpoint)]
