"""One ASGI endpoint for each xAPI resource: what is the same for all of them stands here once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from lrs.auth.authenticate import Authenticator
from lrs.auth.http import authenticate, challenges
from lrs.auth.principal import Principal
from lrs.config import Settings
from lrs.door.problems import MEDIA_TYPE, problem_details
from lrs.errors import LrsError, RateLimited, RequestError, StoreUnavailable, TooLarge
from lrs.telemetry import logger
from lrs.xapi.versions import negotiate

VERSION_HEADER = "X-Experience-API-Version"


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
        """Query parameters as sent, in order, repeated ones too."""
        return self.request.query_params.multi_items()

    async def body(self) -> bytes:
        """The whole body; TooLarge beyond ``body_bytes_max``, RequestError when it stops coming."""
        length = self.request.headers.get("content-length", "0")
        if length.isascii() and length.isdigit() and int(length) > self.body_bytes_max:
            raise TooLarge(f"the body has {length} bytes; at most {self.body_bytes_max} are taken")
        chunks: list[bytes] = []
        size = 0
        stream = self.request.stream()
        try:
            while True:
                async with asyncio.timeout(self.body_read_s):
                    chunk = await anext(stream, None)
                if chunk is None:
                    return b"".join(chunks)
                size += len(chunk)
                if size > self.body_bytes_max:
                    raise TooLarge(f"the body is larger than {self.body_bytes_max} bytes")
                chunks.append(chunk)
        except TimeoutError:
            raise RequestError(f"no more of the body came for {self.body_read_s:g} s") from None


Handler = Callable[[Exchange], Awaitable[Response]]


class Resource:
    """An xAPI resource as an ASGI application: version, credentials, handler by method, errors, common headers.

    ``headers`` gives further headers for every answer, errors included, to the method at hand.
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
            extra = self._headers(method) if self._headers else {}
            version = negotiate(request.headers.get(VERSION_HEADER))
            response = await self._handle(request, method, version)
        except ClientDisconnect:
            return
        except LrsError as error:
            response = _refusal(error, offered="authorization" in request.headers)
        except Exception:
            logger.exception("request_failed", method=method, path=request.url.path)
            response = _refusal(LrsError("this is a fault of the server; it was logged"), offered=True)
        response.headers[VERSION_HEADER] = version
        response.headers.update(extra)
        if method == "HEAD":
            # The length stays that of the answer to GET (RFC 9110 9.3.2); the bytes do not leave.
            response.body = b""
        await response(scope, receive, send)

    async def _handle(self, request: Request, method: str, version: str) -> Response:
        handler = self.handlers.get(method)
        if handler is None:
            allowed = ", ".join(sorted(self.handlers))
            return Response(status_code=405, headers={"Allow": allowed})
        principal = authenticate(request.headers, self._authenticator)
        limits = self._settings.limits
        return await handler(Exchange(request, version, principal, limits.body_bytes_max, limits.body_read_s))


def _refusal(error: LrsError, *, offered: bool) -> Response:
    """The answer for ``error``; ``offered`` says whether the request had a credential."""
    if error.http_status >= 500:
        logger.error("request_failed", code=error.code, message=error.message)
    response = Response(problem_details(error), error.http_status, media_type=MEDIA_TYPE)
    for name, value in challenges(error, offered=offered):
        response.headers.append(name, value)
    if isinstance(error, RateLimited):
        response.headers["Retry-After"] = str(error.retry_after_s)
    elif isinstance(error, StoreUnavailable):
        response.headers["Retry-After"] = "1"
    return response
