"""The websocket: handshake, credentials, and frames to and from the session (RFC 6455)."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode

from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from lrs.auth.failures import failures
from lrs.auth.http import authorization, challenges
from lrs.auth.principal import Principal
from lrs.auth.scopes import STREAM
from lrs.config import Settings
from lrs.door.problems import MEDIA_TYPE, problem_details
from lrs.errors import (
    Forbidden,
    InvalidParameter,
    LrsError,
    Overloaded,
    RateLimited,
    StoreUnavailable,
)
from lrs.subscriptions.closing import Closing, closing_for, reason_text
from lrs.subscriptions.doors import CUT, DIRECT
from lrs.subscriptions.frames import PROTOCOL, WIRE, Frame
from lrs.subscriptions.openings import Opening, parse_opening
from lrs.subscriptions.origins import origin_allowed
from lrs.subscriptions.session.registry import Sessions
from lrs.subscriptions.session.transport import Direct

TOKEN_SUBPROTOCOL = "bearer.b64u."  # noqa: S105
RETRY_AFTER_S = 5


class WebSocketTransport:
    """The frames of a session over an accepted websocket."""

    __slots__ = ("_websocket", "direct")

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self.direct: Direct | None = websocket.scope.get(DIRECT)

    @property
    def cut(self) -> Closing | None:
        return self._websocket.scope.get(CUT)

    async def send(self, frame: Frame) -> None:
        # A server that has closed by itself answers with RuntimeError.
        try:
            await self._websocket.send({"type": "websocket.send", "text": frame.text, WIRE: frame.wire})
        except (WebSocketDisconnect, RuntimeError):
            raise ConnectionResetError from None

    async def receive(self) -> str | bytes | None:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            return None
        text: str | None = message.get("text")
        binary: bytes = message.get("bytes") or b""
        return binary if text is None else text

    async def close(self, code: int, reason: str) -> None:
        try:
            await self._websocket.close(code, reason)
        except (WebSocketDisconnect, RuntimeError):
            raise ConnectionResetError from None


class StreamEndpoint:
    """Takes handshakes. A credential in a header is judged before the handshake ends, with an HTTP status; one in a
    subprotocol comes from a browser, which shows its page no status, so it is judged after, with a close code.
    """

    def __init__(self, sessions: Sessions, settings: Settings) -> None:
        self._sessions = sessions
        self._settings = settings

    async def connect(self, websocket: WebSocket) -> None:
        """Statements live: subscriptions to the log, as ``docs/stream.md`` tells."""
        try:
            self._check_origin(websocket)
            header = authorization(websocket.headers)
            principal = None if header is None else self._principal(header=header)
        except LrsError as error:
            await _refuse(websocket, error)
            return
        failure: LrsError | None = None
        token = None if principal else _subprotocol_token(websocket)
        session = None
        try:
            if token is not None:
                principal = self._principal(token=token)
            session = self._sessions.admit(principal, self._opening(websocket))
        except LrsError as error:
            if token is None or isinstance(error, Overloaded | StoreUnavailable):
                await _refuse(websocket, error)
                return
            failures.note(error, offered=True)
            failure = error
        try:
            await websocket.accept(subprotocol=PROTOCOL if PROTOCOL in websocket.scope["subprotocols"] else None)
            if failure is not None:
                closing = closing_for(failure)
                await websocket.close(closing.code, reason_text(closing, failure.message))
            elif session is not None:
                await session.run(WebSocketTransport(websocket), principal)
        except (WebSocketDisconnect, RuntimeError):
            # The client left during the handshake.
            return
        finally:
            if session is not None:
                self._sessions.forget(session)

    def _principal(self, *, header: str | None = None, token: str | None = None) -> Principal:
        authenticator = self._sessions.authenticator
        if token is None:
            principal = authenticator.principal_for_authorization(header)
        else:
            principal = authenticator.principal_for_token(token)
        principal.require(STREAM)
        return principal

    def _check_origin(self, websocket: WebSocket) -> None:
        for origin in websocket.headers.getlist("origin"):
            if not origin_allowed(
                origin,
                host=websocket.headers.get("host", ""),
                public_url=self._settings.public_url,
                allowed=self._settings.allowed_origins,
            ):
                raise Forbidden(f"pages of {origin!r} may not open the stream")

    def _opening(self, websocket: WebSocket) -> Opening | LrsError | None:
        """What the URL asks for, or what is wrong with it: that is told within the connection."""
        limits = self._settings.limits
        try:
            if len(websocket.url.query) > limits.query_bytes_max:
                raise InvalidParameter(f"the query has more than {limits.query_bytes_max} bytes")
            return parse_opening(websocket.query_params.multi_items(), limits)
        except LrsError as error:
            return error


def _subprotocol_token(websocket: WebSocket) -> str | None:
    """The token among the subprotocols; one that can't be decoded is no token of ours, and empty."""
    for offered in websocket.scope["subprotocols"]:
        if offered.startswith(TOKEN_SUBPROTOCOL):
            text = offered.removeprefix(TOKEN_SUBPROTOCOL)
            try:
                return urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
            except (binascii.Error, ValueError):
                return ""
    return None


async def _refuse(websocket: WebSocket, error: LrsError) -> None:
    """End the handshake with the HTTP answer for ``error``."""
    if "websocket.http.response" not in websocket.scope.get("extensions", {}):
        # This server can't answer a handshake with a status of our choice; it will say 403.
        await websocket.close(error.close_code)
        return
    response = Response(problem_details(error), error.http_status, media_type=MEDIA_TYPE)
    for name, value in challenges(error, offered="authorization" in websocket.headers):
        response.headers.append(name, value)
    if isinstance(error, RateLimited):
        response.headers["Retry-After"] = str(error.retry_after_s)
    elif error.http_status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    await websocket.send_denial_response(response)
