"""One ASGI endpoint for each xAPI resource: what is the same for all of them stands here once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from lrs.auth.authenticate import Authenticator
from lrs.auth.http import authenticate, challenges
from lrs.auth.principal import Principal
from lrs.config import Settings
from lrs.door.alternate import FORM, Inner, intended_method, unpack
from lrs.door.parameters import pairs
from lrs.door.problems import MEDIA_TYPE, problem_details
from lrs.errors import IssuerUnavailable, LrsError, Overloaded, RateLimited, RequestError, StoreUnavailable, TooLarge
from lrs.telemetry import logger
from lrs.xapi.versions import VERSIONS, negotiate

VERSION_HEADER = "X-Experience-API-Version"
CURSOR_HEADER = "X-LRS-Cursor"
"""Where those who want only what is new go on: a cursor of the stream, and of the parameter ``after``."""

PREFLIGHT_S = 600
"""How long a browser may remember what it is allowed."""


@dataclass(slots=True)
class Exchange:
    """A request that has passed the door: its version is agreed and its sender known."""

    request: Request
    version: str
    principal: Principal
    body_bytes_max: int
    body_read_s: float

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """Query parameters as sent, in order, repeated ones too; InvalidParameter if they are not UTF-8."""
        return query_pairs(self.request)

    async def body(self) -> bytes:
        """The whole body; TooLarge beyond ``body_bytes_max``, RequestError when it stops coming."""
        return await read_body(self.request, self.body_bytes_max, self.body_read_s)

    def pieces(self, bytes_max: int) -> Pieces:
        """The body as it comes; raises TooLarge when it is known to have more than ``bytes_max``."""
        return Pieces(self.request, bytes_max, self.body_read_s)


def query_pairs(request: Request) -> list[tuple[str, str]]:
    """Names and values in the query string of ``request``; InvalidParameter if they are not UTF-8."""
    return pairs(request.scope["query_string"], "the query string")


async def read_body(request: Request, bytes_max: int, read_s: float) -> bytes:
    """The whole body; TooLarge beyond ``bytes_max``, RequestError when nothing comes for ``read_s`` seconds."""
    pieces = Pieces(request, bytes_max, read_s)
    found = []
    while piece := await pieces.next():
        found.append(piece)
    return b"".join(found)


class Pieces:
    """A body as it comes, for what is too large to hold; bounds as in ``read_body``."""

    def __init__(self, request: Request, bytes_max: int, read_s: float) -> None:
        length = request.headers.get("content-length", "0")
        if length.isascii() and length.isdigit() and int(length) > bytes_max:
            raise TooLarge(f"the body has {length} bytes; at most {bytes_max} are taken")
        self._receive = request.receive
        self._more = True
        self._bytes_max = bytes_max
        self._read_s = read_s
        self._size = 0

    async def next(self) -> bytes:
        """The next piece; empty at the end. Raises TooLarge and RequestError."""
        piece = b""
        while self._more and not piece:
            try:
                async with asyncio.timeout(self._read_s):
                    message = await self._receive()
            except TimeoutError:
                raise RequestError(f"no more of the body came for {self._read_s:g} s") from None
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            piece = message.get("body", b"")
            self._more = message.get("more_body", False)
        self._size += len(piece)
        if self._size > self._bytes_max:
            raise TooLarge(f"the body is larger than {self._bytes_max} bytes")
        return piece


class _Forms:
    """How many forms are being read in this process: they come before authentication, from anybody."""

    def __init__(self) -> None:
        self._count = 0

    @contextmanager
    def reading(self, count_max: int) -> Iterator[None]:
        """One more; raises Overloaded when there are as many as there may be."""
        if self._count >= count_max:
            raise Overloaded("this server is reading as many forms as it can")
        self._count += 1
        try:
            yield
        finally:
            self._count -= 1


_FORMS = _Forms()

Handler = Callable[[Exchange], Awaitable[Response]]


class Resource:
    """An xAPI resource as an ASGI application: version, credentials, handler by method, errors, common headers.

    ``headers`` gives further headers for every answer, errors included, to a method; it is asked before the request is
    handled.
    """

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        authenticator: Authenticator,
        settings: Settings,
        *,
        headers: Callable[[str], Mapping[str, str]] | None = None,
    ) -> None:
        self.handlers = dict(handlers)
        if "GET" in self.handlers:
            self.handlers.setdefault("HEAD", self.handlers["GET"])
        self._authenticator = authenticator
        self._settings = settings
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        method = request.method
        version = self._settings.default_xapi_version
        extra: Mapping[str, str] = {}
        try:
            if method == "POST" and b"method=" in scope["query_string"]:
                version = negotiate(request.headers.get(VERSION_HEADER), default=VERSIONS[0])
                request = await self._inner(request, version)
                method = request.method
            extra = self._headers(method) if self._headers else {}
            version = negotiate(request.headers.get(VERSION_HEADER))
            response = await self._handle(request, method, version)
        except ClientDisconnect:
            return
        except LrsError as error:
            response = refusal(error, offered="authorization" in request.headers)
        except Exception:  # noqa: BLE001
            logger.exception("request_failed", method=method, path=request.url.path)
            response = refusal(LrsError("this is a fault of the server; it was logged"), offered=True)
        response.headers[VERSION_HEADER] = version
        response.headers.update(extra)
        if method == "HEAD":
            # The length stays that of the answer to GET (RFC 9110 9.3.2); the bytes do not leave.
            response.body = b""
            if scope["method"] != method:
                response.headers["Content-Length"] = "0"
        await response(scope, receive, send)

    async def _inner(self, request: Request, version: str) -> Request:
        """The request in the form of an alternate one (Communication 1.3); ``request`` itself if it is none.

        ``version`` is that of the header; the form may give another, which counts.
        """
        method = intended_method(query_pairs(request))
        if method is None:
            return request
        media_type = request.headers.get("content-type", FORM).partition(";")[0].strip().lower()
        if version == VERSIONS[0] and media_type == FORM:
            limits = self._settings.limits
            with _FORMS.reading(limits.forms_max):
                form = await read_body(request, limits.form_bytes_max, limits.body_read_s)
            inner = unpack(method, request.headers.raw, pairs(form, "the form"))
            headers = Headers(raw=inner.headers)
            if negotiate(headers.get(VERSION_HEADER), default=version) == VERSIONS[0]:
                return _request(request.scope, inner)
        raise RequestError(f"the parameter method is for POST of a form ({FORM}) under xAPI {VERSIONS[0]} only")

    async def _handle(self, request: Request, method: str, version: str) -> Response:
        handler = self.handlers.get(method)
        if handler is None:
            allowed = ", ".join(sorted(self.handlers))
            return Response(status_code=405, headers={"Allow": allowed})
        limits = self._settings.limits
        if len(request.scope["query_string"]) > limits.query_bytes_max:
            raise TooLarge(f"the query string is longer than {limits.query_bytes_max} bytes")
        principal = authenticate(request.headers, self._authenticator)
        return await handler(Exchange(request, version, principal, limits.body_bytes_max, limits.body_read_s))


def _request(scope: Scope, inner: Inner) -> Request:
    """``inner`` as a request of its own, to the resource of the outer one with ``scope``."""
    scope = {**scope, "method": inner.method, "query_string": inner.query_string, "headers": inner.headers}

    async def receive() -> Message:
        return {"type": "http.request", "body": inner.body, "more_body": False}

    return Request(scope, receive)


def refusal(error: LrsError, *, offered: bool) -> Response:
    """The answer for ``error``; ``offered`` says whether the request had a credential."""
    # What keeps an issuer away is logged once by who asks it, not for every token that names it.
    if error.http_status >= 500 and not isinstance(error, IssuerUnavailable):
        logger.error("request_failed", code=error.code, message=error.message)
    response = Response(problem_details(error), error.http_status, media_type=MEDIA_TYPE)
    for name, value in challenges(error, offered=offered):
        response.headers.append(name, value)
    if isinstance(error, RateLimited):
        response.headers["Retry-After"] = str(error.retry_after_s)
    elif isinstance(error, StoreUnavailable | Overloaded):
        response.headers["Retry-After"] = "1"
    return response


def cross_origin(settings: Settings) -> list[Middleware]:
    """What lets pages of ``allowed_origins`` use the resources from a browser; nothing when there are none.

    Credentials are in a header that a page must set itself, so cookies and the like are never allowed along.
    """
    if not settings.allowed_origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=("GET", "HEAD", "PUT", "POST", "DELETE"),
            allow_headers=(
                "Authorization",
                "Content-Type",
                "If-Match",
                "If-None-Match",
                "Last-Event-ID",
                VERSION_HEADER,
            ),
            expose_headers=(
                "ETag",
                "Last-Modified",
                "Updated",
                "Retry-After",
                "WWW-Authenticate",
                VERSION_HEADER,
                "X-Experience-API-Consistent-Through",
                CURSOR_HEADER,
            ),
            max_age=PREFLIGHT_S,
        )
    ]
