"""A shell of its own for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.invoke import Shell


@pytest.fixture
def lrs(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "data")
