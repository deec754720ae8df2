"""Traces: off unless asked for, and silent about what a request is about."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from structlog.testing import capture_logs

from lrs import Settings, create_app, telemetry
from lrs.cli.traces import Traced, traced, wanted
from lrs.telemetry import Spans
from tests.samples import statement

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        (ENDPOINT, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:9/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({**ENDPOINT, "OTEL_TRACES_EXPORTER": "none"}, False),
        ({**ENDPOINT, "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_SERVICE_NAME": "x"}, False),
    ],
)
def test_the_standard_variables_decide(environment: dict[str, str], expected: bool) -> None:
    assert wanted(environment) is expected


def test_without_them_the_application_is_as_it_is() -> None:
    app = create_app()
    assert traced(app, {}) is app


def test_without_the_packages_it_is_too_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("opentelemetry"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", missing)
    app = create_app()
    with capture_logs() as lines:
        assert traced(app, ENDPOINT) is app
    assert "lrs-lite[otel]" in lines[0]["reason"]


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    made = InMemorySpanExporter()
    yield made
    made.shutdown()


@pytest.fixture
async def spans(exporter: InMemorySpanExporter, tmp_path: Path) -> list[ReadableSpan]:
    """Those of a write, a query with a learner in it, and a path that does not exist."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    app = create_app(Settings(data=tmp_path))
    served = Traced(app, provider.get_tracer("test"))
    engine = await app.start()
    engine.issuer.add_consumer("lms", scopes=frozenset({"all"}))
    key = engine.issuer.add_key("lms")
    headers = {"X-Experience-API-Version": "1.0.3", "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}
    transport = httpx.ASGITransport(app=served)
    try:
        async with httpx.AsyncClient(
            transport=transport, base_url="http://lrs", auth=(key.key, key.secret), headers=headers
        ) as client:
            await client.post("/xapi/statements", json=statement(learner="secret-learner"))
            await client.get("/xapi/statements", params={"agent": '{"mbox":"mailto:secret-learner@example.com"}'})
            await client.get("/secret-path")
    finally:
        await app.stop()
        telemetry.span.set(Spans()._begin)
    return list(exporter.get_finished_spans())


async def test_requests_and_commits_have_spans(spans: list[ReadableSpan]) -> None:
    assert [span.name for span in spans] == ["lrs.commit", "POST /xapi/statements", "GET /xapi/statements", "GET"]
    attributes = dict(spans[1].attributes or {})
    assert attributes.pop("lrs.request_id")
    assert attributes == {
        "http.request.method": "POST",
        "http.route": "/xapi/statements",
        "http.response.status_code": 200,
    }


async def test_a_trace_of_the_caller_goes_on(spans: list[ReadableSpan]) -> None:
    assert spans[1].context.trace_id == int("a" * 32, 16)
    assert spans[1].parent is not None
    assert spans[1].parent.span_id == int("b" * 16, 16)


async def test_spans_name_nobody_and_nothing(spans: list[ReadableSpan]) -> None:
    told = "".join(span.to_json() for span in spans)
    for secret in ("secret-learner", "secret-path", "Basic", "lms", "mbox"):
        assert secret not in told
