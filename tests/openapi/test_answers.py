"""A running server answers as /openapi.json says, whatever it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import SearchStrategy
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from lrs.config import Settings
from lrs.openapi.document import document
from tests.system.server import Server, running

EXAMPLES = {GenerationMode.POSITIVE: 3, GenerationMode.NEGATIVE: 2}
"""Requests to each operation, such as it describes and such as it does not."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ENDLESS = {"followEvents"}
"""Its answer ends when the client leaves; tests of the stream hold it to its own description."""

DESCRIBED = document(Settings(), "1")
OPERATIONS = [
    (method, path)
    for path, methods in DESCRIBED["paths"].items()
    for method, one in methods.items()
    if one["operationId"] not in ENDLESS
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, dict[str, str]]]:
    """A running server, and the headers of a program that may do everything on it."""
    with running(tmp_path_factory.mktemp("answers") / "data", LRS_POLL_WAIT_S="1") as made:
        for name in ("a", "b", "c"):
            made.run("consumer", "add", name)
        made.run("consumer", "add", "steward", "--scope", "admin", "--scope", "all")
        token = made.run("token", "issue", "steward").strip()
        yield made, {"Authorization": f"Bearer {token}"}


def test_it_is_served_as_it_is_written(server: tuple[Server, dict[str, str]]) -> None:
    found = httpx.get(f"{server[0].url}/openapi.json").json()
    assert found["paths"].keys() == DESCRIBED["paths"].keys()
    assert found["openapi"] == "3.1.0"


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_answers_are_as_described(server: tuple[Server, dict[str, str]], method: str, path: str) -> None:
    running_server, headers = server
    operation = schemathesis.openapi.from_dict(DESCRIBED)[path][method]
    for mode in GenerationMode.POSITIVE, GenerationMode.NEGATIVE:
        _ask(operation.as_strategy(generation_mode=mode), EXAMPLES[mode], running_server.url, headers)


def _ask(cases: SearchStrategy[Any], count: int, url: str, headers: dict[str, str]) -> None:
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def ask(case: Any) -> None:
        case.validate_response(case.call(base_url=url, headers=headers), checks=CHECKS)

    with suppress(Unsatisfiable):
        # Some operations take whatever there is, so nothing is against their description.
        ask()
