from __future__ import annotations

import pytest

from tests.door.client import Client
from tests.door.conftest import lms, server

__all__ = ["client", "lms", "server"]


@pytest.fixture(params=["1.0.3", "2.0.0"])
def client(request: pytest.FixtureRequest, lms: Client) -> Client:
    """Under each version, what both ask for."""
    return lms.speaking(request.param)
