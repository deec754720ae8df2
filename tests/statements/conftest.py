from __future__ import annotations

from tests.door.conftest import server

__all__ = ["server"]
