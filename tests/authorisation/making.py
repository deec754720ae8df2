"""Statements at random, each together with what is true of it."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from uuid import UUID

from tests.authorisation.stated import COURSES, CUSTOM, FOREIGN, Stated

LMS = "https://lms.example.com"
SITES = {"lms": LMS, "other": "https://other.example.com"}
OTHERS = frozenset({"cleo"})  # the learners of the other site
TYPE = "http://adlnet.gov/expapi/activities/"
PROBLEM_TYPE = f"{TYPE}cmi.interaction"
COURSE_TYPE = "http://adlnet.gov/expapi/activities/course"
VOIDED = "http://adlnet.gov/expapi/verbs/voided"
VERBS = tuple(f"https://example.com/verbs/{name}" for name in ("answered", "watched", "asked"))
LEARNERS = ("ann", "bob", "cleo")
REGISTRATIONS = tuple(str(UUID(int=number)) for number in (1, 2))
UNKNOWN = str(UUID(int=3))
PLACES = ("parent", "grouping", "category", "other")

KINDS = ("activity",) * 4 + ("agent", "group", "substatement", "reference", "reference", "void")

# The first ones are always the same: one voided before it comes, one after.
FIRST = {0: ("void", 1), 1: ("activity", 1), 2: ("activity", 2), 3: ("void", 2)}

Json = dict[str, Any]


def agent(name: str, number: int | None = None) -> Json:
    """The Agent of a learner; with ``number``, called so that its name tells the statement that it stood in."""
    called = {} if number is None else {"name": f"{name} {number}"}
    return {"objectType": "Agent", "account": {"homePage": SITES[site(name)], "name": name}} | called


def site(name: str) -> str:
    """The site of a learner, by its name in SITES."""
    return "other" if name in OTHERS else "lms"


def seen_in(number: int) -> str:
    """The extension by which a definition tells the statement that it stood in."""
    return f"https://example.com/seen-in/{number}"


def block(key: str, number: int) -> str:
    """An IRI of something inside a course."""
    if key == CUSTOM:
        return f"{LMS}/xblock/ccx-block-v1:{key.removeprefix('ccx-v1:')}+type@problem+block@{number}"
    return f"{LMS}/xblock/block-v1:{key.removeprefix('course-v1:')}+type@problem+block@{number}"


@dataclass
class _Facts:
    """What is said while a statement is put together. A typed course counts before any key inside another IRI."""

    typed: set[str] = field(default_factory=set)
    pointed: set[str] = field(default_factory=set)
    named: set[tuple[str, str]] = field(default_factory=set)
    found_by: set[tuple[str, str]] = field(default_factory=set)


class Maker:
    """Makes ``count`` statements that refer to each other in both directions of time."""

    def __init__(self, seed: int, count: int) -> None:
        self.chance = random.Random(seed)
        self.ids = [str(UUID(int=self.chance.getrandbits(128), version=4)) for _ in range(count)]

    def all(self) -> list[Stated]:
        return [self.one(number) for number in range(len(self.ids))]

    def one(self, number: int) -> Stated:
        """The statement with this number."""
        facts = _Facts()
        kind = FIRST[number][0] if number in FIRST else self.chance.choice(KINDS)
        actor = self._actor(number, facts, "agent")
        facts.named |= self._sites(actor)
        body: Json = {"id": self.ids[number], "actor": actor}
        body |= {"verb": {"id": self._verb(facts, void=kind == "void")}, "timestamp": "2026-11-22T10:00:00.000Z"}
        refers_to = self._target(number) if kind in ("reference", "void") else None
        if refers_to is not None:
            body["object"] = {"objectType": "StatementRef", "id": refers_to}
        elif kind == "activity":
            body["object"] = self._activity(number, facts, "activity")
        elif kind == "substatement":
            body["object"] = self._substatement(number, facts)
        else:
            body["object"] = self._actor(number, facts, "agent", kind)
        if kind != "void" or self._sometimes():
            body["context"] = self._context(number, facts, direct=True)
        data = self._attach(number, body)
        facts.found_by |= {("course", one) for one in facts.typed or facts.pointed}
        facts.found_by |= {("related_agents", value) for name, value in facts.found_by if name == "agent"}
        facts.found_by |= {("related_activities", value) for name, value in facts.found_by if name == "activity"}
        return Stated(
            number, body, frozenset(facts.typed or facts.pointed), frozenset(facts.named), frozenset(facts.found_by),
            refers_to, kind == "void", data,
        )  # fmt: skip

    def _sites(self, actor: Json) -> set[tuple[str, str]]:
        """Where the actor itself has its account."""
        if "account" not in actor:
            return set()
        return {("sites", name) for name, page in SITES.items() if page == actor["account"]["homePage"]}

    def _sometimes(self, chance: float = 0.3) -> bool:
        return self.chance.random() < chance

    def _target(self, number: int) -> str:
        """A statement nearby, stored before or after, or never."""
        if number in FIRST:
            return self.ids[FIRST[number][1]]
        if self._sometimes(0.05):
            return UNKNOWN
        low, high = max(0, number - 10), min(len(self.ids), number + 10)
        return self.ids[self.chance.randrange(low, high)]

    def _verb(self, facts: _Facts, *, void: bool) -> str:
        verb = VOIDED if void else self.chance.choice(VERBS)
        facts.found_by.add(("verb", verb))
        facts.named.add(("verbs", verb.rpartition("/")[2]))
        return verb

    def _actor(self, number: int, facts: _Facts, parameter: str, kind: str = "agent") -> Json:
        """An Agent or Group that queries by ``parameter`` find."""
        learner = self.chance.choice(LEARNERS)
        facts.found_by.add((parameter, learner))
        if parameter == "agent":
            facts.named.add(("actors", learner))
        if kind == "agent":
            return agent(learner, number)
        named = {"account": {"homePage": LMS, "name": "team"}} if self._sometimes() else {}
        if named:
            facts.found_by.add((parameter, "team"))
            if parameter == "agent":
                facts.named.add(("actors", "team"))
        return {"objectType": "Group", "member": [agent(learner, number)]} | named

    def _activity(self, number: int, facts: _Facts, parameter: str) -> Json:
        """An Activity in one of the ways in which platforms name courses, or outside of all of them."""
        key = self.chance.choice((*COURSES, None))
        definition: Json = {"extensions": {seen_in(number): True}, "name": {"en": "a", "fr": "b"}}
        way = "typed" if key == FOREIGN else self.chance.choice(("typed", "plain", "block", "encoded"))
        if key is None:
            iri = f"{LMS}/xblock/anywhere"
        elif way == "typed":
            iri = FOREIGN if key == FOREIGN else f"{LMS}/course/{key}"
            definition["type"] = COURSE_TYPE
            facts.typed.add(key)
        else:
            shapes = {"plain": f"{LMS}/courses/{key}", "encoded": f"{LMS}/courses/{quote(key, safe='')}/jump"}
            iri = shapes.get(way) or block(key, self.chance.randint(1, 2))
            facts.pointed.add(key)
        if "type" not in definition and self._sometimes():
            definition["type"] = PROBLEM_TYPE
        if parameter == "activity" and "type" in definition:
            facts.named.add(("activity_types", definition["type"].removeprefix(TYPE)))
        facts.found_by.add((parameter, iri))
        return {"objectType": "Activity", "id": iri, "definition": definition}

    def _context(self, number: int, facts: _Facts, *, direct: bool) -> Json:
        """``direct``: it is that of the statement itself, whose registration counts."""
        made: Json = {}
        listed: dict[str, Any] = {}
        for place in PLACES:
            if self._sometimes():
                count = self.chance.choice((1, 1, 2))
                found = [self._activity(number, facts, "related_activities") for _ in range(count)]
                listed[place] = found[0] if len(found) == 1 and self._sometimes() else found
        if listed:
            made["contextActivities"] = listed
        if self._sometimes():
            made["registration"] = self.chance.choice(REGISTRATIONS)
            if direct:
                facts.found_by.add(("registration", made["registration"]))
        if self._sometimes():
            made["instructor"] = self._actor(number, facts, "related_agents")
        if self._sometimes():
            made["team"] = self._actor(number, facts, "related_agents", "group")
        if self._sometimes():
            # It is context and no more: neither courses nor keys come from there.
            made["statement"] = {"objectType": "StatementRef", "id": self.chance.choice(self.ids)}
        return made

    def _substatement(self, number: int, facts: _Facts) -> Json:
        """Its parts are related to the statement; its verb is not. What it refers to does not count."""
        made: Json = {"objectType": "SubStatement", "actor": self._actor(number, facts, "related_agents")}
        made["verb"] = {"id": self.chance.choice(VERBS)}
        match self.chance.choice(("activity", "activity", "agent", "reference")):
            case "activity":
                made["object"] = self._activity(number, facts, "related_activities")
            case "agent":
                made["object"] = self._actor(number, facts, "related_agents")
            case _:
                made["object"] = {"objectType": "StatementRef", "id": self.chance.choice(self.ids)}
        return made | {"context": self._context(number, facts, direct=False)}

    def _attach(self, number: int, body: Json) -> bytes | None:
        """Data for the statement, now and then; two statements may share it."""
        if not self._sometimes(0.2):
            return None
        data = f"data {number // 3}".encode()
        body["attachments"] = [
            {
                "usageType": "https://example.com/usage/essay",
                "display": {"en": "essay"},
                "contentType": "text/plain",
                "length": len(data),
                "sha2": hashlib.sha256(data).hexdigest(),
            }
        ]
        return data
