"""Principals: what they allow, and what identifies their sight."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lrs.auth.grants import UNRESTRICTED, Grant
from lrs.auth.principal import Principal, authority_agent
from lrs.errors import Forbidden, InsufficientScope

READER = Principal(
    consumer_id=1,
    consumer="reader",
    credential="key:a",
    scopes=frozenset({"statements/read", "stream"}),
    grant=Grant.of(["course-v1:MITx+C1+a"]),
    expires_at_us=None,
    authority=authority_agent("reader", "https://lrs.example.org"),
)


def with_scopes(*scopes: str) -> Principal:
    return replace(READER, scopes=frozenset(scopes))


def test_a_scope_is_allowed_by_one_that_implies_it() -> None:
    assert with_scopes("all").allows("statements/read/mine")
    assert not with_scopes("all").allows("admin")


def test_a_missing_scope_is_named() -> None:
    with pytest.raises(InsufficientScope, match="statements/write") as refusal:
        READER.require("statements/write")
    assert refusal.value.scope == "statements/write"
    assert isinstance(refusal.value, Forbidden)


def test_a_scope_that_is_held_is_not_refused() -> None:
    READER.require("statements/read/mine")


@pytest.mark.parametrize(
    ("scopes", "only_mine"),
    [
        (("statements/write", "statements/read/mine"), True),
        (("statements/read/mine", "statements/read"), False),
        (("all/read",), False),
        (("stream",), False),
        (("stream", "statements/read/mine"), False),
        (("statements/write",), True),
    ],
)
def test_sight_is_limited_to_ones_own_statements_unless_a_scope_reads_all(
    scopes: tuple[str, ...], only_mine: bool
) -> None:
    assert with_scopes(*scopes).only_mine is only_mine


def test_the_authority_is_the_account_of_the_consumer_at_this_server() -> None:
    """Data 2.4.9."""
    assert READER.authority == {
        "objectType": "Agent",
        "name": "reader",
        "account": {"homePage": "https://lrs.example.org", "name": "reader"},
    }


def test_equal_sight_has_an_equal_digest() -> None:
    """Neither writing, nor the credential, nor the wording of the scopes changes what is seen."""
    same = replace(
        READER,
        credential="token:b",
        expires_at_us=1,
        scopes=frozenset({"statements/write", "statements/read", "statements/read/mine", "stream"}),
    )
    assert same.visibility_digest() == READER.visibility_digest()
    assert len(READER.visibility_digest()) == 32


@pytest.mark.parametrize(
    "other",
    [
        replace(READER, consumer_id=2),
        replace(READER, grant=UNRESTRICTED),
        replace(READER, grant=Grant.of([])),
        replace(READER, scopes=frozenset({"statements/read/mine"})),
    ],
)
def test_other_sight_has_another_digest(other: Principal) -> None:
    assert other.visibility_digest() != READER.visibility_digest()


def test_a_digest_is_the_same_in_every_process_and_version() -> None:
    assert READER.visibility_digest().hex().startswith("bebc841de6616062")


def test_a_principal_can_be_a_key_of_a_dictionary() -> None:
    assert {READER: 1}[replace(READER)] == 1
