"""What a platform sends has Open edX's proportions and sizes."""

from __future__ import annotations

from collections import Counter

import pytest

from lrs.simulation.mix import KINDS, LAUNCHED_EVERY, make_courses, statements, wire
from lrs.xapi.validate import validator


def test_each_verb_has_its_share() -> None:
    made = Counter(one["verb"]["id"] for one in statements(20_000, seed=1))
    total = sum(kind.weight for kind in KINDS)
    shares = {verb.rpartition("/")[2]: count / 20_000 for verb, count in made.items()}
    assert len(shares) == len(KINDS)
    for kind in KINDS:
        assert shares[kind.verb] == pytest.approx(kind.weight / total, abs=0.01), kind


def test_the_weights_are_those_of_open_edx() -> None:
    """In thousandths: the few that are missing are of rarer kinds."""
    assert {kind.verb: kind.weight for kind in KINDS} == {
        "played": 140, "navigated": 125, "attempted": 99, "evaluated": 95, "paused": 89, "initialized": 71,
        "completed": 51, "seeked": 51, "terminated": 37, "earned": 200, "asked": 14, "registered": 11,
    }  # fmt: skip


def test_sizes_are_those_of_open_edx() -> None:
    sizes = [len(wire(one)) for one in statements(2_000, seed=2)]
    assert min(sizes) >= 700
    assert max(sizes) <= 1_900
    assert 1_000 < sum(sizes) / len(sizes) < 1_200


def test_every_statement_is_valid() -> None:
    check = validator("1.0.3").check
    for one in statements(300, seed=3):
        check(one)


def test_no_two_seeds_make_the_same_statement() -> None:
    ids = [one["id"] for seed in range(5) for one in statements(500, seed=seed)]
    assert len(set(ids)) == len(ids)


def test_the_same_seed_makes_the_same_statements() -> None:
    assert list(statements(50, seed=4)) == list(statements(50, seed=4))


def test_the_first_one_was_made_when_it_is_said() -> None:
    first = next(statements(1, seed=1, began_us=1_800_000_000_000_000))
    assert first["timestamp"] == "2027-01-15T08:00:00.000000+00:00"


def test_a_learner_takes_few_courses() -> None:
    courses: dict[str, set[str]] = {}
    for one in statements(3_000, seed=5, learners=50):
        parents = one["context"].get("contextActivities", {}).get("parent", [one["object"]])
        courses.setdefault(one["actor"]["account"]["name"], set()).add(parents[0]["id"])
    assert max(map(len, courses.values())) == 2


def test_some_learners_come_with_a_registration() -> None:
    """One registration for each course of such a learner."""
    named = {
        (one["actor"]["account"]["name"], one["context"]["registration"])
        for one in statements(5_000, seed=6, learners=50)
        if "registration" in one["context"]
    }
    assert len({who for who, _ in named}) == 50 / LAUNCHED_EVERY
    assert len({registration for _, registration in named}) == len(named)


def test_a_few_courses_are_popular() -> None:
    ids = [course.activity()["id"].encode() for course in make_courses(20)]
    named = Counter(name for one in statements(5_000, seed=7) for name in ids if name + b'"' in wire(one))
    assert named[ids[0]] > 5 * max(named[ids[15]], 1)
