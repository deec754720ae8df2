from __future__ import annotations

from tests.door.conftest import lms, server

__all__ = ["lms", "server"]
