"""Sessions and links in time, without a server."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from lrs.admin.accounts import Link
from lrs.admin.service import Administration, open_administration
from lrs.admin.service.accounts import AccountActs
from lrs.audit.entry import Actor
from lrs.auth.sqlite import open_consumers
from lrs.clock import FixedClock
from lrs.config import Settings
from lrs.errors import Conflict, LoginRefused
from lrs.storage.sqlite import open_store
from tests.admin.desk import PASSWORD

ROOT = Actor("cli", "root")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def administration(tmp_path: Path, clock: FixedClock) -> Iterator[Administration]:
    settings = Settings(data=tmp_path)
    store = open_store(settings.database)
    numbers = itertools.count(1)
    yield open_administration(
        store,
        open_consumers(store, clock),
        settings,
        clock=clock,
        entropy=lambda size: next(numbers).to_bytes(size, "big"),
    )
    store.close()


@pytest.fixture
def accounts(administration: Administration) -> AccountActs:
    return administration.accounts


def first(accounts: AccountActs) -> Link:
    link = accounts.first_link()
    assert link is not None
    return link


def test_a_session_ends_when_it_is_not_used(accounts: AccountActs, clock: FixedClock) -> None:
    begun = accounts.use_link(first(accounts).secret, PASSWORD)
    for _ in range(3):
        clock.advance(1_799)
        assert accounts.session(begun.secret).id == begun.session.id
    clock.advance(1_800)
    with pytest.raises(LoginRefused):
        accounts.session(begun.secret)


def test_a_session_ends_by_age_however_it_is_used(accounts: AccountActs, clock: FixedClock) -> None:
    begun = accounts.use_link(first(accounts).secret, PASSWORD)
    for _ in range(43_200 // 1_200 - 1):
        clock.advance(1_200)
        accounts.session(begun.secret)
    clock.advance(1_200)
    with pytest.raises(LoginRefused):
        accounts.session(begun.secret)


def test_a_link_ends_by_age(accounts: AccountActs, clock: FixedClock) -> None:
    link = first(accounts)
    clock.advance(86_400)
    with pytest.raises(LoginRefused):
        accounts.use_link(link.secret, PASSWORD)


def test_a_new_link_ends_the_one_before(accounts: AccountActs) -> None:
    before, after = first(accounts), first(accounts)
    with pytest.raises(LoginRefused):
        accounts.use_link(before.secret, PASSWORD)
    accounts.use_link(after.secret, PASSWORD)
    assert accounts.first_link() is None


def test_a_link_that_resets_a_password_ends_the_sessions_of_before(accounts: AccountActs) -> None:
    begun = accounts.use_link(first(accounts).secret, PASSWORD)
    link = accounts.link(ROOT, "admin")
    assert accounts.session(begun.secret)
    accounts.use_link(link.secret, PASSWORD + "!")
    with pytest.raises(LoginRefused):
        accounts.session(begun.secret)


def test_the_oldest_sessions_give_way(accounts: AccountActs) -> None:
    """Invariant 7: sessions are bounded."""
    oldest = accounts.use_link(first(accounts).secret, PASSWORD)
    for _ in range(19):
        newest = accounts.log_in("admin", PASSWORD)
    assert accounts.session(oldest.secret)
    accounts.log_in("admin", PASSWORD)
    assert accounts.session(newest.secret)
    with pytest.raises(LoginRefused):
        accounts.session(oldest.secret)
    assert accounts.administrator("admin").sessions == 20


def test_the_last_administrator_stays(accounts: AccountActs) -> None:
    accounts.use_link(first(accounts).secret, PASSWORD)
    accounts.add(ROOT, "anna")
    with pytest.raises(Conflict):
        accounts.remove(ROOT, "admin")
    accounts.remove(ROOT, "anna")


def test_secrets_are_not_shown(accounts: AccountActs) -> None:
    link = first(accounts)
    assert link.secret not in repr(link)
    begun = accounts.use_link(link.secret, PASSWORD)
    assert begun.secret not in repr(begun)
