"""The simulated learners tell a story that holds together, and the same one for the same seed."""

from __future__ import annotations

from random import Random
from typing import Any

from lrs.simulation.course import COURSE_TYPE, make_course
from lrs.simulation.learners import Classroom, journey, make_learners

NOON_US = 1_790_000_000_000_000


def statements(count: int, *, seed: int = 1) -> list[dict[str, Any]]:
    classroom = Classroom(make_course(), learners=5, seed=seed)
    return [classroom.next_event(NOON_US + turn * 1000).statement for turn in range(count)]


def test_the_same_seed_gives_the_same_statements() -> None:
    assert statements(200, seed=7) == statements(200, seed=7)
    assert statements(200, seed=7) != statements(200, seed=8)


def test_ids_are_unique() -> None:
    ids = [statement["id"] for statement in statements(1000)]
    assert len(set(ids)) == len(ids)


def test_every_statement_names_its_course_by_type() -> None:
    for statement in statements(500):
        parents = statement["context"].get("contextActivities", {}).get("parent", [])
        found = [a["id"] for a in [statement["object"], *parents] if a["definition"]["type"] == COURSE_TYPE]
        assert found == ["https://lms.example.com/course/course-v1:DemoX+Botany+2026"]


def test_a_timestamp_is_the_moment_that_was_handed_in() -> None:
    assert statements(2)[1]["timestamp"] == "2026-09-21T14:13:20.001000+00:00"


def test_a_journey_starts_with_enrolment_and_ends_with_a_grade() -> None:
    random = Random(3)
    (learner,) = make_learners(1, random)
    verbs = [step.verb for step in journey(make_course(), learner, random)]
    assert verbs[0] == "registered"
    assert next(verb for verb in verbs if verb in {"earned", "passed"}) == "earned"
    assert verbs[-1] in {"earned", "passed"}


def test_a_problem_is_evaluated_right_after_each_attempt() -> None:
    random = Random(4)
    (learner,) = make_learners(1, random)
    verbs = [step.verb for step in journey(make_course(), learner, random)]
    for index, verb in enumerate(verbs):
        assert (verb == "attempted") == (index + 1 < len(verbs) and verbs[index + 1] == "evaluated")


def test_whoever_has_finished_takes_the_course_again() -> None:
    classroom = Classroom(make_course(lessons=1), learners=1, seed=1)
    stories = [classroom.next_event(NOON_US + turn).story for turn in range(200)]
    assert stories.count("Ada registered Botany for the curious") > 1
