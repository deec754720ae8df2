"""Statements, readers and drafts for tests: small, valid, and different where asked."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from lrs.auth.grants import UNRESTRICTED, Grant
from lrs.auth.principal import Principal, authority_agent
from lrs.simulation.course import COURSE_TYPE
from lrs.statements.match import Visibility
from lrs.statements.prepare import Authorship, prepare
from lrs.statements.record import Draft

LMS = "https://lms.example.com"
COURSE_A = "course-v1:Org+A+2026"
COURSE_B = "course-v1:Org+B+2026"
COURSE_C = "course-v1:Other+C+2026"
ANSWERED = "http://adlnet.gov/expapi/verbs/answered"
VOIDED = "http://adlnet.gov/expapi/verbs/voided"
EVERYONE = Visibility(UNRESTRICTED)


def agent(name: str = "ann") -> dict[str, Any]:
    return {"objectType": "Agent", "account": {"homePage": LMS, "name": name}}


def course_activity(key: str) -> dict[str, Any]:
    return {"objectType": "Activity", "id": f"{LMS}/course/{key}", "definition": {"type": COURSE_TYPE}}


def statement(
    *,
    course: str | None = COURSE_A,
    learner: str = "ann",
    verb: str = ANSWERED,
    block: str = "b1",
    statement_id: str | None = None,
    **members: Any,
) -> dict[str, Any]:
    """What a learner did with a block, in ``course`` when one is given; ``members`` are added or replace."""
    made: dict[str, Any] = {
        "id": statement_id or str(uuid4()),
        "actor": agent(learner),
        "verb": {"id": verb, "display": {"en": verb.rsplit("/", 1)[-1]}},
        "object": {"objectType": "Activity", "id": f"{LMS}/xblock/{block}"},
        "timestamp": "2026-11-22T10:00:00.000Z",
    }
    if course is not None:
        made["context"] = {"contextActivities": {"parent": [course_activity(course)]}}
    return made | members


def voiding(target: str, **members: Any) -> dict[str, Any]:
    return statement(
        course=None, verb=VOIDED, learner="admin", object={"objectType": "StatementRef", "id": target}, **members
    )


def principal(
    name: str = "lms", *, number: int = 1, scopes: tuple[str, ...] = ("all",), courses: tuple[str, ...] | None = None
) -> Principal:
    return Principal(
        consumer_id=number,
        consumer=name,
        credential=f"key:{name}",
        scopes=frozenset(scopes),
        grant=UNRESTRICTED if courses is None else Grant.of(courses),
        expires_at_us=None,
        authority=authority_agent(name, "http://localhost:8080"),
    )


def sees(*courses: str) -> Visibility:
    return Visibility(Grant.of(courses))


def draft(made: dict[str, Any], author: Principal | None = None, *, new_id: UUID | None = None) -> Draft:
    return prepare(dict(made), Authorship.of(author or principal()), version="1.0.3", new_id=lambda: new_id or uuid4())
