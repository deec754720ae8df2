"""What may happen once happens once, however many try at the same time; and acts that fail half way leave nothing."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from lrs.admin.access import Wish
from lrs.admin.service import Administration, open_administration
from lrs.admin.service.requests import Approval
from lrs.audit.entry import Actor
from lrs.auth.secrets import Entropy
from lrs.auth.sqlite import open_consumers
from lrs.clock import SystemClock
from lrs.config import Settings
from lrs.errors import LrsError, StoreUnavailable
from lrs.storage.sqlite import open_store
from tests.admin.desk import PASSWORD

ANNA = Actor("admin", "anna")
WISH = Wish(organisation="o", contact="c", courses=("course-v1:edX+*",), purpose="p")
TRIES = 8


@pytest.fixture
def administration(tmp_path: Path) -> Iterator[Administration]:
    settings, clock, entropy = Settings(data=tmp_path), SystemClock(), secrets.token_bytes
    store = open_store(settings.database)
    yield made(settings, store, clock, entropy)
    store.close()


def made(settings: Settings, store: Any, clock: SystemClock, entropy: Entropy) -> Administration:
    return open_administration(store, open_consumers(store, clock), settings, clock=clock, entropy=entropy)


def at_once(act: Callable[[int], Any]) -> Counter[str]:
    """What becomes of several threads that all do ``act``: done, or the code of an error."""

    def outcome(number: int) -> str:
        try:
            act(number)
        except LrsError as error:
            return error.code
        return "done"

    with ThreadPoolExecutor(TRIES) as threads:
        return Counter(threads.map(outcome, range(TRIES)))


def test_a_key_is_taken_once(administration: Administration) -> None:
    requests = administration.requests
    asked = requests.make(WISH)
    requests.approve(ANNA, asked.request.number, Approval(name="x"))
    assert at_once(lambda _: requests.take(asked.secret)) == {"done": 1, "conflict": TRIES - 1}
    assert len(administration.rooms.consumers.keys()) == 1


def test_a_request_is_decided_once(administration: Administration) -> None:
    requests = administration.requests
    number = requests.make(WISH).request.number
    outcomes = at_once(
        lambda one: (
            requests.refuse(ANNA, number, None) if one % 2 else requests.approve(ANNA, number, Approval(name=f"x{one}"))
        )
    )
    assert outcomes == {"done": 1, "conflict": TRIES - 1}
    assert len(administration.rooms.consumers.consumers()) <= 1


def test_a_link_is_used_once(administration: Administration) -> None:
    link = administration.accounts.first_link()
    assert link is not None
    outcomes = at_once(lambda _: administration.accounts.use_link(link.secret, PASSWORD))
    assert outcomes == {"done": 1, "login_refused": TRIES - 1}
    assert administration.accounts.administrator("admin").sessions == 1


def test_open_requests_do_not_pass_the_limit(administration: Administration, tmp_path: Path) -> None:
    limits = administration.rooms.settings.limits
    with patch.object(type(limits), "access_requests_open_max", 3):
        outcomes = at_once(lambda _: administration.requests.make(WISH))
    assert outcomes == {"done": 3, "rate_limited": TRIES - 3}


def test_an_act_whose_entry_can_not_be_written_is_not_done(administration: Administration) -> None:
    full = StoreUnavailable("the disk is full")
    with (
        patch.object(administration.trail, "note", side_effect=full),
        pytest.raises(StoreUnavailable),
    ):
        administration.consumers.add(ANNA, "engine")
    assert administration.rooms.consumers.consumers() == []
    administration.consumers.add(ANNA, "engine")
    assert len(administration.trail.entries()) == 1
