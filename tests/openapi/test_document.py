"""The description and the server say the same."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from starlette.routing import BaseRoute, Route, WebSocketRoute

from lrs import create_app
from lrs.config import Settings
from lrs.errors import LrsError
from lrs.limits import DEFAULT_LIMITS
from lrs.openapi.document import document

PAGES = re.compile(r"/|/style\.css|/stream\.js|/request|/admin(?!/api).*|/admin/api/\{rest:path\}")
"""What is for people, and what answers where nothing is."""


def described(**settings: Any) -> dict[str, Any]:
    return document(Settings(**settings), "1")


def operations(found: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method.upper(), place): one for place, methods in found["paths"].items() for method, one in methods.items()
    }


async def routes(settings: Settings) -> list[BaseRoute]:
    app = create_app(settings)
    await app.start()
    found = list(app.routes)
    await app.stop()
    return found


def served(settings: Settings) -> set[tuple[str, str]]:
    found = set()
    for route in asyncio.run(routes(settings)):
        if isinstance(route, WebSocketRoute):
            continue
        assert isinstance(route, Route)
        if PAGES.fullmatch(route.path):
            continue
        methods = getattr(route.endpoint, "handlers", None) or route.methods or ()
        found |= {(method, re.sub(r":\w+\}", "}", route.path)) for method in methods if method != "HEAD"}
    return found


@pytest.mark.parametrize("settings", [{}, {"base": "/lrs/xapi"}, {"metrics": "off"}], ids=str)
def test_every_route_is_described_and_every_path_is_there(tmp_path: Path, settings: dict[str, Any]) -> None:
    assert set(operations(described(**settings))) == served(Settings(data=tmp_path, **settings))


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [one["operationId"] for one in operations(described()).values()]
    assert len(set(names)) == len(names)


def test_whatever_is_referred_to_is_there() -> None:
    found = described()

    def refs(value: Any) -> set[str]:
        if isinstance(value, dict):
            own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
            return own.union(*map(refs, value.values()))
        return set().union(*map(refs, value)) if isinstance(value, list) else set()

    components = found["components"]
    there = {f"#/components/{kind}/{name}" for kind in components for name in components[kind]}
    used = refs(found)
    assert used <= there
    assert {one for one in there if "/schemas/" in one} <= used


@pytest.mark.parametrize("name", described()["components"]["schemas"])
def test_every_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(described()["components"]["schemas"][name])


def test_every_parameter_of_a_path_is_described() -> None:
    for (method, place), one in operations(described()).items():
        declared = {row["name"] for row in one.get("parameters", ()) if row["in"] == "path"}
        assert declared == set(re.findall(r"\{(\w+)\}", place)), (method, place)


def test_changes_by_a_session_ask_for_the_header_against_other_sites() -> None:
    for (method, place), one in operations(described()).items():
        if place.startswith("/admin/api") and method != "GET":
            assert "X-LRS-CSRF" in {row["name"] for row in one["parameters"]}, (method, place)


def test_the_bounds_are_those_of_the_settings() -> None:
    parameters = operations(described())["GET", "/admin/api/consumers"]["parameters"]
    limit = next(row for row in parameters if row["name"] == "limit")
    assert limit["schema"]["maximum"] == DEFAULT_LIMITS.admin_page_items_max


def test_statuses_of_problems_are_those_of_the_errors() -> None:
    status = described()["components"]["schemas"]["Problem"]["properties"]["status"]
    assert status["minimum"] <= LrsError.http_status <= status["maximum"]


def test_the_document_is_a_new_one_each_time() -> None:
    described()["paths"].clear()
    assert described()["paths"]
