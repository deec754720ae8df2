"""A register of consumers on a fresh store, with time and randomness held still."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from lrs.auth.authenticate import Authenticator
from lrs.auth.issue import Issuer
from lrs.auth.sqlite import SqliteConsumers, open_consumers
from lrs.clock import FixedClock
from lrs.config import Settings
from lrs.storage.sqlite import Store, open_store


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "data" / "lrs.sqlite3")
    yield opened
    opened.close()


@pytest.fixture
def consumers(store: Store, clock: FixedClock) -> SqliteConsumers:
    return open_consumers(store, clock)


@pytest.fixture
def settings() -> Settings:
    return Settings(public_url="https://lrs.example.org")


@pytest.fixture
def issuer(consumers: SqliteConsumers, settings: Settings, clock: FixedClock) -> Issuer:
    return Issuer(consumers, settings, clock=clock, entropy=random.Random(1).randbytes)


@pytest.fixture
def authenticator(consumers: SqliteConsumers, settings: Settings, clock: FixedClock) -> Authenticator:
    return Authenticator(consumers, settings, clock=clock)
