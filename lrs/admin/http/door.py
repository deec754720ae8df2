"""What every request passes first: who is asking, the rule against other sites, and errors as answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from lrs.admin.accounts import AdminSession
from lrs.admin.http.desk import Desk
from lrs.admin.origin import require_own_page
from lrs.audit.entry import Actor
from lrs.auth.grants import UNRESTRICTED
from lrs.auth.http import REALM, authenticate
from lrs.auth.principal import Principal
from lrs.auth.scopes import ADMIN, ERASE
from lrs.door.entity_tags import entity_tag
from lrs.door.http import query_pairs, read_body, refusal
from lrs.door.parameters import once
from lrs.errors import (
    Forbidden,
    InvalidParameter,
    LoginRefused,
    LrsError,
    MethodNotAllowed,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    TooLarge,
    UnsupportedMediaType,
)
from lrs.pseudonyms.http import require_all
from lrs.telemetry import logger
from lrs.xapi.decode import decode_json

COOKIE = "lrs_admin"
SECRET_CHARACTERS_MAX = 200
"""No secret of ours is longer; nothing longer is looked for."""

_SAFE_METHODS = ("GET", "HEAD")
_DEPTH_MAX = 8
_NUMBER_MAX = 2**63 - 1
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@dataclass(slots=True)
class Call:
    """A request that has passed the door. ``actor`` is whoever acts; ``session`` and ``principal`` say how."""

    request: Request
    desk: Desk
    actor: Actor | None = None
    session: AdminSession | None = None
    principal: Principal | None = None

    @property
    def who(self) -> Actor:
        """The administrator or program; only where the door lets nobody else in."""
        assert self.actor is not None
        return self.actor

    def parameters(self, *known: str) -> dict[str, str]:
        """Query parameters by name; InvalidParameter for others than ``known``."""
        return once(query_pairs(self.request), known)

    def path(self, name: str) -> str:
        return str(self.request.path_params[name])

    def number(self, name: str) -> int:
        """The number in the path; NotFound if it is none."""
        text = self.path(name)
        if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= _NUMBER_MAX):
            raise NotFound(f"{text[:40]!r} is not a number")
        return int(text)

    async def body(self, known: Collection[str], required: Collection[str] = ()) -> dict[str, Any]:
        """The JSON object that was sent, with no other members than ``known`` and ``required`` ones, and all of those.

        UnsupportedMediaType, TooLarge, MalformedJson, InvalidParameter.
        """
        limits = self.desk.settings.limits
        media_type = self.request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise UnsupportedMediaType("send application/json")
        raw = await read_body(self.request, limits.admin_body_bytes_max, limits.body_read_s)
        body = decode_json(raw, depth_max=_DEPTH_MAX)
        if not isinstance(body, dict):
            raise InvalidParameter("the body is a JSON object")
        for name in body:
            if name not in known and name not in required:
                raise InvalidParameter(f"unknown member {name[:40]!r}; there are: {', '.join([*required, *known])}")
        for name in required:
            if name not in body:
                raise InvalidParameter(f"the member {name} is missing")
        return body

    def require_match(self, form: Mapping[str, Any]) -> None:
        """Raises PreconditionRequired without If-Match, PreconditionFailed when that is not of ``form``."""
        given = self.request.headers.get("If-Match")
        if given is None:
            raise PreconditionRequired("send If-Match with the ETag of what you have seen, or *")
        tags = {tag.strip() for tag in given.split(",")}
        if "*" not in tags and _tag(form) not in tags:
            raise PreconditionFailed("it has changed since you have seen it: read it again")

    async def run(self, act: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """What ``act``, which blocks, gives."""
        return await asyncio.to_thread(act, *args, **kwargs)


def text_in(body: Mapping[str, Any], name: str, most: int = SECRET_CHARACTERS_MAX) -> str:
    """The text in a member of a body; InvalidParameter."""
    value = body.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= most:
        raise InvalidParameter(f"{name} is a text of 1 to {most} characters")
    return value


def answer(form: Any, status: int = 200, *, tagged: bool = False, location: str | None = None) -> Response:
    """``form`` as JSON; ``tagged``: with an ETag."""
    response = Response(orjson.dumps(form), status, headers=_HEADERS, media_type="application/json")
    if tagged:
        response.headers["ETag"] = _tag(form)
    if location is not None:
        response.headers["Location"] = location
    return response


def nothing(status: int = 204) -> Response:
    """An answer without a body."""
    return Response(status_code=status, headers=_HEADERS)


def _tag(form: Any) -> str:
    return entity_tag(orjson.dumps(form, option=orjson.OPT_SORT_KEYS))


Handler = Callable[[Call], Awaitable[Response]]
Gate = Callable[[Request, Desk], Awaitable[Call]]


async def administrators(request: Request, desk: Desk) -> Call:
    """Lets in who has the scope ``admin``, by the Authorization header, or a session, by the cookie."""
    if "authorization" in request.headers:
        principal = authenticate(request.headers, desk.engine.authenticator)
        principal.require(ADMIN)
        if principal.grant != UNRESTRICTED or not principal.disclosure.plain:
            raise Forbidden("who administers the store sees all of it, and this credential does not")
        return Call(request, desk, Actor("consumer", principal.consumer), principal=principal)
    secret = cookie(request)
    if secret is None:
        raise LoginRefused("log in, or send a credential with the scope admin")
    if request.method not in _SAFE_METHODS:
        require_own_page(request.headers, public_url=desk.settings.public_url)
    session = await asyncio.to_thread(desk.administration.accounts.session, secret)
    return Call(request, desk, Actor("admin", session.name), session=session)


async def erasers(request: Request, desk: Desk) -> Call:
    """Lets in administrators, and programs with the scope ``erase``."""
    if "authorization" in request.headers:
        principal = authenticate(request.headers, desk.engine.authenticator)
        if principal.allows(ERASE):
            if principal.grant != UNRESTRICTED:
                raise Forbidden("who erases learners covers every course, and this credential does not")
            return Call(request, desk, Actor("consumer", principal.consumer), principal=principal)
    return await administrators(request, desk)


async def lookers(request: Request, desk: Desk) -> Call:
    """Lets in who has logged in, and programs with the scope ``pseudonyms``, which no other scope brings with it."""
    if "authorization" not in request.headers:
        return await administrators(request, desk)
    principal = authenticate(request.headers, desk.engine.authenticator)
    require_all(principal)
    return Call(request, desk, Actor("consumer", principal.consumer), principal=principal)


async def strangers_from_here(request: Request, desk: Desk) -> Call:
    """Lets in every page of this server: that is how people log in."""
    require_own_page(request.headers, public_url=desk.settings.public_url)
    return Call(request, desk)


async def strangers(request: Request, desk: Desk) -> Call:
    """Lets in everybody; cookies count for nothing there."""
    return Call(request, desk)


def cookie(request: Request) -> str | None:
    """The secret of the session that a browser sends along, if any."""
    secret = request.cookies.get(COOKIE, "")
    return secret if 1 <= len(secret) <= SECRET_CHARACTERS_MAX else None


class AdminResource:
    """One resource as an ASGI application. ``gates`` says for single methods who is let in, ``gate`` for the others."""

    def __init__(
        self,
        desk: Desk,
        handlers: Mapping[str, Handler],
        *,
        gate: Gate = administrators,
        gates: Mapping[str, Gate] | None = None,
    ) -> None:
        self.handlers = dict(handlers)
        if "GET" in self.handlers:
            self.handlers["HEAD"] = self.handlers["GET"]
        self._desk = desk
        self._gate = gate
        self._gates = gates or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._handled(request)
        except ClientDisconnect:
            return
        except LrsError as error:
            response = _refusal(request, error)
        except Exception:  # noqa: BLE001
            logger.exception("request_failed", method=request.method, path=request.url.path)
            response = _refusal(request, LrsError("this is a fault of the server; it was logged"))
        if request.method == "HEAD":
            # The length stays that of the answer to GET (RFC 9110 9.3.2).
            response.body = b""
        await response(scope, receive, send)

    async def _handled(self, request: Request) -> Response:
        handler = self.handlers.get(request.method)
        if handler is None:
            return _not_allowed(request, sorted(self.handlers))
        most = self._desk.settings.limits.query_bytes_max
        if len(request.scope["query_string"]) > most:
            raise TooLarge(f"the query string is longer than {most} bytes")
        gate = self._gates.get(request.method, self._gate)
        return await handler(await gate(request, self._desk))


def _refusal(request: Request, error: LrsError) -> Response:
    """The answer for ``error``. Without an Authorization header it never asks for Basic: a browser would put its own
    dialogue before the page's.
    """
    offered = "authorization" in request.headers
    response = refusal(error, offered=offered)
    if not offered and "www-authenticate" in response.headers:
        del response.headers["WWW-Authenticate"]
        response.headers["WWW-Authenticate"] = f'Bearer realm="{REALM}"'
    response.headers.update(_HEADERS)
    return response


def _not_allowed(request: Request, allowed: list[str]) -> Response:
    response = _refusal(request, MethodNotAllowed(f"here are: {', '.join(allowed)}"))
    response.headers["Allow"] = ", ".join(allowed)
    return response
