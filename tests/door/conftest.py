from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.door.client import Client, Server, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for a whole module: tests keep apart by ids of their own."""
    with serving(tmp_path_factory.mktemp("data")) as made:
        yield made


@pytest.fixture(scope="module")
def lms(server: Server) -> Client:
    return server.client("lms", "all")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"
