"""A course as Open edX builds one: blocks in order, each with its IRI and its key in the course."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

COURSE_TYPE = "http://adlnet.gov/expapi/activities/course"
VIDEO_TYPE = "https://w3id.org/xapi/video/activity-type/video"
PROBLEM_TYPE = "http://adlnet.gov/expapi/activities/cmi.interaction"
RESOURCE_TYPE = "http://id.tincanapi.com/activitytype/resource"


@dataclass(frozen=True, slots=True)
class Block:
    """One thing to do in a course. ``kind`` is Open edX's block type: sequential, video or problem."""

    kind: str
    name: str
    iri: str
    length_s: int = 0

    def activity(self) -> dict[str, Any]:
        """The xAPI Activity of this block."""
        types = {"sequential": RESOURCE_TYPE, "video": VIDEO_TYPE, "problem": PROBLEM_TYPE}
        definition: dict[str, Any] = {"type": types[self.kind], "name": {"en": self.name}}
        if self.kind == "problem":
            definition["interactionType"] = "other"
        return {"objectType": "Activity", "id": self.iri, "definition": definition}


@dataclass(frozen=True, slots=True)
class Course:
    """A course with its key (``course-v1:Org+Course+Run``), the platform it runs on, and its blocks in order."""

    key: str
    name: str
    platform: str
    blocks: tuple[Block, ...]

    def activity(self) -> dict[str, Any]:
        """The xAPI Activity of the course, typed so that readers can find it among others."""
        return {
            "objectType": "Activity",
            "id": f"{self.platform}/course/{self.key}",
            "definition": {"type": COURSE_TYPE, "name": {"en-US": self.name}},
        }


def make_course(
    key: str = "course-v1:DemoX+Botany+2026",
    *,
    name: str = "Botany for the curious",
    platform: str = "https://lms.example.com",
    lessons: int = 4,
) -> Course:
    """A course of so many lessons; each is a sequence with one video and two problems."""
    family = key.removeprefix("course-v1:")

    def block(kind: str, title: str, length_s: int = 0) -> Block:
        digest = uuid5(NAMESPACE_URL, f"{key}/{kind}/{title}").hex
        return Block(kind, title, f"{platform}/xblock/block-v1:{family}+type@{kind}+block@{digest}", length_s)

    blocks: list[Block] = []
    for number in range(1, lessons + 1):
        blocks += [
            block("sequential", f"Lesson {number}"),
            block("video", f"Video {number}", 60 + 45 * number),
            block("problem", f"Problem {number}a"),
            block("problem", f"Problem {number}b"),
        ]
    return Course(key, name, platform, tuple(blocks))
