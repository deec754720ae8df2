"""What a whole platform sends: Open edX's verbs in its proportions, 0.7 to 1.8 kB each, as its client writes JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from lrs.simulation.course import Block, Course, make_course
from lrs.simulation.learners import Learner, Step, make_learners, tell


class Kind(NamedTuple):
    """One kind of statement: verb of the simulation, kind of block that it is about, and how many of 1,000 it is."""

    verb: str
    block: str
    weight: int


KINDS = (
    Kind("earned", "course", 200),
    Kind("played", "video", 140),
    Kind("navigated", "sequential", 125),
    Kind("attempted", "problem", 99),
    Kind("evaluated", "problem", 95),
    Kind("paused", "video", 89),
    Kind("initialized", "video", 71),
    Kind("completed", "video", 51),
    Kind("seeked", "video", 51),
    Kind("terminated", "video", 37),
    Kind("asked", "problem", 14),
    Kind("registered", "course", 11),
)
"""Grades, then videos and problems; the few that are missing in 1,000 are of rarer kinds."""

COURSES_OF_A_LEARNER = 2
LAUNCHED_EVERY = 10
"""Open edX names no registration; one learner in so many comes by a launch that does."""

_FURTHER_VERBS = {
    "seeked": "https://w3id.org/xapi/video/verbs/seeked",
    "terminated": "http://adlnet.gov/expapi/verbs/terminated",
    "asked": "http://adlnet.gov/expapi/verbs/asked",
}
_QUESTION = "Which of these would you expect to find in a leaf that has grown without any light, and why? "
_BEGAN_US = 1_790_000_000_000_000
_SEED_US = 100_000_000


def make_courses(count: int) -> list[Course]:
    """So many courses of 16 blocks; the questions in them are of different length."""
    return [_with_questions(make_course(course_key(number), lessons=4)) for number in range(count)]


def course_key(number: int) -> str:
    """The key of the course with this number, from 0; the first is the most popular."""
    return f"course-v1:DemoX+Botany{number}+2026"


def statements(
    count: int, *, seed: int, courses: int = 20, learners: int = 2_000, began_us: int | None = None
) -> Iterator[dict[str, Any]]:
    """``count`` statements with ids of their own, the same for the same ``seed``; a few courses are popular.

    Each seed has a time of its own, so that no two make the same statement; ``began_us`` (microseconds since 1970)
    gives the first one's instead. Each is a microsecond after the one before.
    """
    chance = Random(seed)  # noqa: S311 - a simulation must be repeatable.
    taught = make_courses(courses)
    people = make_learners(learners, Random(0))  # noqa: S311
    enrolled = _enrolments(taught, learners, Random(0))  # noqa: S311
    began_us = _BEGAN_US + seed * _SEED_US if began_us is None else began_us
    weights = [kind.weight for kind in KINDS]
    for number, kind in enumerate(chance.choices(KINDS, weights, k=count)):
        who = chance.randrange(learners)
        course = chance.choice(enrolled[who])
        yield _statement(chance, course, people[who], kind, began_us + number, launched=who % LAUNCHED_EVERY == 0)


def wire(statement: dict[str, Any]) -> bytes:
    """The statement as Open edX's client puts it into a request."""
    return json.dumps(statement).encode()


def _enrolments(courses: Sequence[Course], learners: int, chance: Random) -> list[list[Course]]:
    """The courses of each learner; a quarter of the courses has most of them."""
    last = len(courses) - 1
    return [
        [courses[min(int(chance.expovariate(4 / len(courses))), last)] for _ in range(COURSES_OF_A_LEARNER)]
        for _ in range(learners)
    ]


def _statement(
    chance: Random, course: Course, learner: Learner, kind: Kind, at_us: int, *, launched: bool
) -> dict[str, Any]:
    blocks = [block for block in course.blocks if block.kind == kind.block]
    about = chance.choice(blocks).activity() if blocks else course.activity()
    told_as = "paused" if kind.verb in _FURTHER_VERBS else kind.verb
    statement = tell(course, learner, Step(told_as, about, _result(chance, kind.verb)), at_us)
    if kind.verb in _FURTHER_VERBS:
        statement["verb"] = {"id": _FURTHER_VERBS[kind.verb], "display": {"en": kind.verb}}
    if launched:
        statement["context"]["registration"] = str(uuid5(NAMESPACE_URL, f"{learner.account}/{course.key}"))
    return statement


def _result(chance: Random, verb: str) -> dict[str, Any] | None:
    if verb in ("evaluated", "earned"):
        raw = round(chance.random(), 4)
        return {"score": {"scaled": raw, "raw": raw, "min": 0.0, "max": 1.0}, "success": raw > 0.5}
    if verb in ("played", "paused", "seeked", "terminated"):
        return {"extensions": {"https://w3id.org/xapi/video/extensions/time": round(chance.uniform(0, 600), 3)}}
    return None


def _with_questions(course: Course) -> Course:
    def named(number: int, block: Block) -> Block:
        return replace(block, name=_QUESTION * (1 + number % 7)) if block.kind == "problem" else block

    return replace(course, blocks=tuple(named(number, block) for number, block in enumerate(course.blocks)))
