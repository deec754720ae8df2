"""The adaptive engine: what it computes, and that it computes it from every answer once, whatever is killed."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import pytest

from examples.adaptive_engine import EVALUATED, KNOWN, LEARN, State, name_of, traced
from lrs.client import Batch, Erased
from lrs.simulation.course import make_course
from lrs.simulation.learners import Classroom
from tests.client.scripted import Peer, scripted
from tests.samples import COURSE_A, statement, voiding
from tests.system.access import STATEMENTS, add_consumer, blocking_client, key_of, token_of
from tests.system.program import WAIT_S, Program, example
from tests.system.server import Server

ROUNDS = ("engine", "server", "engine", "both", "server", "engine")


def test_a_right_answer_speaks_for_a_skill_and_a_wrong_one_against_it() -> None:
    """By hand: 0.225 / 0.375 = 0.6, and 0.4 * 0.15 is learnt; 0.025 / 0.625 = 0.04, and 0.96 * 0.15 is learnt."""
    assert traced(0.25, success=True) == pytest.approx(0.66)
    assert traced(0.25, success=False) == pytest.approx(0.184)


def test_who_certainly_knows_goes_on_knowing() -> None:
    assert traced(1.0, success=False) == 1.0
    assert traced(0.0, success=True) == LEARN


def test_a_learner_has_one_name() -> None:
    assert name_of({"account": {"homePage": "https://lms.example.com", "name": "ann"}}) == "ann"
    assert name_of({"mbox": "mailto:ann@example.com"}) == "mailto:ann@example.com"
    assert name_of({"objectType": "Group", "member": []}) is None


def batch(cursor: str, *statements: dict[str, Any]) -> Batch:
    return Batch("", cursor, raw=json.dumps({"statements": statements}).encode())


def answer(learner: str = "ann", *, block: str = "b1", success: Any = True, **members: Any) -> dict[str, Any]:
    return statement(learner=learner, verb=EVALUATED, block=block, result={"success": success}, **members)


def block_id(block: str) -> str:
    return str(answer(block=block)["object"]["id"])


@pytest.fixture
def state(tmp_path: Path) -> State:
    skills = {block_id("b1"): "adding", block_id("b2"): "adding", block_id("b3"): "taking away"}
    return State(tmp_path / "engine.sqlite3", skills)


def test_the_skill_known_least_comes_next(state: State) -> None:
    state.take(batch("c1", answer(block="b1", success=True), answer(block="b3", success=False)))
    step = state.advice("ann")["next"]
    assert (step["skill"], step["activity"]) == ("taking away", block_id("b3"))


def test_of_the_activities_for_a_skill_the_one_done_least_comes_next(state: State) -> None:
    state.take(batch("c1", answer(block="b1", success=False), answer(block="b3", success=True)))
    assert state.advice("ann")["next"]["activity"] == block_id("b2")


def test_a_new_learner_begins_at_the_beginning(state: State) -> None:
    assert state.advice("new") == {
        "learner": "new",
        "next": {"skill": "adding", "activity": block_id("b1"), "known": KNOWN},
        "known": {},
    }


def test_what_is_mastered_is_not_asked_again(state: State) -> None:
    state.take(batch("c1", *(answer(block=block) for block in ("b1", "b3") for _ in range(9))))
    assert state.advice("ann")["next"] is None


def test_an_answer_that_was_voided_is_taken_back(state: State) -> None:
    wrong = answer(success=False)
    state.take(batch("c1", answer(), wrong, answer(), voiding(wrong["id"])))
    assert state.advice("ann")["known"] == {"adding": traced(traced(KNOWN, success=True), success=True)}


def test_without_any_answer_left_nothing_is_known(state: State) -> None:
    only = answer(success=False)
    state.take(batch("c1", only))
    state.take(batch("c2", voiding(only["id"])))
    assert state.advice("ann")["known"] == {}


@pytest.mark.parametrize(
    "other",
    [
        answer(success="yes"),
        answer(success=None),
        statement(verb=EVALUATED),
        statement(result={"success": True}),
        voiding(statement()["id"]),
        answer(object={"objectType": "Agent", "mbox": "mailto:bob@example.com"}),
        answer(actor={"objectType": "Group", "member": []}),
    ],
)
def test_what_is_no_answer_teaches_nothing(state: State, other: dict[str, Any]) -> None:
    state.take(batch("c1", other))
    assert state.advice("ann")["known"] == {}
    assert state.cursor == "c1"


def test_a_batch_counts_whole_or_not_at_all(state: State) -> None:
    """With the cursor: what was not learnt from comes again."""
    state.take(batch("c1", answer()))
    with pytest.raises(KeyError):
        state.take(batch("c2", answer(success=False), {"verb": {"id": EVALUATED}}))
    assert state.cursor == "c1"
    assert state.advice("ann")["known"] == {"adding": traced(KNOWN, success=True)}


def test_what_comes_again_counts_once(state: State) -> None:
    """The server may not have heard that it was acknowledged."""
    first, second = answer(), answer(success=False)
    state.take(batch("c1", first, second))
    state.take(batch("c1", first))
    state.take(batch("c2", second, answer()))
    known = traced(traced(traced(KNOWN, success=True), success=False), success=True)
    assert state.advice("ann")["known"] == {"adding": known}


def test_a_void_that_comes_again_takes_nothing_else_back(state: State) -> None:
    wrong = answer(success=False)
    void = voiding(wrong["id"])
    state.take(batch("c1", answer(), wrong, void))
    state.take(batch("c2", void))
    assert state.advice("ann")["known"] == {"adding": traced(KNOWN, success=True)}


def test_what_an_erased_answer_taught_is_forgotten(state: State) -> None:
    """Also when it is told twice, or was never known."""
    gone, left = answer(success=False), answer()
    state.take(batch("c1", answer(), gone, left))
    state.take(Erased("c1", "c1", ids=(gone["id"], "unknown", gone["id"])))
    assert state.advice("ann")["known"] == {"adding": traced(traced(KNOWN, success=True), success=True)}
    assert state.cursor == "c1"


def test_of_a_learner_who_was_erased_nothing_is_left_in_its_files(state: State, tmp_path: Path) -> None:
    """Nor in the log of what was written last."""
    gone = [answer("ada-of-the-analytical-engine") for _ in range(50)]
    state.take(batch("c1", *gone, answer("bob")))
    assert any(b"analytical" in path.read_bytes() for path in tmp_path.iterdir())
    state.erase([one["id"] for one in gone], "e1")
    assert not any(b"analytical" in path.read_bytes() for path in tmp_path.iterdir())
    assert state.advice("bob")["known"] != {}
    assert state.erasures == "e1"


def test_it_can_begin_anew(state: State) -> None:
    state.take(batch("c1", answer()))
    state.erase([], "e1")
    state.forget()
    assert state.cursor is None
    assert state.erasures is None
    assert state.advice("ann")["known"] == {}
    assert state.advice("ann")["next"]["skill"] == "adding"


def options(tmp_path: Path, url: str, course: str) -> tuple[str, ...]:
    return ("--lrs", url, "--course", course, "--state", str(tmp_path / "engine.sqlite3"), "--port", "0")


async def test_what_it_acknowledges_is_in_its_file_by_then(tmp_path: Path) -> None:
    """And the next engine goes on by the name alone."""
    asked: list[dict[str, Any]] = []
    kept: list[str] = []

    def look() -> None:
        with closing(sqlite3.connect(tmp_path / "engine.sqlite3")) as reading:
            (answers,) = reading.execute("SELECT count(*) FROM answer").fetchone()
            (cursor,) = reading.execute("SELECT cursor FROM place").fetchone()
            kept.append(f"{cursor} {answers}")

    async def serve(peer: Peer) -> None:
        asked.append(await peer.subscribed())
        place = int(asked[-1].get("after", "c0")[1:])
        for number in range(place, place + 3):
            members = {"sub": "main", "prev": f"c{number}", "cursor": f"c{number + 1}"}
            await peer.say("statements", **members, statements=[answer()])
            assert (await peer.hear())["cursor"] == f"c{number + 1}"
            look()
        done.set()
        await peer.stay()

    async with scripted(serve, serve) as server:
        with example("adaptive_engine.py", *options(tmp_path, server.url, COURSE_A), token="t") as engine:
            for _ in range(2):
                done = asyncio.Event()
                await asyncio.to_thread(engine.start)
                async with asyncio.timeout(WAIT_S):
                    await done.wait()
                await asyncio.to_thread(engine.kill)
    assert kept == [f"c{number} {number}" for number in range(1, 7)]
    first, second = asked
    assert (first["durable"], first["reset"], first["from"]) == ("adaptive-engine", True, "beginning")
    assert (second["durable"], "reset" in second) == ("adaptive-engine", False)


class Play:
    """The server, an engine on it, and a classroom that answers."""

    def __init__(self, server: Server, engine: Program, seed: int) -> None:
        self.server = server
        self.engine = engine
        self.chance = Random(seed)
        self.classroom = Classroom(make_course(), learners=5, seed=seed)
        self.key = key_of(server, "lms")
        self.reader = token_of(server, "reader")
        self.engine_url = ""
        self.sent: list[dict[str, Any]] = []

    def start_engine(self) -> None:
        self.engine.start()
        self.engine_url = self.engine.wait_for_line("Ask ").split()[1].removesuffix("NAME")

    def write(self, count: int) -> None:
        with blocking_client(self.server, self.key) as writer:
            for _ in range(count):
                made = self.classroom.next_event(time.time_ns() // 1000).statement
                self.sent.append(made)
                assert writer.post(STATEMENTS, json=[made]).status_code == 200

    def void_one(self) -> None:
        target = self.chance.choice([one for one in self.sent if one["verb"]["id"] == EVALUATED])
        with blocking_client(self.server, self.key) as writer:
            assert writer.post(STATEMENTS, json=voiding(target["id"])).status_code == 200

    def advice(self, learner: str) -> dict[str, Any]:
        with urllib.request.urlopen(self.engine_url + quote(learner), timeout=WAIT_S) as given:
            found: dict[str, Any] = json.load(given)
        return found

    def expected(self) -> dict[str, dict[str, float]]:
        """What follows from all answers in the log, by learner and activity."""
        known: dict[str, dict[str, float]] = {str(one.account): {} for one in self.classroom.learners}
        with blocking_client(self.server, self.reader) as reader:
            found = reader.get(STATEMENTS, params={"verb": EVALUATED, "ascending": "true", "limit": 500}).json()
        assert not found["more"]
        # The voiding statement is found like what it voids.
        for one in (one for one in found["statements"] if one["verb"]["id"] == EVALUATED):
            mine = known[one["actor"]["account"]["name"]]
            about = one["object"]["id"]
            mine[about] = traced(mine.get(about, KNOWN), success=one["result"]["success"])
        return known

    def known(self) -> dict[str, dict[str, float]]:
        """What the engine says."""
        return {str(one.account): self.advice(str(one.account))["known"] for one in self.classroom.learners}

    def wait_until_known(self) -> None:
        deadline = time.monotonic() + WAIT_S
        while self.known() != self.expected() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert self.known() == self.expected()


def test_no_answer_is_lost_or_counted_twice_whatever_is_killed(server: Server, tmp_path: Path) -> None:
    add_consumer(server, "lms", "statements/write")
    add_consumer(server, "reader", "statements/read")
    course = make_course().key
    add_consumer(server, "engine", "stream", courses=(course,))
    given = options(tmp_path, server.stream_url, course)
    with example("adaptive_engine.py", *given, token=token_of(server, "engine")) as engine:
        play = Play(server, engine, seed=7)
        play.start_engine()
        for what in ROUNDS:
            play.write(60)
            if what in ("server", "both"):
                server.kill()
            if what in ("engine", "both"):
                engine.kill()
                play.start_engine()
            # It answers also while the server is away.
            assert play.advice("nobody")["known"] == {}
            if what in ("server", "both"):
                server.start()
        play.void_one()
        play.write(20)
        play.wait_until_known()
        some = play.expected()
        assert sum(len(known) for known in some.values()) > 5
        (cursor,) = server.run_json("cursor", "list")
        assert (cursor["consumer"], cursor["name"]) == ("engine", "adaptive-engine")


def test_other_questions_are_answered_with_404(server: Server, tmp_path: Path) -> None:
    given = options(tmp_path, server.stream_url, "course-v1:A+B+C")
    add_consumer(server, "engine", "stream")
    with example("adaptive_engine.py", *given, token=token_of(server, "engine")) as engine:
        engine.start()
        url = engine.wait_for_line("Ask ").split()[1].removesuffix("learner=NAME")
        with pytest.raises(urllib.error.HTTPError) as refusal:
            urllib.request.urlopen(url, timeout=WAIT_S)
        with refusal.value as answered:
            assert answered.code == 404


def test_a_refusal_ends_it_with_a_reason(server: Server, tmp_path: Path) -> None:
    with example("adaptive_engine.py", *options(tmp_path, server.stream_url, COURSE_A), token="none") as engine:
        engine.start()
        assert engine.wait() == 1
        assert any("invalid_token" in line for line in engine.lines), engine.lines
