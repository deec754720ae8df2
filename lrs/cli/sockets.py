"""The websockets of ``lrs serve``: those of uvicorn, but a client that takes nothing can't hold on to its socket.

uvicorn closes a socket when all that was sent has left. A client that has stopped reading never lets that happen, and
would keep its socket, and all that waits in it, for as long as it likes.
"""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from lrs.subscriptions.closing import NO_PONG, reason_text

LINGER_S = 5.0
"""How long the last bytes of a connection may take to leave."""


class Sockets(WebSocketsSansIOProtocol):
    """One websocket of the server."""

    async def run_asgi(self) -> None:
        """Serve the connection; when the application is done with it, its socket has a time to end as well."""
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
        self.conn.fail(NO_PONG.code, reason_text(NO_PONG))
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.close()
        self._end_soon()

    def _end_soon(self) -> None:
        self.loop.call_later(LINGER_S, self.transport.abort)
