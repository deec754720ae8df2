"""Server-sent events: the frames of the stream over plain HTTP (HTML Living Standard 9.2).

Each event holds the frame that a websocket would have; its ``id`` is the cursor, so that a client comes back with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from lrs.door.http import refusal
from lrs.errors import LrsError
from lrs.subscriptions import frames
from lrs.subscriptions.closing import CLOSINGS
from lrs.subscriptions.doors import Door
from lrs.subscriptions.frames import Frame
from lrs.subscriptions.http import asking
from lrs.subscriptions.session.registry import Sessions

MEDIA_TYPE = "text/event-stream"
CARRIER = "lrs.carrier"
"""Name in an ASGI scope under which a server of ours leaves the ``Carrier`` of the request; others leave none."""

RETRY_FROM_MS = 1_000
RETRY_SPREAD_MS = 4_000
# Its multiples spread evenly, so that clients who were cut off together do not come back together.
_GOLDEN_RATIO = 0.618


class Carrier(Protocol):
    """The connection under an answer that may take long."""

    def hold(self, end: Callable[[], None]) -> None:
        """The stream has counted this connection as one of its own; ``end`` is to be called when the server stops."""

    def cut(self) -> None:
        """End the connection at once, with whatever waits in it."""


class EventTransport:
    """The frames of a session as events of one answer; ``finished`` tells whether it was ended in good order."""

    cut = None
    direct = None

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self.finished = False

    async def begin(self, number: int) -> None:
        """Start the answer; ``number`` of the session decides how soon its client should come again."""
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"cache-control", b"no-store"),
            # A proxy that gathers what it passes on would hold back each event until others follow.
            (b"x-accel-buffering", b"no"),
        ]
        retry_ms = RETRY_FROM_MS + int(number * _GOLDEN_RATIO % 1 * RETRY_SPREAD_MS)
        try:
            await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        except OSError:
            raise ConnectionResetError from None
        await self._body(b"retry: %d\n\n" % retry_ms)

    async def send(self, frame: Frame) -> None:
        await self._body(_event(frame))

    async def receive(self) -> str | bytes | None:
        while (await self._receive())["type"] != "http.disconnect":
            # The request has no body that would matter.
            continue
        return None

    async def close(self, code: int, reason: str) -> None:
        message = reason.partition(": ")[2]
        await self._body(_event(frames.ending(CLOSINGS[code], message)), more=False)
        self.finished = True

    async def _body(self, data: bytes, *, more: bool = True) -> None:
        try:
            await self._send({"type": "http.response.body", "body": data, "more_body": more})
        except OSError:
            raise ConnectionResetError from None


def _event(frame: Frame) -> bytes:
    # Frames are JSON without blank characters around, and hold no line breaks.
    if frame.cursor is None:
        return b"data: %b\n\n" % frame.data
    return b"id: %b\ndata: %b\n\n" % (frame.cursor.encode(), frame.data)


class EventResource:
    """GET of the stream by a client that is no websocket."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self.handlers = {"GET": self.get}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if request.method == "GET" and _takes_events(request):
            await self.get(scope, receive, send)
            return
        answer = PlainTextResponse(
            f"Connect with a websocket, or ask for {MEDIA_TYPE}; docs/stream.md tells how.\n",
            status_code=426,
            headers={"Upgrade": "websocket", "Connection": "Upgrade", "Vary": "Accept"},
        )
        await answer(scope, receive, send)

    async def get(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Statements live, as server-sent events, when the header Accept names text/event-stream; else 426."""
        request = Request(scope, receive)
        sessions = self._sessions
        try:
            principal = asking.reader(request, sessions.authenticator)
            pairs = asking.parameters(request, sessions.limits)
            last_id = request.headers.get("last-event-id")
            opening = await asking.opening(pairs, principal, sessions, last_id=last_id)
            session = sessions.admit(principal, opening, door=Door.EVENTS)
        except LrsError as error:
            await refusal(error, offered="authorization" in request.headers)(scope, receive, send)
            return
        transport = EventTransport(receive, send)
        carrier: Carrier | None = scope.get(CARRIER)
        if carrier is not None:
            carrier.hold(session.stop)
        try:
            await transport.begin(session.number)
            await session.run(transport, principal)
        except ConnectionError:
            return
        finally:
            sessions.forget(session)
        if carrier is not None and not transport.finished:
            # The client takes nothing any more, so the answer can't be ended; without this, its bytes would wait on.
            carrier.cut()
            await transport.receive()


def _takes_events(request: Request) -> bool:
    """Whether the header Accept names the media type itself; that of a browser's address bar takes anything."""
    accepted = (part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(","))
    return MEDIA_TYPE in accepted
