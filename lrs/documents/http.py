"""The document resources over HTTP (Communication 2.2, 2.3, 2.6, 2.7; 9274.1.1 4.1.6.2, 4.1.6.5, 4.1.6.6)."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from email.utils import formatdate

import orjson
from starlette.responses import Response
from starlette.routing import Route

from lrs.auth.authenticate import Authenticator
from lrs.config import Settings
from lrs.documents.access import READING, WRITING, require_write
from lrs.documents.documents import JSON, Content, Kind
from lrs.documents.parameters import Target, parse_target
from lrs.documents.preconditions import Preconditions
from lrs.documents.service import Documents
from lrs.door.entity_tags import entity_tag
from lrs.door.http import Exchange, Resource
from lrs.errors import InvalidParameter, UnsupportedMediaType
from lrs.xapi.timestamps import format_us

PATHS = {
    Kind.STATE: "activities/state",
    Kind.ACTIVITY_PROFILE: "activities/profile",
    Kind.AGENT_PROFILE: "agents/profile",
}

OCTETS = "application/octet-stream"
"""What bytes without a Content-Type are taken for (RFC 9110 8.3)."""

# What a document may call itself: visible, so that it can be sent back in a header and never end it.
_CONTENT_TYPE = re.compile(r"[\x20-\x7e]{1,255}")

# A document comes from whoever may write it; opened in a browser it must neither run nor pass for a page of ours.
_HARMLESS = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'"}


class DocumentResource:
    """GET, HEAD, PUT, POST and DELETE of the documents of one kind."""

    def __init__(self, documents: Documents, kind: Kind, settings: Settings) -> None:
        self._documents = documents
        self._kind = kind
        self._limits = settings.limits

    async def get(self, exchange: Exchange) -> Response:
        """One document, or the ids of all of them; 304 when the client has it already."""
        principal = exchange.principal
        principal.require(READING[self._kind])
        target = await self._target(exchange, "GET")
        preconditions = _preconditions(exchange)
        if target.id is None:
            ids, updated_us = await asyncio.to_thread(
                self._documents.listed, target.context, target.since_us, principal
            )
            content = Content(JSON, orjson.dumps(ids))
        else:
            document = await asyncio.to_thread(self._documents.read, target.context, target.id, principal)
            content, updated_us = document.content, document.updated_us
        etag = entity_tag(content.body)
        headers = {"ETag": etag, "Cache-Control": "no-cache", **_HARMLESS}
        if updated_us is not None:
            headers["Last-Modified"] = formatdate(updated_us // 1_000_000, usegmt=True)
            headers["Updated"] = format_us(updated_us)
        if preconditions.excludes(etag):
            return Response(status_code=304, headers=headers)
        preconditions.check(etag)
        # Not as media_type, to which a charset would be added.
        return Response(content.body, headers={"Content-Type": content.content_type, **headers})

    async def put(self, exchange: Exchange) -> Response:
        """Store or replace one document: 204."""
        target = await self._writable(exchange, "PUT")
        preconditions = _preconditions(exchange)
        content = await self._content(exchange)
        assert target.id is not None
        stored = await asyncio.to_thread(
            self._documents.put,
            target.context,
            target.id,
            content,
            preconditions,
            principal=exchange.principal,
            version=exchange.version,
        )
        return Response(status_code=204, headers={"ETag": stored.etag})

    async def post(self, exchange: Exchange) -> Response:
        """Merge into one document, or store it: 204."""
        target = await self._writable(exchange, "POST")
        preconditions = _preconditions(exchange)
        content = await self._content(exchange)
        assert target.id is not None
        await asyncio.to_thread(
            self._documents.post, target.context, target.id, content, preconditions, principal=exchange.principal
        )
        return Response(status_code=204)

    async def delete(self, exchange: Exchange) -> Response:
        """Delete one document, or all states of an activity, agent and registration: 204, also when there is none."""
        target = await self._writable(exchange, "DELETE")
        preconditions = _preconditions(exchange)
        if target.id is not None:
            await asyncio.to_thread(
                self._documents.delete, target.context, target.id, preconditions, principal=exchange.principal
            )
        elif preconditions.given():
            raise InvalidParameter("If-Match and If-None-Match are for one document: give stateId, or leave them out")
        else:
            await asyncio.to_thread(self._documents.clear, target.context, exchange.principal)
        return Response(status_code=204)

    async def _target(self, exchange: Exchange, method: str) -> Target:
        target = parse_target(self._kind, method, exchange.parameters, exchange.version, self._limits)
        if exchange.principal.disclosure.plain:
            return target
        context = await asyncio.to_thread(self._documents.meant, target.context, exchange.principal)
        return replace(target, context=context)

    async def _writable(self, exchange: Exchange, method: str) -> Target:
        """The target of a write, which is refused before its body is read if its sender may not do it."""
        exchange.principal.require(WRITING[self._kind])
        target = await self._target(exchange, method)
        require_write(exchange.principal, target.context)
        return target

    async def _content(self, exchange: Exchange) -> Content:
        headers = exchange.request.headers
        content_type = headers.get("content-type") or OCTETS
        if not _CONTENT_TYPE.fullmatch(content_type):
            raise InvalidParameter("Content-Type must be 1 to 255 visible ASCII characters")
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise UnsupportedMediaType("documents are stored as they are: send them without a Content-Encoding")
        body = await replace(exchange, body_bytes_max=self._limits.document_bytes_max).body()
        return Content(content_type, body)


def _preconditions(exchange: Exchange) -> Preconditions:
    headers = exchange.request.headers
    return Preconditions.of(headers.getlist("if-match"), headers.getlist("if-none-match"))


def document_routes(documents: Documents, authenticator: Authenticator, settings: Settings) -> list[Route]:
    """The routes of the three document resources, below ``settings.base``."""
    routes = []
    for kind, path in PATHS.items():
        resource = DocumentResource(documents, kind, settings)
        handlers = {"GET": resource.get, "PUT": resource.put, "POST": resource.post, "DELETE": resource.delete}
        routes.append(Route(f"{settings.base}/{path}", Resource(handlers, authenticator, settings)))
    return routes
