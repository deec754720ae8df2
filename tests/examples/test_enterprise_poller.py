"""The enterprise poller: each statement once and in order, whatever is killed."""

from __future__ import annotations

import json
import threading
import time
from email.message import Message
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from examples import enterprise_poller
from examples.enterprise_poller import Records, poll
from tests.samples import COURSE_A, COURSE_B, statement
from tests.system.access import STATEMENTS, add_consumer, blocking_client, key_of, token_of
from tests.system.program import WAIT_S, example
from tests.system.server import Server

ENDPOINT = "https://lrs.example.com/xapi/statements"

ROUNDS = 8


class Answers:
    """A server whose answers are given; ``asked``: the queries it got."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: Any) -> None:
        self.asked: list[dict[str, list[str]]] = []
        self._answers = list(answers)
        monkeypatch.setattr(enterprise_poller, "fetch", self._fetch)

    def _fetch(self, url: str, _: str) -> tuple[list[dict[str, Any]], str]:
        self.asked.append(parse_qs(urlsplit(url).query))
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        cursor, *made = answer
        return [{"id": one} for one in made], cursor

    @property
    def after(self) -> list[str]:
        return [after for one in self.asked for after in one["after"]]


def ids(path: Path) -> list[str]:
    return [json.loads(line)["id"] for line in path.read_text().splitlines()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "records.jsonl"


def test_it_asks_for_what_came_after_the_last_answer_until_there_is_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Answers(monkeypatch, ("c2", "s1", "s2"), ("c3", "s3"), ("c7",), ("c8", "s8"), ("c8",))
    poll(Records(path), ENDPOINT, "t", [])
    poll(Records(path), ENDPOINT, "t", [COURSE_A])
    assert server.after == ["beginning", "c2", "c3", "c7", "c8"]
    assert ["course" in one for one in server.asked] == [False, False, False, True, True]
    assert ids(path) == ["s1", "s2", "s3", "s8"]


def test_what_broke_off_goes_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Answers(monkeypatch, ("c2", "s1", "s2"), OSError("cut"), ("c3", "s3"), ("c3",))
    with pytest.raises(OSError, match="cut"):
        poll(Records(path), ENDPOINT, "t", [])
    poll(Records(path), ENDPOINT, "t", [])
    assert server.after == ["beginning", "c2", "c2", "c3"]
    assert ids(path) == ["s1", "s2", "s3"]


def test_what_was_written_and_not_noted_is_cut_off(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Answers(monkeypatch, ("c1", "s1"), ("c1",), ("c6", "s6"), ("c6",))
    poll(Records(path), ENDPOINT, "t", [])
    with path.open("a") as file:
        file.write('{"id":"s6","stored":')
    poll(Records(path), ENDPOINT, "t", [])
    assert ids(path) == ["s1", "s6"]


def test_a_file_that_was_taken_away_is_noticed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Answers(monkeypatch, ("c1", "s1"), ("c1",))
    poll(Records(path), ENDPOINT, "t", [])
    path.unlink()
    with pytest.raises(ValueError, match="shorter"):
        Records(path)


def test_a_server_that_knows_no_cursors_is_not_asked_for_ever(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers every query with the same page."""

    class Answer(BytesIO):
        headers = Message()

    monkeypatch.setattr(enterprise_poller, "urlopen", lambda *_, **__: Answer(b'{"statements":[{}]}'))
    with pytest.raises(SystemExit, match="does not know"):
        poll(Records(path), ENDPOINT, "t", [])


class Writers:
    """Two who write all the while, also when the server is gone for a moment."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._key = key_of(server, "lms")
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(seed,)) for seed in range(2)]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _write(self, seed: int) -> None:
        chance = Random(seed)
        while not self._ended.is_set():
            try:
                with blocking_client(self._server, self._key) as writer:
                    made = [statement(course=chance.choice((COURSE_A, COURSE_B))) for _ in range(chance.randint(1, 40))]
                    writer.post(STATEMENTS, json=made)
            except httpx.TransportError:
                time.sleep(0.05)


def test_each_statement_is_in_the_file_once_whatever_is_killed(server: Server, path: Path) -> None:
    add_consumer(server, "lms", "statements/write")
    add_consumer(server, "university", "statements/read", courses=(COURSE_A,))
    token, chance = token_of(server, "university"), Random(3)
    arguments = (f"{server.endpoint}statements", str(path))
    with example("enterprise_poller.py", *arguments, "--every", "0.02", token=token) as poller:
        with Writers(server):
            for number in range(ROUNDS):
                poller.start()
                wait_until_it_grows(path)
                time.sleep(chance.uniform(0, 0.2))
                if number % 4 == 2:
                    server.kill()
                poller.kill()
                if number % 4 == 2:
                    server.start()
        poller.start()
        wait_until_it_rests(path)
    with example("enterprise_poller.py", *arguments, token=token) as once:
        once.start()
        assert once.wait() == 0, once.lines
    with blocking_client(server, token) as reader:
        answer = reader.get(STATEMENTS, params={"ascending": "true", "limit": 500})
        stored = answer.json()["statements"]
        while more := answer.json()["more"]:
            answer = reader.get(more)
            stored += answer.json()["statements"]
    assert len(stored) >= ROUNDS
    assert [json.loads(line) for line in path.read_text().splitlines()] == stored


def wait_until_it_grows(path: Path) -> None:
    """Until the program has written something more."""
    before, deadline = size_bytes(path), time.monotonic() + WAIT_S
    while size_bytes(path) <= before:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def size_bytes(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def wait_until_it_rests(path: Path) -> None:
    """Until the program has had time for a round or two; what is missing then would be found by the last one."""
    size = -1
    while size != (size := size_bytes(path)):
        time.sleep(0.5)


def test_a_wrong_token_ends_it_with_a_reason(server: Server, path: Path) -> None:
    with example("enterprise_poller.py", f"{server.endpoint}statements", str(path), token="none") as poller:
        poller.start()
        assert poller.wait() == 1
        assert any("invalid_token" in line for line in poller.lines), poller.lines
