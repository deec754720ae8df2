"""Health for orchestrators and load balancers, and metrics for Prometheus. Their answers name nobody and no content."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from lrs.auth.authenticate import Authenticator
from lrs.auth.http import authenticate
from lrs.auth.scopes import ADMIN
from lrs.config import Settings
from lrs.door.http import refusal
from lrs.errors import LrsError
from lrs.monitoring.service import Monitoring

LIVE_PATH = "/health/live"
READY_PATH = "/health/ready"
METRICS_PATH = "/metrics"

_FRESH = {"Cache-Control": "no-store"}


def monitoring_routes(monitoring: Monitoring, authenticator: Authenticator, settings: Settings) -> list[BaseRoute]:
    """The routes for operators, at fixed paths."""

    async def live(_: Request) -> Response:
        """Whether the process answers at all: 200. Open to everybody."""
        return JSONResponse({"status": "live"}, headers=_FRESH)

    async def ready(_: Request) -> Response:
        """Whether it can read the store and write to it: 200, or 503 with the reason. Open to everybody."""
        reason = await monitoring.unready()
        if reason is None:
            return JSONResponse({"status": "ready"}, headers=_FRESH)
        return JSONResponse({"status": "unready", "reason": reason}, 503, headers={**_FRESH, "Retry-After": "5"})

    async def metrics(request: Request) -> Response:
        """Numbers for Prometheus; open unless LRS_METRICS says otherwise."""
        if settings.metrics == "admin":
            try:
                authenticate(request.headers, authenticator).require(ADMIN)
            except LrsError as error:
                return refusal(error, offered="authorization" in request.headers)
        body, media_type = await monitoring.metrics(request.headers.get("accept", ""))
        return Response(body, headers={**_FRESH, "Content-Type": media_type})

    routes: list[BaseRoute] = [
        Route(LIVE_PATH, live, methods=["GET"]),
        Route(READY_PATH, ready, methods=["GET"]),
    ]
    if settings.metrics != "off":
        routes.append(Route(METRICS_PATH, metrics, methods=["GET"]))
    return routes
