from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.admin.desk import Browser, Program, administered


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    """A browser of the first administrator, with a store of its own."""
    with administered(tmp_path) as made:
        yield made


@pytest.fixture
def program(browser: Browser) -> Program:
    """A program with the scope admin on the same store."""
    return Program(browser.server.client("steward", "admin"))
