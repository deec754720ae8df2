"""Fixtures that several rooms share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.server import Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The real server, running as a process of its own on a store of its own."""
    made = Server(tmp_path / "data")
    try:
        made.start()
        yield made
    finally:
        made.close()
        # Pytest shows this beside a failure.
        print(made.output)  # noqa: T201
