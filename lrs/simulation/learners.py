"""Learners who work through a course, each at a pace and with a skill of their own, and what they say on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from lrs.simulation.course import Block, Course

_VERBS = {
    "registered": "http://adlnet.gov/expapi/verbs/registered",
    "navigated": "https://w3id.org/xapi/dod-isd/verbs/navigated",
    "initialized": "http://adlnet.gov/expapi/verbs/initialized",
    "played": "https://w3id.org/xapi/video/verbs/played",
    "paused": "https://w3id.org/xapi/video/verbs/paused",
    "completed": "http://adlnet.gov/expapi/verbs/completed",
    "attempted": "http://adlnet.gov/expapi/verbs/attempted",
    "evaluated": "https://w3id.org/xapi/acrossx/verbs/evaluated",
    "earned": "http://id.tincanapi.com/verb/earned",
    "passed": "http://adlnet.gov/expapi/verbs/passed",
}
_VIDEO = "https://w3id.org/xapi/video/extensions"
_OPEN_EDX = "https://w3id.org/xapi/openedx"
_GIVEN_NAMES = (
    "Ada",
    "Alan",
    "Emmy",
    "Grace",
    "Ida",
    "Jane",
    "Karl",
    "Lise",
    "Mary",
    "Noor",
    "Omar",
    "Rosa",
    "Sofia",
    "Wangari",
)


@dataclass(frozen=True, slots=True)
class Learner:
    """One person. ``name`` is for people who watch; the statements carry ``account`` only, as Open edX sends it."""

    name: str
    account: UUID
    skill: float


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a learner did: the verb's name, the object's Activity, and the Result if there is one."""

    verb: str
    about: dict[str, Any]
    result: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """A step told as a statement. ``story`` is the same in words."""

    learner: Learner
    story: str
    statement: dict[str, Any]


def make_learners(count: int, random: Random) -> list[Learner]:
    """So many learners, with skills between one half and almost one."""
    return [
        Learner(
            name=_GIVEN_NAMES[number % len(_GIVEN_NAMES)] + (f" {number}" if number >= len(_GIVEN_NAMES) else ""),
            account=UUID(int=random.getrandbits(128), version=4),
            skill=random.uniform(0.5, 0.95),
        )
        for number in range(count)
    ]


def journey(course: Course, learner: Learner, random: Random) -> Iterator[Step]:
    """What one learner does in the course, from enrolment to the last grade."""
    points = possible = 0.0
    yield Step("registered", course.activity())
    for block in course.blocks:
        if block.kind == "sequential":
            yield Step("navigated", block.activity())
        elif block.kind == "video":
            yield from _watch(block, random)
        else:
            for step in _solve(block, learner, random):
                yield step
                if step.verb == "evaluated" and step.result is not None:
                    points += step.result["score"]["raw"] if step.result["success"] else 0
            possible += 1
    grade = points / max(possible, 1)
    yield Step("earned", course.activity(), {"score": _score(round(grade, 4), 1.0), "completion": True})
    if grade >= 0.6:
        yield Step("passed", course.activity())


def _watch(block: Block, random: Random) -> Iterator[Step]:
    about, at_s = block.activity(), 0.0
    yield Step("initialized", about)
    while at_s < block.length_s:
        yield Step("played", about, {"extensions": {f"{_VIDEO}/time": round(at_s, 3)}})
        at_s += random.uniform(0.3, 1.2) * block.length_s
        if at_s < block.length_s:
            yield Step("paused", about, {"extensions": {f"{_VIDEO}/time": round(at_s, 3)}})
    duration = f"PT{block.length_s // 60:02}M{block.length_s % 60:02}S"
    yield Step("completed", about, {"completion": True, "duration": duration})


def _solve(block: Block, learner: Learner, random: Random) -> Iterator[Step]:
    """At most three attempts, of which the last is taken as it is."""
    for _ in range(3):
        yield Step("attempted", block.activity())
        right = random.random() < learner.skill
        response = json.dumps([random.choice("abcd")])
        yield Step(
            "evaluated",
            block.activity(),
            {"score": _score(float(right), 1.0), "success": right} | {"response": response},
        )
        if right:
            return


def _score(raw: float, maximum: float) -> dict[str, float]:
    return {"scaled": raw / maximum, "raw": raw, "min": 0.0, "max": maximum}


def tell(course: Course, learner: Learner, step: Step, at_us: int) -> dict[str, Any]:
    """The Statement of a step made at ``at_us`` (microseconds since 1970, UTC).

    Its id is a UUID of version 5 over actor, verb, object and time, so the same step told twice is one statement.
    """
    verb = {"id": _VERBS[step.verb], "display": {"en": step.verb}}
    timestamp = datetime.fromtimestamp(at_us // 1_000_000, UTC).replace(microsecond=at_us % 1_000_000)
    name = f"{learner.account}/{verb['id']}/{step.about['id']}/{at_us}"
    context: dict[str, Any] = {
        "extensions": {
            f"{_OPEN_EDX}/extension/transformer-version": "lrs-lite@demo",
            f"{_OPEN_EDX}/extensions/session-id": learner.account.hex,
        }
    }
    if step.about["id"] != course.activity()["id"]:
        context["contextActivities"] = {"parent": [course.activity()]}
    return {
        "id": str(uuid5(NAMESPACE_URL, name)),
        "actor": {
            "objectType": "Agent",
            "account": {"homePage": course.platform, "name": str(learner.account)},
        },
        "verb": verb,
        "object": step.about,
        **({"result": step.result} if step.result is not None else {}),
        "context": context,
        "timestamp": timestamp.isoformat(timespec="microseconds"),
        "version": "1.0.3",
    }


class Classroom:
    """Learners at work at the same time. Endless: who has finished takes the course once more."""

    def __init__(self, course: Course, *, learners: int, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - a simulation must be repeatable.
        self.course = course
        self.learners = make_learners(learners, self._random)
        self._journeys = [journey(course, learner, self._random) for learner in self.learners]

    def next_event(self, at_us: int) -> Event:
        """What happens next, at ``at_us``: one step of one learner, whose turn it is by chance."""
        number = self._random.randrange(len(self.learners))
        learner = self.learners[number]
        step = next(self._journeys[number], None)
        if step is None:
            self._journeys[number] = journey(self.course, learner, self._random)
            step = next(self._journeys[number])
        story = f"{learner.name} {step.verb} {next(iter(step.about['definition']['name'].values()))}"
        return Event(learner, story, tell(self.course, learner, step, at_us))
