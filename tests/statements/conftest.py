from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.door.client import Client, Server, serving
from tests.door.conftest import server

__all__ = ["lms", "server", "shared"]


@pytest.fixture
def lms(tmp_path: Path) -> Iterator[Client]:
    """A client that may do everything, with a store of its own."""
    with serving(tmp_path) as own:
        yield own.client("lms", "all")


@pytest.fixture(scope="module")
def shared(server: Server) -> Client:
    """The same with one store for all tests of a module, for those that do not mind what others have stored."""
    return server.client("shared", "all")
