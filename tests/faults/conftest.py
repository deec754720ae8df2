"""What the tests of faults share."""

from __future__ import annotations

from tests.system.conftest import seed

__all__ = ["seed"]
