"""The About Resource over HTTP. It needs neither credentials nor a version, so it does not pass the usual door."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from lrs.config import Settings
from lrs.door.entity_tags import entity_tag
from lrs.door.http import VERSION_HEADER, query_pairs, refusal
from lrs.door.parameters import once
from lrs.errors import InvalidParameter, UnsupportedVersion
from lrs.xapi.versions import VERSIONS, negotiate


class AboutResource:
    """GET and HEAD; the same answer for everybody."""

    def __init__(self, settings: Settings, extensions: Mapping[str, Any]) -> None:
        self._settings = settings
        about: dict[str, Any] = {"version": list(VERSIONS)}
        if extensions:
            about["extensions"] = dict(extensions)
        self._body = orjson.dumps(about)
        self.handlers = {"GET": self.get, "HEAD": self.get}

    def get(self, request: Request) -> Response:
        """What this LRS is: the versions of xAPI that it speaks. Open to everybody."""
        try:
            once(query_pairs(request), ())
        except InvalidParameter as error:
            return refusal(error, offered=False)
        return Response(self._body, headers={"ETag": entity_tag(self._body)}, media_type="application/json")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        handler = self.handlers.get(request.method)
        response = handler(request) if handler else Response(status_code=405, headers={"Allow": "GET, HEAD"})
        response.headers[VERSION_HEADER] = self._version(request.headers.get(VERSION_HEADER))
        if request.method == "HEAD":
            response.body = b""
        await response(scope, receive, send)

    def _version(self, header: str | None) -> str:
        """The version of the answer; none is refused here (Communication 2.8)."""
        default = self._settings.default_xapi_version
        try:
            return negotiate(header, default=default)
        except UnsupportedVersion:
            return default


def about_routes(settings: Settings, extensions: Mapping[str, Any] | None = None) -> list[Route]:
    """The route of the About Resource, below ``settings.base``. The keys of ``extensions`` are IRIs (Data 4.1)."""
    return [Route(f"{settings.base}/about", AboutResource(settings, extensions or {}))]
