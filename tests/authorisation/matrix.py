"""A server with a world of statements in it, and a credential for every reader."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Coroutine, Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

from lrs.auth import grants
from lrs.auth.principal import Principal
from lrs.auth.restrictions import Restrictions
from tests.authorisation.making import SITES, TYPE, VOIDED, agent
from tests.authorisation.stated import GRANTS, Grant, Reader, Stated, Stored, World
from tests.door.client import Client, Server
from tests.statements.attached import body, send
from tests.statements.client import following

CONSUMERS = ("lms", "quiz", "engine")
OWNER = Reader("lms", ("all",), "every course")


class Attempt(NamedTuple):
    """One try to store a statement: whether the model says that the writer may, and the status that it got."""

    writer: Reader
    stated: Stated
    allowed: bool
    status: int


class Matrix:
    """``world`` is what ``server`` holds."""

    def __init__(self, server: Server, seed: int) -> None:
        self.server = server
        self.world = World()
        self.attempts: list[Attempt] = []
        self.chance = random.Random(seed)
        self.client = cache(self._client)
        for name in CONSUMERS:
            server.engine.issuer.add_consumer(name, scopes=frozenset({"all", "admin", "pseudonyms"}))

    def _client(self, reader: Reader) -> Client:
        """A client with a token of the reader's consumer that has no more than the reader's rights."""
        issued = self.server.engine.issuer.issue_token(
            reader.consumer,
            scopes=frozenset(reader.scopes),
            grant=granted(GRANTS[reader.grant]),
        )
        return Client(self.server, f"Bearer {issued.token}", "1.0.3")

    def principal(self, reader: Reader) -> Principal:
        """Who the reader is for the engine."""
        return self.server.engine.authenticator.principal_for_authorization(self.client(reader).authorization)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """``work`` in the event loop of the server."""
        return self.server._run(work)

    def store(self, stated: Stated) -> None:
        """Let some writer try; what it may not store, another credential of its consumer stores."""
        scopes = self.chance.choice((("all",), ("statements/write",), ("statements/write", "define"), ("all/read",)))
        writer = Reader(self.chance.choice(CONSUMERS), scopes, self.chance.choice(list(GRANTS)))
        for one in (writer, writer._replace(scopes=("all",), grant="every course")):
            answer = send(self.client(one), body(stated.body, *([stated.data] if stated.data else [])))
            self.attempts.append(Attempt(one, stated, self.world.may_write(one, stated), answer.status_code))
            if answer.status_code == 200:
                self.world.add(Stored(stated, one.consumer, one.has("define")))
                return


def granted(grant: Grant) -> grants.Grant:
    """The grant that the model's ``grant`` stands for."""
    written: dict[str, Callable[[str], Any]] = {
        "verbs": lambda name: VOIDED if name == "voided" else f"https://example.com/verbs/{name}",
        "activity_types": lambda name: f"{TYPE}{name}",
        "sites": SITES.__getitem__,
        "actors": agent,
    }
    limits = {kind: [written[kind](value) for value in values] for kind, values in grant.limits.items()}
    return grants.Grant.of(grant.entries if grant.entries is not None else ["*"], Restrictions.of(limits))


def parameters(asked: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """What the model asks for, as parameters of a query."""
    made = []
    for name, value in asked:
        if name in ("agent", "related_agents"):
            made.append(("agent", json.dumps(agent(value))))
        else:
            made.append(("activity" if name == "related_activities" else name, value))
        if name.startswith("related_"):
            made.append((name, "true"))
    return made


def found(client: Client, query: Iterable[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    """The statements on all pages of ``query``."""
    answer = client.get("statements", params=list(query))
    while True:
        assert answer.status_code == 200, answer.text
        page = answer.json()
        yield from page["statements"]
        if not page["more"]:
            return
        answer = client.get(following(page["more"]))


def ids(statements: Iterable[dict[str, Any]]) -> list[str]:
    return [one["id"] for one in statements]


def expected(stored: Iterable[Stored]) -> list[str]:
    """The ids of what the model has found."""
    return [one.stated.id for one in stored]
