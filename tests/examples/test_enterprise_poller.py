"""The enterprise poller: each statement once and in order, whatever is killed."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from random import Random
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from examples import enterprise_poller
from examples.enterprise_poller import Records, poll
from tests.samples import COURSE_A, COURSE_B, statement
from tests.system.access import STATEMENTS, add_consumer, blocking_client, key_of, token_of
from tests.system.program import example
from tests.system.server import Server

ENDPOINT = "https://lrs.example.com/xapi/statements"


class Pages:
    """A server whose answers are given; ``asked``: the queries it got."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: Any) -> None:
        self.asked: list[dict[str, list[str]]] = []
        self._answers = list(answers)
        monkeypatch.setattr(enterprise_poller, "fetch", self._fetch)

    def _fetch(self, url: str, _: str) -> tuple[dict[str, Any], str]:
        self.asked.append(parse_qs(urlsplit(url).query))
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        result: tuple[dict[str, Any], str] = answer
        return result


def at(second: int) -> str:
    return f"2026-11-22T10:00:{second:02}.000000Z"


def page(through: int, *stored: int, more: str = "") -> tuple[dict[str, Any], str]:
    return {"statements": [{"id": f"s{second}", "stored": at(second)} for second in stored], "more": more}, at(through)


def refused() -> HTTPError:
    return HTTPError(ENDPOINT, 400, "Bad Request", None, None)  # type: ignore[arg-type]


def ids(path: Path) -> list[str]:
    return [json.loads(line)["id"] for line in path.read_text().splitlines()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "records.jsonl"


def test_a_round_begins_where_the_last_one_was_complete(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = Pages(monkeypatch, page(5, 1, 2), page(9, 7))
    poll(Records(path), ENDPOINT, "t", [])
    poll(Records(path), ENDPOINT, "t", [COURSE_A])
    assert "since" not in pages.asked[0]
    assert pages.asked[1]["since"] == [at(5)]
    assert pages.asked[1]["course"] == [COURSE_A]
    assert ids(path) == ["s1", "s2", "s7"]


def test_what_the_server_has_not_promised_is_left_to_the_next_round(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes again then, with whatever may have been stored before it in the meantime."""
    pages = Pages(monkeypatch, page(5, 4, 5, 6, more="/xapi/statements?more=m"), page(9, 6, 7))
    poll(Records(path), ENDPOINT, "t", [])
    assert ids(path) == ["s4", "s5"]
    poll(Records(path), ENDPOINT, "t", [])
    assert pages.asked[1]["since"] == [at(5)]
    assert ids(path) == ["s4", "s5", "s6", "s7"]


def test_a_round_that_broke_off_goes_on_with_the_next_page(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = Pages(monkeypatch, page(5, 1, 2, more="/xapi/statements?more=m"), OSError("cut"), page(6, 3))
    with pytest.raises(OSError, match="cut"):
        poll(Records(path), ENDPOINT, "t", [])
    poll(Records(path), ENDPOINT, "t", [])
    assert pages.asked[1] == pages.asked[2] == {"more": ["m"]}
    assert ids(path) == ["s1", "s2", "s3"]


def test_a_round_begins_anew_when_its_pages_do_not_fit_any_more(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the administrator has changed the grant."""
    pages = Pages(monkeypatch, page(2, 1), page(5, 3, 4, more="/xapi/statements?more=m"), refused(), page(6, 3, 4, 5))
    poll(Records(path), ENDPOINT, "t", [])
    poll(Records(path), ENDPOINT, "t", [])
    assert pages.asked[3]["since"] == [at(2)]
    assert ids(path) == ["s1", "s3", "s4", "s5"]


def test_a_query_that_is_refused_is_not_repeated(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Pages(monkeypatch, refused())
    with pytest.raises(HTTPError):
        poll(Records(path), ENDPOINT, "t", [])


def test_what_was_written_and_not_noted_is_cut_off(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Pages(monkeypatch, page(5, 1), page(9, 6))
    poll(Records(path), ENDPOINT, "t", [])
    with path.open("a") as file:
        file.write('{"id":"s6","stored":')
    poll(Records(path), ENDPOINT, "t", [])
    assert ids(path) == ["s1", "s6"]


def test_a_file_that_was_taken_away_is_noticed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Pages(monkeypatch, page(5, 1))
    poll(Records(path), ENDPOINT, "t", [])
    path.unlink()
    with pytest.raises(ValueError, match="shorter"):
        Records(path)


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
            for number in range(8):
                poller.start()
                time.sleep(chance.uniform(0.3, 0.7))
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
    assert len(stored) > 200
    assert [json.loads(line) for line in path.read_text().splitlines()] == stored


def wait_until_it_rests(path: Path) -> None:
    """Until the program has had time for a round or two; what is missing then would be found by the last one."""
    size = -1
    while size != (size := path.stat().st_size if path.exists() else 0):
        time.sleep(0.5)


def test_a_wrong_token_ends_it_with_a_reason(server: Server, path: Path) -> None:
    with example("enterprise_poller.py", f"{server.endpoint}statements", str(path), token="none") as poller:
        poller.start()
        assert poller.wait() == 1
        assert any("invalid_token" in line for line in poller.lines), poller.lines
