"""The adaptive engine forgets learners who were erased, whether it was there or away."""

from __future__ import annotations

import json
import sqlite3
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from examples.adaptive_engine import EVALUATED
from tests.samples import COURSE_A, agent, statement
from tests.system.access import STATEMENTS, add_consumer, blocking_client, key_of, token_of
from tests.system.program import WAIT_S, Program, example
from tests.system.server import Server

FILE = "engine.sqlite3"


class Play:
    """A server, and an engine that follows it."""

    def __init__(self, server: Server, engine: Program, folder: Path) -> None:
        self.server = server
        self.engine = engine
        self.folder = folder
        self.key = key_of(server, "lms")
        self.url = ""

    def start_engine(self) -> None:
        self.engine.start()
        self.url = self.engine.wait_for_line("Ask ").split()[1].removesuffix("NAME")

    def answer(self, learner: str) -> None:
        made = statement(learner=learner, verb=EVALUATED, result={"success": True})
        with blocking_client(self.server, self.key) as writer:
            assert writer.post(STATEMENTS, json=made).status_code == 200

    def erase(self, learner: str) -> None:
        self.server.run("erase", "--agent", json.dumps(agent(learner)), "--yes")

    def known(self, learner: str) -> dict[str, Any]:
        with urllib.request.urlopen(self.url + quote(learner), timeout=WAIT_S) as given:
            found: dict[str, Any] = json.load(given)["known"]
        return found

    def wait_until(self, learner: str, *, known: bool) -> None:
        deadline = time.monotonic() + WAIT_S
        while bool(self.known(learner)) != known:
            assert time.monotonic() < deadline, self.engine.lines
            time.sleep(0.05)

    def wait_until_asked(self) -> None:
        """For what was erased, which it does when it has caught up."""
        deadline = time.monotonic() + WAIT_S
        with closing(sqlite3.connect(self.folder / FILE)) as reading:
            while not reading.execute("SELECT count(*) FROM erasures").fetchone()[0]:
                assert time.monotonic() < deadline, self.engine.lines
                time.sleep(0.05)


@pytest.fixture
def play(server: Server, tmp_path: Path) -> Iterator[Play]:
    """A consumer with the scope ``stream`` alone may ask for what was erased."""
    add_consumer(server, "lms", "statements/write")
    add_consumer(server, "engine", "stream", courses=(COURSE_A,))
    options = ("--lrs", server.stream_url, "--course", COURSE_A, "--state", str(tmp_path / FILE), "--port", "0")
    with example("adaptive_engine.py", *options, token=token_of(server, "engine")) as engine:
        made = Play(server, engine, tmp_path)
        made.start_engine()
        yield made


def test_while_it_is_there(play: Play) -> None:
    play.wait_until_asked()
    for learner in ("ann", "bob"):
        play.answer(learner)
        play.wait_until(learner, known=True)
    play.erase("ann")
    play.wait_until("ann", known=False)
    assert play.known("bob")


def test_while_it_was_away(play: Play) -> None:
    for learner in ("ann", "bob"):
        play.answer(learner)
        play.wait_until(learner, known=True)
    play.wait_until_asked()
    play.engine.kill()
    play.erase("ann")
    play.start_engine()
    play.wait_until("ann", known=False)
    assert play.known("bob")


def test_while_the_server_was_away(play: Play) -> None:
    """It notices a connection that has ended, and asks again when it has caught up on the next one."""
    for learner in ("ann", "bob"):
        play.answer(learner)
        play.wait_until(learner, known=True)
    play.wait_until_asked()
    play.server.kill()
    play.erase("ann")
    play.server.start()
    play.wait_until("ann", known=False)
    assert play.known("bob")
