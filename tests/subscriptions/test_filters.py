from __future__ import annotations

from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest

from lrs.auth.grants import UNRESTRICTED, Grant
from lrs.errors import Forbidden, InvalidParameter
from lrs.limits import Limits
from lrs.statements.match import EVERYTHING, Filter
from lrs.subscriptions.filters import FILTER_MEMBERS, parse_filter, require_courses
from tests.samples import ANSWERED, COURSE_A, COURSE_B, LMS, agent, draft, statement

LIMITS = Limits()
REGISTRATION = UUID("0F6A7C5E-0000-4000-8000-00000000000A")
IRI = "http://example.com/x"


def keys_of(member: str, value: Any) -> frozenset[str]:
    (keys,) = parse_filter({member: [value]}, LIMITS).filter.members
    return keys


@pytest.mark.parametrize(
    ("member", "value", "keys"),
    [
        ("course", COURSE_A, {f"k{COURSE_A}"}),
        ("course", f"{LMS}/course/{COURSE_A}", {f"k{COURSE_A}"}),
        ("course", f"{LMS}/courses/{COURSE_A}/", {f"k{COURSE_A}"}),
        ("course", f"{LMS}/courses/{quote(COURSE_A, safe=':')}", {f"k{COURSE_A}"}),
        ("course", "ccx-v1:Org+A+2026+ccx@1", {"kccx-v1:Org+A+2026+ccx@1"}),
        ("verb", ANSWERED, {f"v{ANSWERED}"}),
        ("activity", IRI, {f"o{IRI}"}),
        ("related_activity", IRI, {f"o{IRI}", f"c{IRI}"}),
        ("activity_type", IRI, {f"t{IRI}"}),
        ("actor", {"mbox": "mailto:a@example.com"}, {"ambox|mailto:a@example.com"}),
        ("registration", str(REGISTRATION).upper(), {f"g{REGISTRATION}"}),
        ("platform", LMS, {f"p{LMS}"}),
    ],
)
def test_a_value_is_found_under_its_keys(member: str, value: Any, keys: set[str]) -> None:
    assert keys_of(member, value) == keys


def test_every_member_finds_the_statement_that_it_describes() -> None:
    """The keys of a filter and the keys of a stored statement are the same strings."""
    made = draft(
        statement(
            object={"id": IRI, "definition": {"type": "http://example.com/type"}},
            context={
                "registration": str(REGISTRATION),
                "contextActivities": {
                    "grouping": [{"id": "http://example.com/group"}],
                    "parent": [
                        {
                            "id": f"{LMS}/course/{COURSE_A}",
                            "definition": {"type": "http://adlnet.gov/expapi/activities/course"},
                        }
                    ],
                },
            },
        )
    )
    describing: dict[str, Any] = {
        "course": COURSE_A,
        "verb": ANSWERED,
        "activity": IRI,
        "related_activity": "http://example.com/group",
        "activity_type": "http://example.com/type",
        "actor": agent(),
        "registration": str(REGISTRATION),
        "platform": LMS,
    }
    assert set(describing) == set(FILTER_MEMBERS)
    for member, value in describing.items():
        assert keys_of(member, value) & made.keys, member


def test_values_are_joined_by_or_and_members_by_and() -> None:
    asked = parse_filter({"verb": ["x:a", "x:b"], "course": [COURSE_A]}, LIMITS)
    assert asked.filter == Filter.of(frozenset({"vx:a", "vx:b"}), frozenset({f"k{COURSE_A}"}))


def test_no_member_is_no_condition() -> None:
    assert parse_filter({}, LIMITS).filter == EVERYTHING


def test_the_courses_named_are_kept_for_the_grant() -> None:
    asked = parse_filter({"course": [COURSE_A, f"{LMS}/course/{COURSE_B}"], "verb": [ANSWERED]}, LIMITS)
    assert asked.courses == {COURSE_A, COURSE_B}


@pytest.mark.parametrize("filter_", [None, [], "course", 7])
def test_a_filter_is_an_object(filter_: Any) -> None:
    with pytest.raises(InvalidParameter, match="filter must be an object"):
        parse_filter(filter_, LIMITS)


@pytest.mark.parametrize("member", FILTER_MEMBERS)
@pytest.mark.parametrize("values", [[], None, "x:y", {}, [None], [7], ["not an iri"], [["x:y"]], [""]])
def test_a_malformed_value_is_an_error_that_names_its_member(member: str, values: Any) -> None:
    with pytest.raises(InvalidParameter, match=member):
        parse_filter({member: values}, LIMITS)


def test_a_course_that_is_none_is_an_error_that_shows_it() -> None:
    with pytest.raises(InvalidParameter, match="block-v1"):
        parse_filter({"course": ["block-v1:Org+A+2026+type@problem+block@b"]}, LIMITS)


def test_a_wildcard_is_for_grants_only() -> None:
    with pytest.raises(InvalidParameter):
        parse_filter({"course": ["course-v1:Org+*"]}, LIMITS)


def test_an_unknown_member_is_an_error_that_names_it() -> None:
    with pytest.raises(InvalidParameter, match="'courses'"):
        parse_filter({"courses": [COURSE_A]}, LIMITS)


def test_a_member_has_a_bounded_number_of_values() -> None:
    most = Limits(query_values_max=3)
    parse_filter({"verb": ["x:a", "x:b", "x:c"]}, most)
    with pytest.raises(InvalidParameter, match="verb has more than 3"):
        parse_filter({"verb": ["x:a", "x:b", "x:c", "x:d"]}, most)


def test_an_actor_without_identifier_is_an_error() -> None:
    with pytest.raises(InvalidParameter, match="actor"):
        parse_filter({"actor": [{"objectType": "Group", "member": [agent()]}]}, LIMITS)


def test_a_course_outside_the_grant_is_forbidden_by_name() -> None:
    grant = Grant.of([COURSE_A])
    require_courses(frozenset({COURSE_A}), grant)
    require_courses(frozenset(), grant)
    require_courses(frozenset({COURSE_A, COURSE_B}), UNRESTRICTED)
    require_courses(frozenset({COURSE_A, COURSE_B}), Grant.of(["course-v1:Org+*"]))
    with pytest.raises(Forbidden, match=r"Org\+B\+2026"):
        require_courses(frozenset({COURSE_A, COURSE_B}), grant)
