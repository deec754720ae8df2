"""What the key index holds, and what it is asked for."""

from __future__ import annotations

import pytest

from lrs.statements.sqlite.inherit import keys_text
from lrs.statements.sqlite.terms import Group, expression, index_terms, index_text, paired, sides
from tests.samples import COURSE_A, LMS

COURSE = f"{LMS}/course/{COURSE_A}"
NAMES = {1: "a1", 2: "v2", 3: "a3", 4: "kc", 5: "v5", 6: "r1", 7: "g", 8: f"o{COURSE}", 9: f"c{COURSE}", 10: "oblock"}
NUMBERS = {name: number for number, name in NAMES.items()}
SIDES = sides(NUMBERS.items())


def groups(*members: str) -> list[Group]:
    """Of members written as names with spaces between."""
    return paired([(frozenset(one.split()), [NUMBERS[name] for name in one.split()]) for one in members])


@pytest.mark.parametrize(
    ("numbers", "pairs"),
    [
        ([], ""),
        ([4, 6], ""),
        ([1, 4], ""),
        ([2, 4, 6, 7, 10], ""),
        ([1, 2], "1x2"),
        ([1, 2, 3, 5], "1x2 1x5 3x2 3x5"),
        ([2, 8, 10], "8x2"),
        ([1, 2, 8, 9], "1x2 8x2 9x2"),
    ],
)
def test_a_record_has_its_keys_and_each_verb_with_each_agent_and_course(numbers: list[int], pairs: str) -> None:
    terms = {*map(str, numbers), *pairs.split()}
    assert {*index_terms(numbers, SIDES)} == terms
    text = index_text(keys_text(numbers), numbers, SIDES)
    assert {*text.replace(",", " ").replace("[", " ").replace("]", " ").split()} == terms


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ([], []),
        (["a1"], [(1,)]),
        (["a1", "kc"], [(1,), (4,)]),
        (["a1", "v2"], [("1x2",)]),
        (["a1", "kc", "v2"], [("1x2",), (4,)]),
        (["g", "a1", "v2"], [("1x2",), (7,)]),
        (["a1 a3", "v2 v5"], [("1x2", "1x5", "3x2", "3x5")]),
        ([f"o{COURSE} c{COURSE}", "v2"], [("8x2", "9x2")]),
        ([f"c{COURSE}", "kc", "v2"], [("9x2",), (4,)]),
        ([f"o{COURSE} c{COURSE}", "a1", "v2"], [("1x2",), (8, 9)]),
        (["oblock", "v2"], [(10,), (2,)]),
    ],
)
def test_an_agent_or_a_course_with_a_verb_is_asked_for_as_a_pair(members: list[str], found: list[Group]) -> None:
    assert groups(*members) == found


def test_who_may_be_related_in_another_way_is_in_no_pair() -> None:
    assert groups("a1 r1", "v2") == [(1, 6), (2,)]


def test_of_several_groups_of_verbs_the_shortest_is_paired() -> None:
    assert groups("a1", "v2 v5", "v5") == [("1x5",), (2, 5)]
    assert groups("a1", "v5", "v2 v5") == [("1x5",), (2, 5)]


@pytest.mark.parametrize(("agents", "found"), [(16, 1), (17, 2)])
def test_only_so_many_pairs_are_asked_for(agents: int, found: int) -> None:
    names = {f"a{number}": number for number in range(agents)}
    assert len(paired([(frozenset(names), [*names.values()]), (frozenset({"v1", "v2"}), [98, 99])])) == found


def test_a_term_out_of_each_group_is_asked_for() -> None:
    assert expression([(1, 3), ("1x2",)]) == "(1 OR 3) AND (1x2)"
