"""Traces for OpenTelemetry, where its packages are installed (``lrs-lite[otel]``) and its variables ask for them.

A span for each request, named by its route, and one for each commit. Like the log and the metrics they say nothing of
what a request is about: no path, query, header, address or body is in them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lrs.monitoring.http.watch import HEADER, ROUTE
from lrs.monitoring.requests import OTHER
from lrs.telemetry import logger, span

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

SERVICE = "lrs-lite"
_ASKING = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def wanted(environment: Mapping[str, str]) -> bool:
    """Whether the standard variables ask for traces: they name where to send them, and do not switch it off."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    return exporter == "otlp" or (exporter == "" and any(environment.get(name) for name in _ASKING))


def traced(application: ASGIApp, environment: Mapping[str, str] = os.environ) -> ASGIApp:
    """``application`` with traces, or as it is where they are not wanted or can't be had."""
    if not wanted(environment):
        return application
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        logger.warning("traces_off", reason="the packages of OpenTelemetry are missing: install lrs-lite[otel]")
        return application
    # A name in OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES comes before this one.
    named = "OTEL_SERVICE_NAME" in environment or "service.name" in environment.get("OTEL_RESOURCE_ATTRIBUTES", "")
    provider = TracerProvider(resource=Resource.create({} if named else {"service.name": SERVICE}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Traced(application, provider.get_tracer(SERVICE))


class Traced:
    """``application`` with a span of ``tracer`` around each request, and around each commit."""

    def __init__(self, application: ASGIApp, tracer: Tracer) -> None:
        self._application = application
        self._tracer = tracer
        span.set(tracer.start_as_current_span)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve; what is no HTTP request has no span, as a connection may stay for days."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        from opentelemetry.propagate import extract  # noqa: PLC0415
        from opentelemetry.trace import SpanKind, Status, StatusCode  # noqa: PLC0415

        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        parents = {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}
        method = scope["method"]
        with self._tracer.start_as_current_span(
            method, context=extract(parents), kind=SpanKind.SERVER, attributes={"http.request.method": method}
        ) as own:

            async def sending(message: Message) -> None:
                if message["type"] == "http.response.start":
                    own.set_attributes(_attributes(message))
                    route = scope.get(ROUTE, OTHER)
                    if route != OTHER:
                        own.set_attribute("http.route", route)
                        own.update_name(f"{method} {route}")
                    if message["status"] >= 500:
                        own.set_status(Status(StatusCode.ERROR))
                await send(message)

            await self._application(scope, receive, sending)


def _attributes(message: Message) -> dict[str, Any]:
    """Status and request id of an answer that begins."""
    found: dict[str, Any] = {"http.response.status_code": message["status"]}
    for name, value in message["headers"]:
        if name == HEADER:
            found["lrs.request_id"] = value.decode()
    return found
