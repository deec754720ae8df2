"""Grants: parsing, the one predicate, and narrowing, held against a plain model of sets of courses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.auth.grants import UNRESTRICTED, Grant, course_key, grant_in, parse_entry, repaired
from lrs.errors import InvalidParameter

ORGANISATIONS = ("MITx", "mitx", "edX")
KEYS = [
    *(f"course-v1:{org}+{course}+{run}" for org in ORGANISATIONS for course in ("C1", "C2") for run in ("a", "b")),
    *(f"ccx-v1:{org}+C1+a+ccx@1" for org in ORGANISATIONS),
]
FOREIGN = [
    "https://moodle.example.org/course/7",
    "urn:course:1",
    "course-v1:broken",
    "library-v1:MITx+L",
    "course-v1:*",
]

entries = st.sampled_from([*KEYS, *(f"course-v1:{org}+*" for org in ORGANISATIONS)])
grants = st.one_of(st.just(UNRESTRICTED), st.lists(entries, max_size=6).map(Grant.of))
named = st.frozensets(st.sampled_from([*KEYS, *FOREIGN]), max_size=4)


def model(grant: Grant) -> set[str]:
    """Every course of this small world that the grant covers, found by hand."""
    if grant.courses is None:
        return {*KEYS, *FOREIGN}
    covered = set()
    for entry in grant.courses:
        covered |= {key for key in KEYS if key == entry or key.split(":")[1].split("+")[0] + "+*" == entry[10:]}
    return covered


@given(grants, named)
def test_a_statement_is_permitted_when_all_courses_that_it_names_are_covered(
    grant: Grant, courses: frozenset[str]
) -> None:
    """Invariant 4."""
    expected = grant.courses is None or (bool(courses) and courses <= model(grant))
    assert grant.permits(courses) == expected


@given(grants, grants)
def test_narrowing_is_the_intersection_and_so_never_widens(one: Grant, other: Grant) -> None:
    both = one.narrowed(other)
    assert model(both) == model(one) & model(other)
    assert (both.courses is None) == (one.courses is None and other.courses is None)


@given(grants, grants, named)
def test_a_narrowed_grant_permits_exactly_what_both_permit(one: Grant, other: Grant, courses: frozenset[str]) -> None:
    assert one.narrowed(other).permits(courses) == (one.permits(courses) and other.permits(courses))


@given(grants, entries)
def test_an_entry_is_covered_when_all_its_courses_are(grant: Grant, entry: str) -> None:
    assert grant.covers(entry) == (Grant.of([entry]).narrowed(grant) == Grant.of([entry]))


@given(grants)
def test_a_grant_survives_its_json_forms(grant: Grant) -> None:
    assert Grant.of(grant.entries()) == grant
    assert grant_in(grant.authorization_details()) == grant


def test_only_a_grant_without_limits_covers_every_course() -> None:
    assert UNRESTRICTED.covers("*")
    assert not Grant.of(["course-v1:MITx+*"]).covers("*")


def test_no_entries_grant_nothing() -> None:
    nothing = Grant.of([])
    assert not nothing.permits(frozenset())
    assert not nothing.permits(frozenset({KEYS[0]}))


def test_a_course_is_not_read_through_its_neighbour() -> None:
    """A statement that names a covered and another course stays hidden."""
    assert not Grant.of([KEYS[0]]).permits(frozenset({KEYS[0], KEYS[1]}))


def test_an_organisation_covers_its_custom_courses() -> None:
    assert Grant.of(["course-v1:MITx+*"]).permits(frozenset({"ccx-v1:MITx+C1+a+ccx@9"}))


def test_a_course_does_not_cover_custom_courses_made_from_it() -> None:
    assert not Grant.of(["course-v1:MITx+C1+a"]).permits(frozenset({"ccx-v1:MITx+C1+a+ccx@9"}))


def test_an_organisation_is_not_a_prefix() -> None:
    assert not Grant.of(["course-v1:MIT+*"]).permits(frozenset({"course-v1:MITx+C1+a"}))


def test_courses_inside_a_covered_organisation_are_not_kept_twice() -> None:
    assert Grant.of(["course-v1:MITx+C1+a", "course-v1:MITx+*"]).entries() == ["course-v1:MITx+*"]


def test_a_star_among_courses_is_every_course() -> None:
    assert Grant.of(["course-v1:MITx+C1+a", "*"]) == UNRESTRICTED


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("course-v1:edX+Demo-X.1+2026_T1~b", "course-v1:edX+Demo-X.1+2026_T1~b"),
        ("course-v1:Zürich+Straße+2026", "course-v1:Zürich+Straße+2026"),
        ("ccx-v1:edX+DemoX+Demo_Course+ccx@1", "ccx-v1:edX+DemoX+Demo_Course+ccx@1"),
        ("https://lms.example.org/course/course-v1:edX+D+R", "course-v1:edX+D+R"),
        ("http://localhost:18000/courses/course-v1:edX+D+R/jump_to/x", "course-v1:edX+D+R"),
        ("https://lms.example.org/lms/courses/ccx-v1:edX+D+R+ccx@2?tab=a", "ccx-v1:edX+D+R+ccx@2"),
        ("https://lms.example.org/course/course-v1%3AedX%2BD%2BR", None),
        ("https://lms.example.org/course/course-v1:edX%2BD%2BR", "course-v1:edX+D+R"),
        ("course-v1:edX D R", "course-v1:edX+D+R"),
    ],
)
def test_a_key_is_found_in_a_key_and_in_the_iri_of_a_course(text: str, key: str | None) -> None:
    if key is None:
        with pytest.raises(InvalidParameter):
            course_key(text)
    else:
        assert course_key(text) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "course-v1:edX+D",
        "course-v1:edX+D+R+more",
        "course-v1:edX+D+R\n",
        "course-v1:edX++R",
        "course-v1:*+*+*",
        "course-v1:edX+*+*",
        "course-v1:*",
        "Course-v1:edX+D+R",
        "ccx-v1:edX+D+R",
        "ccx-v1:edX+*",
        "library-v1:edX+L",
        "edX/D/R",
        "**",
        "https://lms.example.org/",
        "https://lms.example.org/xblock/block-v1:edX+D+R+type@problem+block@1",
        "javascript:/course/course-v1:edX+D+R",
    ],
)
def test_what_is_no_course_is_no_entry(text: str) -> None:
    with pytest.raises(InvalidParameter, match="course"):
        parse_entry(text)


def test_a_wildcard_is_not_the_key_of_one_course() -> None:
    with pytest.raises(InvalidParameter):
        course_key("course-v1:MITx+*")


@pytest.mark.parametrize("text", ["a b", "course-v1:a  b", "course-v1:a b\n", "http://x/course/course-v1:a b"])
def test_only_a_key_with_single_blanks_is_repaired(text: str) -> None:
    assert repaired(text) == text


@pytest.mark.parametrize(
    "details",
    [
        None,
        [],
        {},
        [{"type": "xapi"}],
        [{"type": "other", "courses": ["*"]}],
        [{"type": "xapi", "courses": "*"}],
        [{"type": "xapi", "courses": [1]}],
        [{"type": "xapi", "courses": ["nonsense"]}],
        [{"type": "xapi", "courses": ["*"], "actions": ["read"]}],
        [{"type": "xapi", "courses": ["*"]}, {"type": "xapi", "courses": []}],
    ],
)
def test_authorization_details_that_are_not_understood_are_refused_rather_than_skipped(details: object) -> None:
    with pytest.raises(InvalidParameter):
        grant_in(details)
