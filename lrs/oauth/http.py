"""The endpoints of OAuth over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from lrs.auth.authenticate import Authenticator
from lrs.auth.http import REALM, authorization
from lrs.auth.principal import Principal
from lrs.config import Settings
from lrs.door.addresses import client_address
from lrs.door.alternate import FORM
from lrs.door.entity_tags import entity_tag
from lrs.door.http import read_body
from lrs.door.parameters import pairs
from lrs.errors import IssuerUnavailable, LrsError, Overloaded, RateLimited, StoreUnavailable, Unauthenticated
from lrs.oauth.answers import INTROSPECT, JWKS, METADATA, REVOKE, TOKEN, metadata, token_answer
from lrs.oauth.refusals import INVALID_CLIENT, INVALID_REQUEST, OAuthRefusal, body_of, error_of
from lrs.oauth.requests import credentials, fields_of, token_in, token_request
from lrs.oauth.service import TokenService
from lrs.telemetry import logger

KEYS_FRESH_S = 60
"""How long others may keep the public keys: a new key signs at once, so they must soon hear of it."""

METADATA_FRESH_S = 3600

_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}

Fields = Mapping[str, str]


class _Endpoints:
    """The handlers of all routes."""

    def __init__(self, service: TokenService, authenticator: Authenticator, settings: Settings) -> None:
        self._service = service
        self._authenticator = authenticator
        self._settings = settings
        self._metadata = orjson.dumps(metadata(settings))
        # A token, its course limits, a key and a secret, all of it encoded for a form.
        self._form_bytes_max = 4 * settings.limits.token_bytes_max

    async def token(self, request: Request) -> Response:
        """A bearer token for a key and its secret (RFC 6749 4.4)."""

        async def issue(client: Principal, fields: Fields) -> bytes:
            asked = token_request(fields, audience=self._service.audience)
            issued = await asyncio.to_thread(self._service.issue, client, asked)
            return orjson.dumps(token_answer(issued))

        return await self._answer(request, issue)

    async def revoke(self, request: Request) -> Response:
        """The end of a token, for its owner and for administrators (RFC 7009)."""

        async def revoke(client: Principal, fields: Fields) -> bytes:
            await asyncio.to_thread(self._service.revoke, client, token_in(fields))
            return b""

        return await self._answer(request, revoke)

    async def introspect(self, request: Request) -> Response:
        """What a token allows now, for its owner and for administrators (RFC 7662)."""

        async def introspect(client: Principal, fields: Fields) -> bytes:
            return orjson.dumps(await asyncio.to_thread(self._service.introspect, client, token_in(fields)))

        return await self._answer(request, introspect)

    async def metadata(self, request: Request) -> Response:
        """What this server offers as an authorization server (RFC 8414)."""
        return _cached(request, self._metadata, METADATA_FRESH_S)

    async def jwks(self, request: Request) -> Response:
        """The public keys of this server's tokens (RFC 7517)."""
        return _cached(request, orjson.dumps(self._authenticator.jwks()), KEYS_FRESH_S)

    async def _answer(self, request: Request, act: Callable[[Principal, Fields], Awaitable[bytes]]) -> Response:
        """Authenticate the client, do what it asks for, and answer; nothing of that may be kept by a cache."""
        offered = "authorization" in request.headers
        try:
            fields = await self._fields(request)
            header, key = credentials(fields, authorization(request.headers))
            client = self._service.client(header, key, self._address(request))
            body = await act(client, fields)
        except ClientDisconnect:
            return Response(status_code=400)
        except LrsError as error:
            return _refusal(error, offered=offered)
        except Exception:  # noqa: BLE001
            logger.exception("request_failed", method=request.method, path=request.url.path)
            return _refusal(LrsError("this is a fault of the server; it was logged"), offered=offered)
        return Response(body, headers=_NO_STORE, media_type="application/json" if body else None)

    def _address(self, request: Request) -> str:
        header = self._settings.client_address_header
        told = request.headers.getlist(header) if header else []
        return client_address(told, request.client.host if request.client else None)

    async def _fields(self, request: Request) -> dict[str, str]:
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != FORM:
            raise OAuthRefusal(INVALID_REQUEST, f"the fields are sent as {FORM}")
        body = await read_body(request, self._form_bytes_max, self._settings.limits.body_read_s)
        return fields_of(pairs(body, "the form"))


def _refusal(error: LrsError, *, offered: bool) -> Response:
    """The answer for ``error`` (RFC 6749 5.2); ``offered``: the request had an Authorization header."""
    if error.http_status >= 500 and not isinstance(error, IssuerUnavailable):
        logger.error("request_failed", code=error.code, message=error.message)
    word = error_of(error)
    status = 401 if word == INVALID_CLIENT else error.http_status
    response = Response(body_of(word, error.message), status, headers=_NO_STORE, media_type="application/json")
    if status == 401 and (offered or isinstance(error, Unauthenticated)):
        response.headers["WWW-Authenticate"] = f'Basic realm="{REALM}", charset="UTF-8"'
    if isinstance(error, RateLimited):
        response.headers["Retry-After"] = str(error.retry_after_s)
    elif isinstance(error, StoreUnavailable | Overloaded):
        response.headers["Retry-After"] = "1"
    return response


def _cached(request: Request, body: bytes, fresh_s: int) -> Response:
    """``body`` for everybody, to be kept for ``fresh_s`` and then asked for anew; 304 if the client has it already."""
    etag = entity_tag(body)
    headers = {"ETag": etag, "Cache-Control": f"public, max-age={fresh_s}"}
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if etag in known:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


def oauth_routes(service: TokenService, authenticator: Authenticator, settings: Settings) -> list[Route]:
    """The routes of OAuth; they stand beside ``settings.base``, not below it."""
    endpoints = _Endpoints(service, authenticator, settings)
    return [
        Route(TOKEN, endpoints.token, methods=["POST"]),
        Route(REVOKE, endpoints.revoke, methods=["POST"]),
        Route(INTROSPECT, endpoints.introspect, methods=["POST"]),
        Route(METADATA, endpoints.metadata, methods=["GET"]),
        Route(JWKS, endpoints.jwks, methods=["GET"]),
    ]
