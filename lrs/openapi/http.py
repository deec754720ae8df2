"""The description over HTTP; open to everybody."""

from __future__ import annotations

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lrs.config import Settings
from lrs.openapi.document import document


def openapi_routes(settings: Settings, version: str) -> list[Route]:
    """The route of the description; ``version`` of this software."""
    body = orjson.dumps(document(settings, version))

    async def described(_: Request) -> Response:
        """An OpenAPI 3.1 description of everything but the pages and the websocket."""
        return Response(body, media_type="application/json")

    return [Route("/openapi.json", described, methods=["GET"])]
