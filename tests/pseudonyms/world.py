"""A server with statements about a few learners, and consumers to whom they appear in different ways."""

from __future__ import annotations

import json
import random
from typing import Any

from lrs.auth.disclosure import Disclosure
from lrs.auth.grants import UNRESTRICTED, Grant
from lrs.xapi.actors import ifi
from tests.door.client import Client, Server
from tests.pseudonyms.making import Learner, Maker, learners
from tests.statements.attached import MIXED, attachment, body_of, part, statements_part

DISCLOSURES = {
    "tool": Disclosure.of("pseudonym", "tools"),
    "twin": Disclosure.of("pseudonym", "tools"),
    "other": Disclosure.of("pseudonym"),
    "blind": Disclosure.of("none"),
    "bare": Disclosure.of("pseudonym", None, ["names", "mboxes", "response"]),
}
HIDDEN = tuple(DISCLOSURES)


class World:
    """``learners`` are those who may not be recognised; ``bodies``: the statements as the platform has sent them."""

    def __init__(self, server: Server, chance: random.Random, count: int) -> None:
        self.server = server
        self.engine = server.engine
        self.chance = chance
        self.learners = learners(chance)
        self.maker = Maker(chance, self.learners)
        self.owner = self.consumer("lms")
        self.readers = {name: self.consumer(name, disclosure) for name, disclosure in DISCLOSURES.items()}
        self.ids = [self.store() for _ in range(count)]

    def consumer(self, name: str, disclosure: Disclosure | None = None, grant: Grant = UNRESTRICTED) -> Client:
        """A client of a new consumer that may do everything but administration."""
        self.engine.issuer.add_consumer(
            name, scopes=frozenset({"all"}), grant=grant, disclosure=disclosure or Disclosure()
        )
        token = self.engine.issuer.issue_token(name).token
        return Client(self.server, f"Bearer {token}", "2.0.0")

    def store(self, made: dict[str, Any] | None = None) -> str:
        """Let the platform store a statement, with the data for its attachment if it has one; returns its id."""
        made = made or (self.maker.statement() if self.chance.random() < 0.7 else self.maker.plain())
        if "attachments" in made:
            data = json.dumps([one.agent for one in self.learners]).encode()
            made["attachments"][0] |= {"sha2": attachment(data)["sha2"], "length": len(data)}
            body = body_of(statements_part(made), part(data))
            answer = self.owner.post("statements", content=body, headers={"Content-Type": MIXED})
        else:
            answer = self.owner.post("statements", json=made)
        assert answer.status_code == 200, answer.text
        found: str = answer.json()[0]
        return found

    def agent(self, name: str, learner: Learner) -> dict[str, Any]:
        """The learner as it appears to the consumer ``name``."""
        disclosure = DISCLOSURES[name].to_consumer(self.engine.consumers.consumer(name).id)
        return self.engine.pseudonyms.shown_agent(disclosure, ifi(learner.agent) or "")
