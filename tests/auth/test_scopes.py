"""Scopes: what implies what, and that narrowing only narrows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.auth import scopes as s
from lrs.errors import InvalidParameter

some_scopes = st.frozensets(st.sampled_from(sorted(s.MEANINGS)))


def test_all_implies_every_scope_but_admin_pseudonyms_and_erase() -> None:
    assert set(s.MEANINGS) - s.expanded(frozenset({s.ALL})) == {s.ADMIN, s.PSEUDONYMS, s.ERASE}


def test_all_read_reads_everything_also_live_and_writes_nothing() -> None:
    reached = s.expanded(frozenset({s.ALL_READ}))
    assert reached == {s.ALL_READ, *s.READING}
    assert reached.isdisjoint({s.STATEMENTS_WRITE, s.STATE, s.PROFILE, s.DEFINE, s.ADMIN})


def test_reading_statements_includes_ones_own() -> None:
    assert s.STATEMENTS_READ_MINE in s.expanded(frozenset({s.STATEMENTS_READ}))


def test_admin_alone_reads_and_writes_no_statement() -> None:
    assert s.expanded(frozenset({s.ADMIN})) == {s.ADMIN}


def test_the_default_is_that_of_the_standard() -> None:
    assert {"statements/write", "statements/read/mine"} == s.DEFAULT_SCOPES


def test_every_scope_in_the_table_of_implications_has_a_meaning() -> None:
    assert set(s.IMPLIED) <= set(s.MEANINGS)


def test_an_unknown_scope_is_named_together_with_those_that_exist() -> None:
    with pytest.raises(InvalidParameter, match=r"'statements/erase'.*statements/write"):
        s.scope_set(["stream", "statements/erase"])


def test_permissions_that_only_come_by_implication_are_not_granted_by_name() -> None:
    with pytest.raises(InvalidParameter):
        s.scope_set([s.STATE_READ])


@given(some_scopes)
def test_expanding_twice_is_expanding_once(scopes: frozenset[str]) -> None:
    assert s.expanded(s.expanded(scopes)) == s.expanded(scopes) >= scopes


@given(some_scopes, some_scopes)
def test_narrowing_never_widens(asked: frozenset[str], held: frozenset[str]) -> None:
    both = s.narrowed(asked, held)
    assert s.expanded(both) == both
    assert both <= s.expanded(asked)
    assert both <= s.expanded(held)


@given(some_scopes, some_scopes)
def test_taking_scopes_away_never_shows_more_authors(scopes: frozenset[str], others: frozenset[str]) -> None:
    fewer = scopes & others
    assert s.reads_all_authors(fewer) <= s.reads_all_authors(scopes)


@given(some_scopes)
def test_scopes_survive_their_listing(scopes: frozenset[str]) -> None:
    assert s.scope_set(s.listed(scopes)) == scopes
