"""Where the doors of the stream are."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route, WebSocketRoute

from lrs.config import Settings
from lrs.subscriptions.http.changes import ChangesResource
from lrs.subscriptions.http.events import EventResource
from lrs.subscriptions.http.websocket import StreamEndpoint
from lrs.subscriptions.session.registry import Sessions

STREAM_PATH = "/stream"
CHANGES_PATH = "/changes"


def stream_routes(sessions: Sessions, settings: Settings) -> list[BaseRoute]:
    """The routes of the stream, below ``settings.base``. ``sessions`` must have been entered when they are used."""
    base = settings.base.rstrip("/")
    return [
        WebSocketRoute(base + STREAM_PATH, StreamEndpoint(sessions, settings).connect, name="stream"),
        Route(base + STREAM_PATH, EventResource(sessions)),
        Route(base + CHANGES_PATH, ChangesResource(sessions)),
    ]
