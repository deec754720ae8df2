"""The composition root: the one place that knows every room and puts them behind HTTP."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from lrs import __version__
from lrs.about.http import about_routes
from lrs.admin.http.desk import Desk, open_desk
from lrs.admin.http.pages import page_response, page_routes
from lrs.admin.http.routes import admin_routes
from lrs.config import Settings
from lrs.documents.http import document_routes
from lrs.door.http import Resource, cross_origin
from lrs.engine import Engine
from lrs.monitoring.http.routes import monitoring_routes
from lrs.monitoring.http.watch import Watch
from lrs.monitoring.requests import Routes
from lrs.monitoring.service import Monitoring
from lrs.oauth.http import oauth_routes
from lrs.openapi.http import openapi_routes
from lrs.pseudonyms.http import pseudonym_routes
from lrs.statements.http.described import activity_routes, agent_routes
from lrs.statements.http.erased import erased_routes
from lrs.statements.http.plain import PlainRequests
from lrs.statements.http.statements import StatementEndpoint, statement_routes
from lrs.storage.child import Line
from lrs.subscriptions.description import description
from lrs.subscriptions.frames import PROTOCOL
from lrs.subscriptions.http.routes import stream_routes
from lrs.telemetry import RequestIds
from lrs.xapi.validate import be_ready_to_explain

# In a checkout the pages stand beside the package, in a wheel inside it.
_PAGES = next(
    folder for folder in (Path(__file__).parent / "web", Path(__file__).parents[1] / "web") if folder.is_dir()
)


class App(Starlette):
    """A Starlette application over one store; mount it under any prefix of any ASGI application.

    The store opens with the lifespan, or with the first request where an outer application does not pass lifespans on.
    It closes with the lifespan, or by ``stop``; a process that simply ends loses nothing, since every answer left
    after its commit.
    """

    def __init__(self, settings: Settings, process: Line | None = None) -> None:
        super().__init__(lifespan=_lifespan, middleware=cross_origin(settings))
        # A redirect would name the scheme and host that this process sees, and behind a proxy that ends TLS, clients
        # would send their credentials there in clear.
        self.router.redirect_slashes = False
        self.settings = settings
        self.engine: Engine | None = None
        self._process = process
        self._starting = asyncio.Lock()
        self._resources: dict[str, ASGIApp] = {}
        self._desk: Desk | None = None
        self._monitoring: Monitoring | None = None
        self._watch: Watch | None = None
        self.plain: PlainRequests | None = None
        """The short way for a server that knows it; None while the store is closed, or when middleware must see all."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.engine is None and scope["type"] != "lifespan":
            await self.start()
        if self._watch is not None:
            send = self._watch.see(scope, send)
        # A resource answers everything by itself, errors too. Going through routes and middleware to it would cost
        # a tenth of what it takes to store a statement.
        if scope["type"] == "http" and not self.user_middleware and not scope.get("root_path"):
            resource = self._resources.get(scope["path"])
            if resource is not None:
                await resource(scope, receive, send)
                return
        await super().__call__(scope, receive, send)

    async def start(self) -> Engine:
        """Open the store, unless it is open."""
        async with self._starting:
            if self.engine is None:
                process, self._process = self._process, None
                engine = await Engine(self.settings, process=process).__aenter__()
                desk = self._desk = await open_desk(engine)
                monitoring = self._monitoring = await Monitoring(engine, __version__).__aenter__()
                desk.metrics = monitoring.metrics
                watched = monitoring_routes(monitoring, engine.authenticator, self.settings)
                self.router.routes = [*routes(engine), *admin_routes(desk), *page_routes(_PAGES), *watched]
                self._watch = Watch(
                    monitoring.requests,
                    Routes(getattr(route, "path", "/") for route in self.router.routes),
                    RequestIds(secrets.token_hex(4)),
                    engine.clock,
                    access_log=self.settings.access_log == "on",
                )
                self._resources = {
                    route.path: route.endpoint
                    for route in self.router.routes
                    if isinstance(route, Route) and isinstance(route.endpoint, Resource)
                }
                self.engine = engine
                if not self.user_middleware:
                    self.plain = next(
                        one.plain for one in self._resources.values() if isinstance(one, StatementEndpoint)
                    )
                    self.plain.watch = self._watch
            return self.engine

    async def stop(self) -> None:
        """Finish what was accepted and close the store; the next request opens it again."""
        engine, self.engine, self.plain = self.engine, None, None
        desk, self._desk = self._desk, None
        monitoring, self._monitoring, self._watch = self._monitoring, None, None
        if monitoring is not None:
            await monitoring.__aexit__(None, None, None)
        if desk is not None:
            await desk.close()
        if engine is not None:
            await engine.__aexit__(None, None, None)


@asynccontextmanager
async def _lifespan(app: App) -> AsyncIterator[None]:
    await app.start()
    # What is needed to say why something is refused is loaded while the first requests come in.
    loading = asyncio.create_task(asyncio.to_thread(be_ready_to_explain))
    try:
        yield
    finally:
        await loading
        await app.stop()


def create_app(settings: Settings | None = None, *, process: Line | None = None) -> App:
    """The whole server as an ASGI application; touches neither disk nor network until it is used.

    ``process``: what ``log_process`` made, to write statements in until the store is closed for the first time.
    """
    return App(settings or Settings(), process)


def routes(engine: Engine) -> list[BaseRoute]:
    """Every route of the server, as ``docs/routes.md`` lists them."""
    settings, authenticator = engine.settings, engine.authenticator
    stream = {f"{settings.public_url.rstrip('/')}{settings.base}/stream": {"subprotocol": PROTOCOL}}

    async def described(_: Request) -> Response:
        """An AsyncAPI 3 description of the stream, with the JSON Schema of every frame."""
        return JSONResponse(description(settings))

    async def module(_: Request) -> Response:
        """The client of the stream for browsers and Node, an ES module (RFC 9239); see client.md."""
        return FileResponse(_PAGES / "stream.js", media_type="text/javascript")

    return [
        *about_routes(settings, stream),
        *statement_routes(engine.statements, authenticator, settings),
        *erased_routes(engine.log, authenticator, settings),
        *activity_routes(engine.log, authenticator, settings),
        *agent_routes(engine.log, authenticator, settings),
        *document_routes(engine.documents, authenticator, settings),
        *stream_routes(engine.sessions, settings),
        *pseudonym_routes(engine.lookup, authenticator, settings),
        *openapi_routes(settings, __version__),
        Route("/asyncapi.json", described, methods=["GET"]),
        *oauth_routes(engine.oauth, authenticator, settings),
        Route("/", _page("index.html"), methods=["GET"]),
        Route("/style.css", _page("style.css"), methods=["GET"]),
        Route("/stream.js", module, methods=["GET"]),
    ]


def _page(name: str) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint for one file of the pages."""

    async def page(request: Request) -> Response:
        """A page for people, or a part of one."""
        return page_response(request, _PAGES / name)

    return page
