"""The model keeps the contract of the log, so that comparing with it means something."""

from __future__ import annotations

import pytest

from tests.contracts.following import *  # noqa: F403
from tests.contracts.statement_log import *  # noqa: F403
from tests.subscriptions.memory_log import MemoryLog


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()
