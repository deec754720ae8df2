"""Learners, and statements at random that name them and repeat what identifies them anywhere."""

from __future__ import annotations

import hashlib
import random
from typing import Any, NamedTuple
from urllib.parse import quote, unquote
from uuid import UUID

import orjson

LMS = "https://lms.example.com"
COURSE = "course-v1:Org+C+2026"
VERBS = tuple(f"https://example.com/verbs/{name}" for name in ("answered", "watched"))

Json = dict[str, Any]


class Learner(NamedTuple):
    """``agent``: the identifier, as an Agent has it; ``name``: of the human; ``told``: texts that identify it."""

    agent: Json
    name: str
    told: tuple[str, ...]


def learners(chance: random.Random) -> list[Learner]:
    """One with each kind of identifier, which no other text holds by chance; one is known by two."""
    made = []
    for kind in ("mbox", "mbox_sha1sum", "openid", "account", "uuid", "number"):
        word = "".join(chance.choices("bcdfghjkqvwxz", k=9))
        address = f"{word}.{chance.choice('xyz')}+q@mail.example.org"
        digest = hashlib.sha1(f"mailto:{address}".encode()).hexdigest()
        name = f"{word.title()}a Z{word[:4]}"
        agent: Json
        told: tuple[str, ...]
        match kind:
            case "mbox":
                agent, told = {"mbox": f"mailto:{address}"}, (address, digest)
            case "mbox_sha1sum":
                agent, told = {"mbox_sha1sum": digest}, (digest,)
            case "openid":
                agent, told = {"openid": f"https://{word}.example.org/me"}, (f"{word}.example.org/me",)
            case "account":
                account = f"{word} é{word[:3]}"
                agent, told = {"account": {"homePage": LMS, "name": account}}, (account,)
            case "uuid":
                account = str(UUID(int=chance.getrandbits(128), version=4))
                agent, told = {"account": {"homePage": LMS, "name": account}}, (account,)
            case _:
                number = str(chance.randrange(10**7, 10**8))
                agent, told = {"account": {"homePage": LMS, "name": number}}, (number,)
        made.append(Learner(agent, name, told))
    return made


def leaks(answer: bytes, forbidden: list[Learner]) -> list[str]:
    """Which texts that identify one of ``forbidden`` stand in ``answer``, whatever its encoding and case."""
    text = orjson.dumps(orjson.loads(answer)).decode() if answer.startswith(b"{") else answer.decode()
    forms = [text]
    while (plain := unquote(forms[-1])) != forms[-1]:
        forms.append(plain)
    lowered = "\n".join(forms).casefold()
    return [told for learner in forbidden for told in (*learner.told, learner.name) if told.casefold() in lowered]


