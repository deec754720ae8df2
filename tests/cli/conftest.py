"""A shell of its own for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.cli.invoke import Shell
from tests.cli.plain_servers import Running, running


@pytest.fixture
def lrs(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "data")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def plain_servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Running, Running]]:
    """A server with the short way, and one without; all tests send to these two, and the same to both."""
    folder = tmp_path_factory.mktemp("plain")
    async with running(folder / "short", short=True) as short, running(folder / "long", short=False) as long:
        yield short, long


@pytest.fixture
def short(plain_servers: tuple[Running, Running]) -> Running:
    plain_servers[0].taken = 0
    return plain_servers[0]


@pytest.fixture
def long(plain_servers: tuple[Running, Running]) -> Running:
    return plain_servers[1]
