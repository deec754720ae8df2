"""How learners appear to a consumer, as a setting."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lrs.auth.consumers import ConsumerStore
from lrs.auth.disclosure import PLAIN, Disclosure
from lrs.auth.grants import UNRESTRICTED
from lrs.auth.issue import Issuer
from lrs.auth.sqlite import SqliteConsumers
from lrs.errors import InvalidParameter
from tests.auth.test_principal import READER


@pytest.mark.parametrize(
    "given",
    [
        {"actors": "hidden"},
        {"actors": "pseudonym", "space": "7"},
        {"actors": "pseudonym", "space": "Tools"},
        {"actors": "none", "space": "tools"},
        {"strip": ["verb"]},
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameter):
        Disclosure.of(**given)


def test_a_space_of_its_own_is_no_space_that_anybody_can_name() -> None:
    own = Disclosure.of("pseudonym")
    assert own.to_consumer(7).space == "7"
    assert own.to_consumer(7) != own.to_consumer(8)
    shared = Disclosure.of("pseudonym", "tools")
    assert shared.to_consumer(7) == shared.to_consumer(8)
    assert Disclosure.of("none").to_consumer(7).space is None


def test_sight_differs_by_disclosure() -> None:
    """So ``more`` of before is not followed by who is now shown something else."""
    digests = {
        replace(READER, disclosure=one).visibility_digest()
        for one in (PLAIN, Disclosure.of("none"), Disclosure.of("pseudonym", "a"), Disclosure.of("pseudonym", "b"))
    }
    assert len(digests) == 4


def test_the_store_keeps_it_and_its_change_counts(consumers: SqliteConsumers, issuer: Issuer) -> None:
    hidden = Disclosure.of("pseudonym", "tools", ["names", "response"])
    added = issuer.add_consumer("c", disclosure=hidden)
    assert added.disclosure == consumers.consumer("c").disclosure == hidden
    generation = consumers.generation()
    consumers.change_consumer("c", lambda one: replace(one, disclosure=PLAIN))
    assert consumers.consumer("c").disclosure.plain
    assert consumers.generation() > generation


def test_a_trusted_writer_is_shown_what_is_stored(consumers: ConsumerStore, issuer: Issuer) -> None:
    """What it says of learners is taken as it is."""
    with pytest.raises(InvalidParameter, match="trusted"):
        issuer.add_consumer("c", grant=UNRESTRICTED, trusted=True, disclosure=Disclosure.of("none"))
    issuer.add_consumer("c", trusted=True)
    with pytest.raises(InvalidParameter, match="trusted"):
        consumers.change_consumer("c", lambda one: replace(one, disclosure=Disclosure.of("none")))
    assert consumers.consumer("c").disclosure.plain