class Maker:
    """Makes statements about ``people``."""

    def __init__(self, chance: random.Random, people: list[Learner]) -> None:
        self.chance = chance
        self.people = people
        self.named = False

    def statement(self) -> Json:
        """A statement with as many of the places of the standard as chance wants. Whoever is mentioned in a text stands
        in it as an Agent, too.
        """
        people = self.chance.sample(self.people, self.chance.randint(1, len(self.people)))
        # A name is known by those who bear it in the same statement.
        self.named = len(people) > 1 or self._sometimes()
        body: Json = {"id": str(UUID(int=self.chance.getrandbits(128), version=4)), "actor": self._actor(people)}
        body |= {"verb": self._verb(people), "object": self._object(people, nested=True)}
        body["timestamp"] = "2026-11-22T10:00:00.000Z"
        if self._sometimes():
            body["result"] = self._result(people)
        if self._sometimes():
            body["context"] = self._context(people)
        if self.named:
            members = [{"objectType": "Agent"} | one.agent | {"name": one.name} for one in people]
            body.setdefault("context", {})["team"] = {"objectType": "Group", "member": members}
        if self._sometimes():
            body["attachments"] = [
                {
                    "usageType": f"https://example.com/usage/{quote(self._text(people), safe='')}",
                    "display": {"en": self._text(people)},
                    "description": {"en": self._text(people)},
                    "contentType": "text/plain",
                    "length": 3,
                    "sha2": hashlib.sha256(b"abc").hexdigest(),
                    "fileUrl": self._iri(people),
                }
            ]
        return body

    def plain(self) -> Json:
        """One learner who does something: what most statements are."""
        one = self.chance.choice(self.people)
        named = {"name": one.name} if self._sometimes() else {}
        return {
            "id": str(UUID(int=self.chance.getrandbits(128), version=4)),
            "actor": {"objectType": "Agent"} | named | one.agent,
            "verb": {"id": self.chance.choice(VERBS)},
            "object": {"id": f"{LMS}/courses/{COURSE}", "definition": {"name": {"en": "A {course}"}}},
            "context": {"extensions": {f"{LMS}/x": self.chance.choice(["a\\b", "{", '"actor":{', "%7B", 7])}},
            "timestamp": "2026-11-22T10:00:00.000Z",
        }

    def _sometimes(self, chance: float = 0.5) -> bool:
        return self.chance.random() < chance

    def _one(self, people: list[Learner]) -> Json:
        one = self.chance.choice(people)
        return {"objectType": "Agent"} | one.agent | ({"name": one.name} if self._sometimes() else {})

    def _group(self, people: list[Learner]) -> Json:
        named = self.chance.choice(people).agent if self._sometimes() else {}
        called = {"name": f"Group of {self.chance.choice(people).name}"} if self._sometimes() else {}
        return {"objectType": "Group", "member": [self._one(people) for _ in range(2)]} | named | called

    def _actor(self, people: list[Learner]) -> Json:
        return self._one(people) if self._sometimes(0.7) else self._group(people)

    def _verb(self, people: list[Learner]) -> Json:
        verb: Json = {"id": self.chance.choice(VERBS)}
        return verb | ({"display": {"en": self._text(people)}} if self._sometimes() else {})

    def _object(self, people: list[Learner], *, nested: bool) -> Json:
        match self.chance.choice(("activity", "activity", "agent", "group", "ref", "sub")):
            case "agent":
                return self._one(people)
            case "group":
                return self._group(people)
            case "ref":
                return {"objectType": "StatementRef", "id": str(UUID(int=7, version=4))}
            case "sub" if nested:
                made = {"objectType": "SubStatement", "actor": self._actor(people), "verb": self._verb(people)}
                made["object"] = self._object(people, nested=False)
                if self._sometimes():
                    made["context"] = self._context(people)
                return made | ({"result": self._result(people)} if self._sometimes() else {})
            case _:
                return self._activity(people)

    def _activity(self, people: list[Learner]) -> Json:
        made: Json = {"id": self._iri(people) if self._sometimes() else f"{LMS}/courses/{COURSE}"}
        if self._sometimes():
            made["definition"] = {
                "name": {"en": self._text(people)},
                "description": {"fr": self._text(people)},
                "moreInfo": self._iri(people),
                "extensions": self._extensions(people),
            }
        return made

    def _result(self, people: list[Learner]) -> Json:
        return {
            "response": self._text(people),
            "score": {"raw": 12345678},
            "duration": "PT5S",
            "extensions": self._extensions(people),
        }

    def _context(self, people: list[Learner]) -> Json:
        made: Json = {"extensions": self._extensions(people)}
        if self._sometimes():
            made["registration"] = str(UUID(int=5, version=4))
        if self._sometimes():
            made["instructor"] = self._actor(people)
        if self._sometimes():
            made["team"] = self._group(people)
        if self._sometimes():
            made["contextActivities"] = {"parent": [self._activity(people)], "other": [self._activity(people)]}
        if self._sometimes():
            made["contextAgents"] = [{"objectType": "contextAgent", "agent": self._one(people)}]
            made["contextGroups"] = [{"objectType": "contextGroup", "group": self._group(people)}]
        return made

    def _extensions(self, people: list[Learner]) -> Json:
        one = self.chance.choice(people)
        account = one.agent.get("account", {}).get("name", "")
        return {
            self._iri(people): self._text(people),
            f"{LMS}/list": [self._text(people), {"deep": {self._text(people): self._text(people)}}, None, 1.5],
            f"{LMS}/agent": self._one(people) if self._sometimes() else one.agent,
            f"{LMS}/number": int(account) if account.isdigit() else 7,
        }

    def _mention(self, people: list[Learner]) -> str:
        one = self.chance.choice(people)
        told = self.chance.choice((*one.told, one.name) if self.named else one.told)
        if self._sometimes(0.2):
            told = orjson.dumps(one.agent).decode()
        elif self._sometimes(0.3):
            told = self.chance.choice([told.upper(), told.lower(), f"mailto:{told}"])
        for _ in range(self.chance.choice((0, 0, 1, 1, 2))):
            told = quote(told, safe="")
        return told

    def _text(self, people: list[Learner]) -> str:
        form = self.chance.choice(("{}", "by {}.", "x={}&y=1", '"{}"', "a {} b {}", "nothing", "100% {}"))
        return form.format(self._mention(people), self._mention(people))

    def _iri(self, people: list[Learner]) -> str:
        form = self.chance.choice(("/u/{}", "/x?agent={}", "/{}/y#z", "/none"))
        return LMS + form.format(quote(self._mention(people), safe="%"))
