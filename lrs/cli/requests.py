"""uvicorn's HTTP connections, made strict at the beginning and patient at the end."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_S = 15.0
"""How long a client may take for the head of a request; who takes longer is holding a connection for nothing."""

FIRST_REQUEST_S = 0.3
"""How long a connection that was just accepted may take to send its request while the server stops."""


class Requests(HttpToolsProtocol):
    """A connection that has to say what it wants in time, and is heard before the server stops.

    Some clients, that of Open edX among them, send each statement on a new connection and never try again when it
    breaks. If it were cut off because it has not asked for anything yet, a statement would be lost at every restart,
    although the next server would have taken it.
    """

    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()

    def on_message_begin(self) -> None:
        self._expect_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._expect_nothing()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect_nothing()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        if self.cycle is None:
            self.loop.call_later(FIRST_REQUEST_S, super().shutdown)  # type: ignore[unreachable]
        else:
            super().shutdown()

    def _expect_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_S, self.transport.abort)

    def _expect_nothing(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
