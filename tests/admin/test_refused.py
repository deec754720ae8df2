"""Refused logins reach the trail in few entries, and all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from threading import Semaphore
from typing import cast

import pytest

from lrs.admin.service import refused
from lrs.admin.service.accounts import AccountActs
from lrs.admin.service.refused import RefusedLogins
from lrs.errors import StoreUnavailable


class Trail:
    """Keeps what is told, unless it fails."""

    def __init__(self) -> None:
        self.told: list[dict[str, int]] = []
        self.fails = False
        self.news = Semaphore(0)

    def note_refused(self, tried: Mapping[str, int]) -> None:
        if self.fails:
            raise StoreUnavailable("the disk is full")
        self.told.append(dict(tried))
        self.news.release()


@pytest.fixture
def trail() -> Trail:
    return Trail()


@pytest.fixture
def logins(trail: Trail) -> RefusedLogins:
    return RefusedLogins(cast("AccountActs", trail))


async def test_those_after_the_first_are_told_together_when_the_pause_is_over(
    trail: Trail, logins: RefusedLogins, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refused, "PAUSE_S", 0.0)
    await asyncio.gather(*map(logins.note, ["ann", "bob", "bob", "ann"]))
    for _ in range(2):
        await asyncio.to_thread(trail.news.acquire)
    # Each is told by a thread of its own.
    assert sorted(map(len, trail.told)) == [1, 2]
    assert {"bob": 2, "ann": 1} in trail.told
    await logins.stop()
    assert len(trail.told) == 2


async def test_what_waits_is_told_when_the_server_stops(trail: Trail, logins: RefusedLogins) -> None:
    for _ in range(3):
        await logins.note("ann")
    assert trail.told == [{"ann": 1}]
    await logins.stop()
    assert trail.told == [{"ann": 1}, {"ann": 2}]


async def test_what_cannot_be_told_is_told_later(trail: Trail, logins: RefusedLogins) -> None:
    trail.fails = True
    await logins.note("ann")
    trail.fails = False
    await logins.stop()
    assert trail.told == [{"ann": 1}]
