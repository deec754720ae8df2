"""uvicorn's HTTP connections, made patient at the end."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

FIRST_REQUEST_S = 0.3
"""How long a connection that was just accepted may take to send its request while the server stops."""


class Requests(HttpToolsProtocol):
    """A connection that was accepted and has not asked for anything yet is not cut off when the server stops.

    Some clients, that of Open edX among them, send each statement on a new connection and never try again when it
    breaks: a statement would be lost at every restart, although the next server would have taken it.
    """

    def shutdown(self) -> None:
        if self.cycle is None:
            self.loop.call_later(FIRST_REQUEST_S, super().shutdown)  # type: ignore[unreachable]
        else:
            super().shutdown()
