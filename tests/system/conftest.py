"""What the system tests share."""

from __future__ import annotations

import os
import sys

import pytest


@pytest.fixture(scope="module")
def seed() -> int:
    """For what is drawn at random; shown when a test fails, and repeated by ``SEED=… pytest …``."""
    drawn = int(os.environ["SEED"])
    sys.stdout.write(f"SEED={drawn}\n")
    return drawn
