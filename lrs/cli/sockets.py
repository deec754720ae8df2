"""The websockets of ``lrs serve``: those of uvicorn, but for clients that mean no good.

uvicorn closes a socket when all that was sent has left. A client that has stopped reading never lets that happen, and
would keep its socket, and all that waits in it, for as long as it likes. uvicorn answers every ping, also those of
a client that does not read the answers, and keeps every piece of a message, also empty ones: both without end.
"""

from __future__ import annotations

from asyncio import BaseTransport
from typing import Any

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets import http11
from websockets.frames import Frame
from websockets.protocol import State

from lrs.auth.buckets import Bucket
from lrs.limits import MIB
from lrs.subscriptions.closing import NO_PONG, NOT_UTF8, RATE_LIMITED, Closing, reason_text
from lrs.subscriptions.doors import CUT, DIRECT
from lrs.subscriptions.frames import WIRE
from lrs.subscriptions.frames import Frame as Shared

LINGER_S = 5.0
"""How long the last bytes of a connection may take to leave."""

PIECES_PER_S = 10.0
PIECES_BURST = 200
"""Pings, pongs and pieces of messages that a client may send, beside the messages that the protocol counts."""

_UNREADABLE = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"

# The library takes lines of 8 KiB, header and URL included: less than a token and a query may have. The head as a whole
# was bounded by ``head_bytes_max``, which is never more, before it came here.
http11.MAX_LINE_LENGTH = MIB


class Sockets(WebSocketsSansIOProtocol):
    """One websocket of the server."""

    _pieces: Bucket
    _full = False

    def connection_made(self, transport: BaseTransport) -> None:
        """Begin, with a full allowance."""
        self._pieces = Bucket(PIECES_BURST, PIECES_PER_S, self.loop.time())
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Take bytes; those of an opening that the library can't read are answered, where uvicorn waits for ever."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated and not self.transport.is_closing():
            self.transport.write(_UNREADABLE)
            self.transport.close()
            self._end_soon()

    async def send(self, message: ASGISendEvent) -> None:
        """Send; a frame that is shared by many subscribers goes out as it is, without being built for each."""
        wire: Any = message.get(WIRE)
        if wire is not None and not self.conn.extensions:
            if not self.writable.is_set():
                await self.writable.wait()
            if self.ready:
                self.transport.write(wire)
                return
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            # An answer other than 101 ends the handshake too; uvicorn would log it as a fault of the application.
            self.handshake_complete = True

    @property
    def ready(self) -> bool:
        """See ``Direct``."""
        conn = self.conn
        return not (self._full or conn.state is not State.OPEN or conn.extensions or self.disconnected)

    def take(self, frame: Shared) -> bool:
        """See ``Direct``."""
        if not self.ready:
            return False
        self.transport.write(frame.wire)
        return True

    def pause_writing(self) -> None:
        """More waits in the socket than should."""
        self._full = True
        super().pause_writing()

    def resume_writing(self) -> None:
        """It has left."""
        self._full = False
        super().resume_writing()

    async def run_asgi(self) -> None:
        """Serve the connection; when the application is done with it, its socket has a time to end as well."""
        own: dict[str, Any] = {DIRECT: self}
        self.scope.update(own)  # type: ignore[typeddict-item]
        try:
            await super().run_asgi()
        finally:
            self._end_soon()

    def keepalive_timeout(self) -> None:
        """The client has not answered a ping (RFC 6455 5.5.2): it is told so, should it still be there."""
        self.pong_timer = None
        self.pending_ping_payload = None
        if self.close_sent or self.transport.is_closing():
            return
        self._fail(NO_PONG)
        self._end_soon()

    def handle_ping(self) -> None:
        if self._allowed():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        if self._allowed():
            super().handle_pong(event)

    def handle_cont(self, event: Frame) -> None:
        if self._allowed():
            super().handle_cont(event)

    def send_receive_event_to_app(self) -> None:
        """Hand a whole message on; text must be UTF-8 (RFC 6455 8.1)."""
        if self.close_sent and not self._allowed():
            return
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                self._fail(NOT_UTF8)
                return
        super().send_receive_event_to_app()

    def _allowed(self) -> bool:
        """Take one piece from the allowance, which grows with time up to a burst; end the connection without one."""
        allowed = not self._pieces.take(1, self.loop.time())
        if not self.close_sent and not self.transport.is_closing():
            if allowed:
                return True
            self._fail(RATE_LIMITED)
        elif not allowed:
            self.transport.abort()
        # The answers to pings wait there; the connection has ended, and nobody would take them.
        self.conn.data_to_send()
        return False

    def _fail(self, closing: Closing) -> None:
        """End the connection from below the application, which sees it end."""
        if not self.close_sent and not self.transport.is_closing():
            own: dict[str, Any] = {CUT: closing}
            self.scope.update(own)  # type: ignore[typeddict-item]
            self.conn.fail(closing.code, reason_text(closing))
            self.handle_parser_exception()

    def _end_soon(self) -> None:
        self.loop.call_later(LINGER_S, self.transport.abort)
