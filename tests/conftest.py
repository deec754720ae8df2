"""Fixtures that several rooms share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from lrs.statements.record import Place
from lrs.statements.sqlite import SqliteStatementLog
from lrs.storage.sqlite import Store, open_store
from lrs.subscriptions.frames import Frame
from lrs.subscriptions.hub import Batch
from lrs.subscriptions.session.crowd import Crowd
from lrs.subscriptions.session.sender import Sender
from lrs.subscriptions.session.transport import Transport
from tests.described import BY_EVENTS, FROM_SERVER, check_sent
from tests.system.server import Server

# A slow machine is no fault of the code, and what is to be merged is tried with the same examples each time;
# ``SEED=$RANDOM make test`` and ``pytest --hypothesis-profile=search`` look for new ones.
settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("steady", settings.get_profile("search"), derandomize=True)
settings.load_profile("steady")

_send, _was_sent, _told = Sender._send, Sender._was_sent, Crowd._tell

# What is random in a run is so by this number, which names of tests tell.
os.environ.setdefault("SEED", "20260801")


@pytest.fixture(autouse=True)
def every_frame_is_as_described(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Holds each frame that any session of this process sends to the description of the stream."""
    wrong: list[AssertionError] = []

    def check(frame: Frame) -> None:
        try:
            check_sent(frame.data, FROM_SERVER + BY_EVENTS)
        except AssertionError as error:
            wrong.append(error)

    async def send(sender: Sender, transport: Transport, frame: Frame) -> None:
        check(frame)
        await _send(sender, transport, frame)

    def was_sent(sender: Sender, batch: Batch, frame: Frame) -> None:
        check(frame)
        _was_sent(sender, batch, frame)

    def told(crowd: Crowd, frame: Frame, statements: int, through: Place) -> None:
        check(frame)
        _told(crowd, frame, statements, through)

    monkeypatch.setattr(Sender, "_send", send)
    # Some frames go directly, past the one above, or to several at once.
    monkeypatch.setattr(Crowd, "_tell", told)
    monkeypatch.setattr(Sender, "_was_sent", was_sent)
    yield
    assert wrong == []


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "lrs.sqlite3")
    yield opened
    opened.close()


@pytest.fixture
def log(store: Store) -> Iterator[SqliteStatementLog]:
    opened = SqliteStatementLog(store)
    yield opened
    opened.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The real server, running as a process of its own on a store of its own."""
    made = Server(tmp_path / "data")
    try:
        made.start()
        yield made
    finally:
        made.close()
        # Pytest shows this beside a failure.
        print(made.output)  # noqa: T201
