"""Sees every request go by: gives it an id, counts it, and logs it where that is asked for.

Neither path nor query is ever counted or logged, only the route as it was declared: learners and secrets stand there.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable
from typing import Final

from starlette.types import Message, Scope, Send

from lrs.clock import Clock
from lrs.monitoring.requests import Requests, Routes
from lrs.telemetry import REQUEST_ID, RequestIds, logger

HEADER: Final = b"x-request-id"
ROUTE: Final = "lrs.route"
"""Name in an ASGI scope under which the route of the request is left, for whoever looks at it from outside."""
_WELL_FORMED = re.compile(rb"[A-Za-z0-9_.:@/+=-]{1,128}")


class Watch:
    """What is needed to watch requests; ``access_log``: a line for each."""

    def __init__(self, requests: Requests, routes: Routes, ids: RequestIds, clock: Clock, *, access_log: bool) -> None:
        self.requests = requests
        self.ids = ids
        self.routes = routes
        self.now_s = clock.monotonic_s
        """The time by which requests are measured."""
        self.access_log = access_log

    def see(self, scope: Scope, send: Send) -> Send:
        """The ``send`` for the application that serves the request or connection with this ``scope``."""
        if scope["type"] == "http":
            return _Watched(self, scope, send, self._name(scope))
        if scope["type"] == "websocket":
            self._name(scope)
        return send

    def answered(self, route: str, method: str, status: int, began_s: float, request_id: str = "") -> str:
        """Take note of a request; gives its id, a new one if it has none yet."""
        seconds = self.now_s() - began_s
        self.requests.note(route, method, status, seconds)
        if not request_id:
            request_id = self.ids.new()
        if self.access_log:
            logger.info(
                "request", method=method, route=route, status=status, seconds=round(seconds, 6), request_id=request_id
            )
        return request_id

    def _name(self, scope: Scope) -> str:
        """The id of the request with this ``scope``: the one that it brings, if that is well formed, or a new one.

        From now on it is in every line that is logged for this request.
        """
        for name, value in scope["headers"]:
            if name == HEADER and _WELL_FORMED.fullmatch(value):
                found = str(value, "ascii")
                break
        else:
            found = self.ids.new()
        REQUEST_ID.set(found)
        return found


class _Watched:
    """``send`` of one request; called, not awaited, it costs no task step of its own."""

    __slots__ = ("_began_s", "_id", "_scope", "_send", "_watch")

    def __init__(self, watch: Watch, scope: Scope, send: Send, request_id: str) -> None:
        self._watch = watch
        self._scope = scope
        self._send = send
        self._id = request_id
        self._began_s = watch.now_s()

    def __call__(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), (HEADER, self._id.encode())]
            watch, scope = self._watch, self._scope
            path, prefix = scope["path"], scope.get("root_path")
            route = scope[ROUTE] = watch.routes.of(path.removeprefix(prefix) if prefix else path)
            watch.answered(route, scope["method"], message["status"], self._began_s, self._id)
        return self._send(message)
