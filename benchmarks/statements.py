"""Statements as Open edX sends them: its verbs in its proportions, 0.7 to 1.8 kB each, as its client writes JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

from lrs.simulation.course import Block, Course, make_course
from lrs.simulation.learners import Step, make_learners, tell

# What out of 1,000 statements learners do: (verb of the simulation, block that it is about, how often).
_MIX = (
    ("earned", "course", 200),
    ("played", "video", 142),
    ("navigated", "sequential", 127),
    ("attempted", "problem", 101),
    ("evaluated", "problem", 97),
    ("paused", "video", 90),
    ("initialized", "video", 72),
    ("completed", "video", 52),
    ("seeked", "video", 52),
    ("terminated", "video", 38),
    ("asked", "problem", 14),
    ("registered", "course", 15),
)
_FURTHER_VERBS = {
    "seeked": "https://w3id.org/xapi/video/verbs/seeked",
    "terminated": "http://adlnet.gov/expapi/verbs/terminated",
    "asked": "http://adlnet.gov/expapi/verbs/asked",
}
_QUESTION = "Which of these would you expect to find in a leaf that has grown without any light, and why? "
_BEGAN_US = 1_790_000_000_000_000


def make_courses(count: int) -> list[Course]:
    """So many courses of 16 blocks; the questions in them are of different length."""
    return [_with_questions(make_course(f"course-v1:DemoX+Botany{n}+2026", lessons=4)) for n in range(count)]


def statements(count: int, *, seed: int, courses: int = 20, learners: int = 2_000) -> Iterator[dict[str, Any]]:
    """``count`` statements with ids of their own, the same for the same ``seed``; a few courses are popular."""
    chance = Random(seed)
    taught = make_courses(courses)
    people = make_learners(learners, Random(0))
    weights = [weight for _, _, weight in _MIX]
    for number, (verb, kind, _) in enumerate(chance.choices(_MIX, weights, k=count)):
        course = taught[min(int(chance.expovariate(4 / courses)), courses - 1)]
        # Each seed has a hundred seconds of its own, so that no two runs make the same statement.
        step = _step(chance, course, verb, kind)
        statement = tell(course, chance.choice(people), step, _BEGAN_US + seed * 100_000_000 + number)
        if verb in _FURTHER_VERBS:
            statement["verb"] = {"id": _FURTHER_VERBS[verb], "display": {"en": verb}}
        yield statement


def wire(statement: dict[str, Any]) -> bytes:
    """The statement as Open edX's client puts it into a request."""
    return json.dumps(statement).encode()


def _step(chance: Random, course: Course, verb: str, kind: str) -> Step:
    """A step with ``verb`` about a block of that kind, or about the course itself."""
    blocks = [block for block in course.blocks if block.kind == kind]
    about = chance.choice(blocks).activity() if blocks else course.activity()
    return Step("paused" if verb in _FURTHER_VERBS else verb, about, _result(chance, verb))


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
