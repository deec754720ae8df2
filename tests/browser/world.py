"""A server with all that pages can show: statements of several courses, readers who follow, and what went wrong."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from lrs.auth.disclosure import Disclosure
from lrs.auth.grants import UNRESTRICTED, Grant
from lrs.cli.register import register
from lrs.simulation.mix import course_key, statements
from tests.samples import VOIDED
from tests.system.access import STATEMENTS, authorization, blocking_client, key_of, token_of
from tests.system.server import Server, running

PASSWORD = "correct horse battery staple"
MARKUP = "<img src=x onerror=\"document.title='pwned'\"><script>document.title='pwned'</script>"
"""What becomes markup wherever text is put into a page as anything but text."""

COURSES = tuple(course_key(number) for number in range(4))
STATEMENTS_BEFORE = 150
PAUSE_S = 0.1


@dataclass(slots=True)
class World:
    """``hostile``, ``voided``, ``ordinary``: ids of statements. ``link``: that of the first administrator."""

    server: Server
    key: tuple[str, str]
    link: str
    hostile: str = ""
    voided: str = ""
    ordinary: str = ""
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return self.server.url

    def write(self, *made: dict[str, Any]) -> list[str]:
        """Store statements as the platform does; gives their ids."""
        with blocking_client(self.server, self.key) as platform:
            answer = platform.post(STATEMENTS, json=list(made))
            assert answer.status_code == 200, answer.text
            found: list[str] = answer.json()
            return found

    def ask(self, organisation: str, *courses: str) -> str:
        """Ask for access as a stranger does; gives the secret of the request."""
        wish = {"organisation": organisation, "contact": f"{organisation} <data@example.org>", "courses": courses}
        body = {**wish, "purpose": f"To see how our students get on.\n{MARKUP if '<' in organisation else ''}"}
        answer = httpx.post(f"{self.url}/request/api", json=body, trust_env=False)
        assert answer.status_code == 201, answer.text
        secret: str = answer.json()["secret"]
        return secret


@contextmanager
def world(folder: Path, **settings: str) -> Iterator[World]:
    """The server with its world, in which learners go on learning and engines go on listening until the block ends."""
    with running(
        folder / "data", LRS_ACCESS_REQUESTS_PER_HOUR="100", LRS_LOGINS_PER_MINUTE="100", **settings
    ) as server:
        made = World(
            server, _register(server), next(line.strip() for line in server.lines if "/admin/password#" in line)
        )
        _fill(made)
        threads = [threading.Thread(target=act, args=(made,), daemon=True) for act in (_learn, _follow, _query)]
        for thread in threads:
            thread.start()
        try:
            yield made
        finally:
            made.over.set()
            for thread in threads:
                thread.join(60)


def _register(server: Server) -> tuple[str, str]:
    """Consumers of several kinds; gives the key of the platform."""
    readers = {
        "adaptive-engine": (("statements/read", "stream"), Grant.of(COURSES[:2])),
        "university-of-somewhere": (("statements/read",), Grant.of(["course-v1:DemoX+*"])),
        "research": (
            ("all/read",),
            Grant.from_json({"courses": ["*"], "verbs": ["http://id.tincanapi.com/verb/earned"]}),
        ),
        "dashboard": (("statements/read", "stream"), UNRESTRICTED),
    }
    with register(server.data) as room:
        consumers = room.administration.consumers
        consumers.add(room.actor, "open-edx", scopes=frozenset({"statements/write"}), trusted=True)
        for name, (scopes, grant) in readers.items():
            consumers.add(room.actor, name, scopes=frozenset(scopes), grant=grant)
            consumers.add_key(room.actor, name)
        shown = Disclosure.of("pseudonym", "tools")
        for name in ("tutor-bot", "tutor-screen"):
            consumers.add(room.actor, name, scopes=frozenset({"stream"}), disclosure=shown)
    return key_of(server, "open-edx")


def _fill(made: World) -> None:
    began_us = time.time_ns() // 1000 - 600_000_000
    simulated = list(statements(STATEMENTS_BEFORE, seed=1, courses=len(COURSES), learners=40, began_us=began_us))
    for begin in range(0, len(simulated), 50):
        made.write(*simulated[begin : begin + 50])
    made.ordinary, made.voided = simulated[0]["id"], simulated[1]["id"]
    made.write(voiding(made.voided))
    (made.hostile,) = made.write(hostile_statement())
    with httpx.Client(base_url=made.url, headers=_headers(made), trust_env=False) as platform:
        # A trusted writer is told that all is well: what can't be stored waits in quarantine.
        broken = {**simulated[2], "id": str(uuid4()), "verb": {"id": MARKUP}, "actor": {"name": MARKUP, "mbox": "none"}}
        for wrong in (broken, {**simulated[3], "id": str(uuid4()), "timestamp": "yesterday"}):
            platform.post(STATEMENTS, content=json.dumps(wrong), headers={"Content-Type": "application/json"})
        other = {**simulated[4], "result": {"response": MARKUP, "success": True}}
        platform.put(STATEMENTS, params={"statementId": other["id"]}, json=other)
    made.ask("University of Somewhere Else", COURSES[0], COURSES[1])
    made.ask(MARKUP, "course-v1:DemoX+*")


def hostile_statement() -> dict[str, Any]:
    """A statement that tries to be markup wherever it is shown."""
    return {
        "id": str(uuid4()),
        "actor": {"name": f"{MARKUP}", "account": {"homePage": "https://lms.example.com", "name": MARKUP}},
        "verb": {"id": "http://example.com/verbs/%3Cscript%3E", "display": {"en": MARKUP}},
        "object": {
            "id": "https://lms.example.com/xblock/%3Cimg%20src=x%20onerror=alert(1)%3E",
            "definition": {"name": {"en": MARKUP}, "description": {"en": MARKUP}},
        },
        "result": {"response": MARKUP, "extensions": {"http://example.com/x": {MARKUP: MARKUP}}},
    }


def voiding(target: str) -> dict[str, Any]:
    """The statement that voids ``target``."""
    return {
        "actor": {"name": "An instructor", "mbox": "mailto:instructor@example.com"},
        "verb": {"id": VOIDED, "display": {"en": "voided"}},
        "object": {"objectType": "StatementRef", "id": target},
    }


def _headers(made: World) -> dict[str, str]:
    return {"X-Experience-API-Version": "1.0.3", **authorization(made.key)}


def _learn(made: World) -> None:
    """Learners go on, a few statements a second, now more and now less."""
    story = statements(100_000, seed=2, courses=len(COURSES), learners=40, began_us=time.time_ns() // 1000)
    for number, statement in enumerate(story):
        if made.over.wait(PAUSE_S * (2 + math.sin(number / 40))):
            return
        with suppress(httpx.HTTPError, AssertionError):
            made.write(statement)


def _follow(made: World) -> None:
    """An engine that keeps its place on the server."""
    asked = {"type": "subscribe", "id": 1, "sub": "answers", "filter": {"course": [COURSES[0]]}, "durable": "knowledge"}
    _listen(made, "adaptive-engine", asked)


def _query(made: World) -> None:
    """A dashboard that sees everything."""
    _listen(made, "dashboard", {"type": "subscribe", "id": 1, "sub": "all", "filter": {}})


def _listen(made: World, name: str, asked: dict[str, Any]) -> None:
    while not made.over.wait(0.1):
        # A new token each time: a test may have ended the one before.
        authorized = authorization(token_of(made.server, name))
        with (
            suppress(OSError, WebSocketException, TimeoutError),
            connect(made.server.stream_url, additional_headers=authorized) as stream,
        ):
            stream.send(json.dumps(asked))
            while not made.over.is_set():
                _read(stream)


def _read(stream: Any) -> None:
    with suppress(TimeoutError):
        frame = json.loads(stream.recv(timeout=0.5))
        if frame["type"] == "statements" and frame["sub"] == "answers":
            stream.send(json.dumps({"type": "ack", "sub": frame["sub"], "cursor": frame["cursor"]}))
