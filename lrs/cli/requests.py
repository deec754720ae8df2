"""uvicorn's HTTP connections, made strict at the beginning and patient at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from lrs.limits import DEFAULT_LIMITS, Limits
from lrs.statements.http.plain import Answer, PlainRead, PlainRequests, PlainWrite
from lrs.subscriptions.http.events import CARRIER

PLAIN_BODY_S = 1.0
"""How long the body of a plain write is waited for before the request goes the way of all others."""

FIRST_REQUEST_S = 0.3
"""How long a connection that was just accepted may take to send its request while the server stops."""

_TOO_MANY = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class Requests(HttpToolsProtocol):
    """A connection that has to say what it wants in time and in few words, and is heard before the server stops.

    uvicorn waits for ever for the rest of a head, keeps all of it in memory however much comes, and closes a connection
    only when its answer has left, which a client that does not read can put off for ever.

    Some clients, that of Open edX among them, send each statement on a new connection and never try again when it
    breaks. If it were cut off because it has not asked for anything yet, a statement would be lost at every restart,
    although the next server would have taken it.
    """

    limits: ClassVar[Limits] = DEFAULT_LIMITS
    """Those in force in this process; ``send_blocked_s`` is how long a client may take nothing of its answer."""

    _open: ClassVar[set[Requests]] = set()

    _head_timer: asyncio.TimerHandle | None = None
    _flush_timer: asyncio.TimerHandle | None = None
    _in_head = False
    _head_bytes = 0
    _end: Callable[[], None] | None = None
    _plain: tuple[RequestResponseCycle, PlainWrite] | None = None
    _plain_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self._open) >= self.limits.http_connections_max:
            transport.write(_TOO_MANY)
            transport.close()
            return
        self._open.add(self)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > self.limits.head_bytes_max:
                self._refuse_head()

    def on_message_begin(self) -> None:
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()
        scope: dict[str, Any] = {CARRIER: self}
        self.scope.update(scope)  # type: ignore[typeddict-item]

    def hold(self, end: Callable[[], None]) -> None:
        """See ``Carrier``: the answer under way has limits of its own, and would hold up a stop of the server."""
        self._end = end
        self._open.discard(self)

    def cut(self) -> None:
        """See ``Carrier``."""
        self.transport.abort()

    def on_header(self, name: bytes, value: bytes) -> None:
        # What comes after the head are trailers; they may be discarded (RFC 9110 6.5.1), and nobody asks for them.
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._expect_nothing()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if self._plain is not None and not self._plain[0].more_body:
            self._store_plain()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """Answer the request of ``cycle``; if it is plain, without the app, as soon as its body is there."""
        plain: PlainRequests | None = getattr(app, "plain", None)
        match plain.begin(cycle.scope) if plain is not None and not self.flow.write_paused else None:
            case Answer() as answer:
                self._answer_plain(cycle, answer)
            case PlainRead() as read:
                assert plain is not None
                plain.read(read, partial(self._answer_plain, cycle))
            case PlainWrite() as write:
                self._plain = cycle, write
                if cycle.more_body:
                    self._plain_timer = self.loop.call_later(PLAIN_BODY_S, self._not_plain)
                else:
                    self._store_plain()
            case None:
                super()._start_asgi_task(cycle, app)

    def _store_plain(self) -> None:
        assert self._plain is not None
        cycle, write = self._plain
        plain: PlainRequests | None = self.app.plain
        if plain is None or not plain.store(write, bytes(cycle.body), partial(self._answer_plain, cycle)):
            self._not_plain()
            return
        self._forget_plain()

    def _not_plain(self) -> None:
        """Send the request that was thought to be plain the way of all others."""
        assert self._plain is not None
        cycle, _ = self._plain
        self._forget_plain()
        super()._start_asgi_task(cycle, self.app)

    def _forget_plain(self) -> None:
        self._plain = None
        if self._plain_timer is not None:
            self._plain_timer.cancel()
            self._plain_timer = None

    def _answer_plain(self, cycle: RequestResponseCycle, answer: Answer | None) -> None:
        if cycle.disconnected:
            return
        if answer is None:
            super()._start_asgi_task(cycle, self.app)
            return
        lines = [STATUS_LINE[answer.status]]
        for name, value in cycle.default_headers:
            lines += (name, b": ", value, b"\r\n")
        lines.append(answer.headers)
        lines.append(b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n")
        lines.append(answer.body)
        self.transport.write(b"".join(lines))
        cycle.response_started = cycle.response_complete = True
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def on_response_complete(self) -> None:
        if self._end is not None:
            self._end = None
            self._open.add(self)
        super().on_response_complete()
        if self.transport.is_closing():
            self._watch_flush()
        elif self.cycle.response_complete:
            # Also the rest of a body that was answered before its end has to come in this time.
            self._expect_head()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._watch_flush()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_flush()

    def resume_writing(self) -> None:
        self._forget_flush()
        super().resume_writing()

    def handle_websocket_upgrade(self) -> None:
        self._open.discard(self)
        super().handle_websocket_upgrade()

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.discard(self)
        self._expect_nothing()
        self._forget_flush()
        self._forget_plain()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        if self.cycle is None:
            self.loop.call_later(FIRST_REQUEST_S, super().shutdown)  # type: ignore[unreachable]
            return
        super().shutdown()
        if self._end is not None:
            self._end()

    def _refuse_head(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(_TOO_LARGE)
            self.transport.close()
            self._watch_flush()
        else:
            self.transport.abort()

    def _expect_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self.limits.head_s, self.transport.abort)

    def _expect_nothing(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _watch_flush(self) -> None:
        if self._flush_timer is None:
            waiting = self.transport.get_write_buffer_size()
            self._flush_timer = self.loop.call_later(self.limits.send_blocked_s, self._check_flush, waiting)

    def _check_flush(self, waited: int) -> None:
        """``waited`` bytes were left ``send_blocked_s`` ago."""
        self._flush_timer = None
        waiting = self.transport.get_write_buffer_size()
        if waiting >= waited:
            self.transport.abort()
        else:
            self._watch_flush()

    def _forget_flush(self) -> None:
        if self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None
