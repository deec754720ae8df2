"""Restrictions: what narrowing keeps, what JSON forms say, and which documents they cover."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.auth.grants import UNRESTRICTED, Grant, grant_in
from lrs.auth.restrictions import NO_RESTRICTIONS, Restrictions
from lrs.errors import InvalidParameter

VALUES: dict[str, list[Any]] = {
    "verbs": ["https://example.com/verbs/asked", "https://example.com/verbs/answered"],
    "activity_types": ["http://adlnet.gov/expapi/activities/course"],
    "sites": ["https://lms.example.com", "https://other.example.com"],
    "actors": [
        {"mbox": "mailto:ann@example.com"},
        {"account": {"homePage": "https://lms.example.com", "name": "a|b"}},
        {"openid": "https://ann.example.com/"},
        {"mbox_sha1sum": "0" * 40},
    ],
}

restrictions = st.fixed_dictionaries(
    {}, optional={name: st.lists(st.sampled_from(values), max_size=3) for name, values in VALUES.items()}
).map(Restrictions.of)
grants = st.builds(Grant.of, st.sampled_from([["*"], ["course-v1:A+B+C"], []]), restrictions)


def covered(one: Restrictions) -> set[tuple[str, str]]:
    """All of this small world that is covered, as (restriction, value)."""
    every = Restrictions.of(VALUES)
    return {
        (name, value)
        for name, values in every.items()
        for value in values or ()
        if (allowed := getattr(one, name)) is None or value in allowed
    }


@given(restrictions, restrictions)
def test_narrowing_is_the_intersection_and_so_never_widens(one: Restrictions, other: Restrictions) -> None:
    both = one.narrowed(other)
    assert covered(both) == covered(one) & covered(other)
    assert one.excess(both) is None
    assert other.excess(both) is None


@given(restrictions, restrictions)
def test_excess_names_a_restriction_by_which_more_is_covered(one: Restrictions, other: Restrictions) -> None:
    name = one.excess(other)
    if name is None:
        assert covered(other) <= covered(one)
    else:
        assert getattr(one, name) is not None
        assert getattr(other, name) is None or getattr(other, name) - getattr(one, name)


@given(grants, grants)
def test_a_narrowed_grant_is_in_excess_of_neither(one: Grant, other: Grant) -> None:
    both = one.narrowed(other)
    assert one.excess(both) is None
    assert other.excess(both) is None
    assert both.limited is (one.limited or other.limited)


@given(grants)
def test_a_grant_survives_its_json_forms(grant: Grant) -> None:
    assert Grant.from_json(grant.to_json()) == grant
    assert grant_in(grant.authorization_details()) == grant


def test_what_is_not_restricted_does_not_stand_in_the_json_form() -> None:
    assert UNRESTRICTED.to_json() == {"courses": ["*"]}
    assert not NO_RESTRICTIONS
    assert Restrictions.of({"verbs": []}).to_json() == {"verbs": []}


@pytest.mark.parametrize(
    "members",
    [
        {"verb": ["https://example.com/v"]},
        {"verbs": "https://example.com/v"},
        {"verbs": ["answered"]},
        {"sites": [1]},
        {"actors": [{"name": "Ann"}]},
        {"actors": [{"objectType": "Group", "member": [{"mbox": "mailto:ann@example.com"}]}]},
        {"actors": ["mailto:ann@example.com"]},
        {"courses": ["*"]},
    ],
)
def test_what_is_not_understood_is_refused(members: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameter):
        Restrictions.of(members)


def test_a_grant_without_courses_is_no_grant() -> None:
    """To leave courses out may not mean all of them."""
    with pytest.raises(InvalidParameter):
        Grant.from_json({"verbs": ["https://example.com/v"]})


@pytest.mark.parametrize(
    ("limits", "agent", "expected"),
    [
        ({}, None, True),
        ({"verbs": []}, None, True),
        ({"actors": VALUES["actors"]}, "mbox|mailto:ann@example.com", True),
        ({"actors": VALUES["actors"]}, "mbox|mailto:bob@example.com", False),
        ({"actors": VALUES["actors"]}, None, False),
        ({"sites": ["https://lms.example.com"]}, "account|https://lms.example.com|ann", True),
        ({"sites": ["https://lms.example.com"]}, "account|https://other.example.com|ann", False),
        ({"sites": ["https://lms.example.com"]}, "mbox|mailto:ann@example.com", False),
        ({"sites": ["https://lms.example.com"]}, None, False),
    ],
)
def test_documents_are_covered_by_their_agent(limits: dict[str, Any], agent: str | None, expected: bool) -> None:
    assert Restrictions.of(limits).cover_agent(agent) is expected
