"""The long poll: what has come after a cursor, or the first of it that comes within a while."""

from __future__ import annotations

import asyncio

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from lrs.door.http import refusal
from lrs.errors import InvalidParameter, LrsError
from lrs.limits import Limits
from lrs.subscriptions.http import asking
from lrs.subscriptions.http.events import CARRIER, Carrier
from lrs.subscriptions.session.poll import Answer, Poll
from lrs.subscriptions.session.registry import Sessions

WAIT_S = 20.0
"""How long to wait when the client does not say."""


class ChangesResource:
    """GET of what has changed."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self.handlers = {"GET": self.get}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if request.method != "GET":
            response = Response(status_code=405, headers={"Allow": "GET"})
        else:
            try:
                found = await self.get(request)
            except LrsError as error:
                response = refusal(error, offered="authorization" in request.headers)
            else:
                if found is None:
                    return
                response = found
        await response(scope, receive, send)

    async def get(self, request: Request) -> Response | None:
        """Statements that came after a cursor; waits a while for the first of them (long poll)."""
        sessions = self._sessions
        principal = asking.reader(request, sessions.authenticator)
        own, others = _split(asking.parameters(request, sessions.limits))
        limit, wait_s = _limit(own, sessions.limits), _wait_s(own, sessions.limits)
        opening = await asking.opening(others, principal, sessions)
        poll = sessions.admit_poll(principal, opening._replace(window=limit))
        carrier: Carrier | None = request.scope.get(CARRIER)
        if carrier is not None:
            carrier.hold(poll.stop)
        try:
            answer = await _unless_gone(request, poll, wait_s)
        finally:
            sessions.forget(poll)
        if answer is None:
            return None
        return Response(_body(answer), headers={"Cache-Control": "no-store"}, media_type="application/json")


async def _unless_gone(request: Request, poll: Poll, wait_s: float) -> Answer | None:
    """The answer; None when the client leaves before there is one."""
    answering = asyncio.ensure_future(poll.answer(wait_s))
    leaving = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
        return await answering if answering.done() else None
    finally:
        leaving.cancel()
        answering.cancel()
        await asyncio.gather(leaving, answering, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        # The request has no body that would matter.
        continue


def _body(answer: Answer) -> bytes:
    return b'{"statements":[%b],"cursor":"%b","more":%b}' % (
        b",".join(answer.payloads),
        answer.cursor.encode(),
        orjson.dumps(answer.more),
    )


def _split(pairs: list[tuple[str, str]]) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """The parameters of the poll itself, each at most once, and those of any subscription."""
    own: dict[str, str] = {}
    others = []
    for name, text in pairs:
        if name not in ("limit", "wait"):
            others.append((name, text))
        elif name in own:
            raise InvalidParameter(f"{name} is given more than once")
        else:
            own[name] = text
    return own, others


def _limit(own: dict[str, str], limits: Limits) -> int:
    """How many statements at most; 0, and no limit, stand for as many as there may be."""
    text = own.get("limit", "0")
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InvalidParameter(f"limit={text!r} is not a whole number of 0 or more")
    most = limits.server_frame_statements_max
    return min(int(text) or most, most)


def _wait_s(own: dict[str, str], limits: Limits) -> float:
    text = own.get("wait")
    if text is None:
        return min(WAIT_S, limits.poll_wait_s)
    try:
        wait_s = float(text) if len(text) <= 16 else -1.0
    except ValueError:
        wait_s = -1.0
    if not 0 <= wait_s <= limits.poll_wait_s:
        raise InvalidParameter(f"wait={text!r} is not a number of seconds from 0 to {limits.poll_wait_s:g}")
    return wait_s
