"""The stream behind HTTP, for the tests of every door to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.subscriptions.served import Served, wait_until


@pytest.fixture(scope="module")
def shared() -> Iterator[Served]:
    with Served() as served:
        yield served


@pytest.fixture
def served(shared: Served) -> Iterator[Served]:
    """One server for the tests of a module, without connections of tests before."""
    yield shared
    wait_until(lambda: not len(shared.sessions))
