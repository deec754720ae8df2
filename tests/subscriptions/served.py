"""A stream over a log in memory, served on a free port by the server that ``lrs serve`` uses."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Self

import orjson
import uvicorn
from starlette.applications import Starlette
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from lrs.cli.requests import Requests
from lrs.cli.sockets import Sockets
from lrs.clock import SystemClock
from lrs.config import Settings
from lrs.errors import TokenExpired, TokenRevoked
from lrs.limits import Limits
from lrs.statements.record import Append
from lrs.subscriptions.http.routes import stream_routes
from lrs.subscriptions.hub import Hub
from lrs.subscriptions.session.registry import Sessions
from tests.samples import COURSE_A, draft, principal
from tests.subscriptions.memory_log import MemoryLog
from tests.subscriptions.pipes import Credentials

LIMITS = Limits(
    auth_timeout_s=1,
    credential_check_s=0.05,
    connections_per_token_max=3,
    client_frames_per_s=1,
    client_frames_burst=10,
)
SETTINGS = Settings(allowed_origins=("https://engine.example.com",), limits=LIMITS)
PATIENCE_S = 60


class Served:
    """A stream on a free port."""

    def __init__(self, settings: Settings = SETTINGS, **options: Any) -> None:
        self.log = MemoryLog()
        self.credentials = Credentials()
        self.credentials.held |= {
            "engine": principal("engine", scopes=("stream",), courses=(COURSE_A,)),
            "writer": principal("writer", scopes=("statements/write",)),
            "old": TokenExpired("over"),
            "gone": TokenRevoked("gone"),
        }
        hub = Hub(self.log, settings.limits)
        self.sessions = Sessions(hub, self.credentials, clock=SystemClock())

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            async with hub, self.sessions:
                yield

        app = Starlette(routes=stream_routes(self.sessions, settings), lifespan=lifespan)
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                port=0,
                http=Requests,
                ws=Sockets,
                ws_max_size=settings.limits.client_frame_bytes_max,
                ws_per_message_deflate=False,
                log_config=None,
                **options,
            )
        )
        self._thread = threading.Thread(target=self._server.run)

    def __enter__(self) -> Self:
        self._thread.start()
        wait_until(lambda: self._server.started)
        host, self.port = self._server.servers[0].sockets[0].getsockname()
        self.address = f"{host}:{self.port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()

    def connect(self, query: str = "", *, bearer: str | None = "engine", **options: Any) -> ClientConnection:
        headers = dict(options.pop("headers", {}))
        if bearer is not None:
            headers["Authorization"] = f"Bearer {bearer}"
        url = f"ws://{self.address}/xapi/stream{query}"
        client: ClientConnection = connect(
            url, additional_headers=headers, open_timeout=PATIENCE_S, compression=None, **options
        )
        return client

    @property
    def sockets(self) -> int:
        """How many are open, at the server's end."""
        return len(self._server.server_state.connections)

    def put(self, *made: dict[str, Any]) -> list[str]:
        self.log.append_now(Append([draft(one) for one in made]))
        return [one["id"] for one in made]


def wait_until(condition: Callable[[], object]) -> None:
    """Wait for ``condition``, which the server brings about."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.001)


def hear(client: ClientConnection) -> Any:
    return orjson.loads(client.recv(PATIENCE_S))


def say(client: ClientConnection, **frame: Any) -> None:
    client.send(orjson.dumps(frame).decode())


def ended(client: ClientConnection) -> int:
    """The close code, after whatever was sent before."""
    with suppress(ConnectionClosed):
        while True:
            client.recv(PATIENCE_S)
    assert client.close_code is not None
    return client.close_code
