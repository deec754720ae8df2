"""The module of the stream in Node: by itself, and as the server gives it out, on that server."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
import urllib.request
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.samples import ANSWERED, COURSE_A, COURSE_B, agent, statement
from tests.system.access import STATEMENTS, WAIT_S, add_consumer, blocking_client, key_of, token_for
from tests.system.program import Program, program
from tests.system.server import Server
from tests.web.conftest import WEB, wait_until_acknowledged

HERE = Path(__file__).parent
TESTS = {"stream.test.mjs": 33, "keeping.test.mjs": 9}
"""At least so many are in each."""


@pytest.mark.parametrize("tests", TESTS)
def test_it_keeps_its_promises_on_a_server_that_follows_a_script(node: list[str], tmp_path: Path, tests: str) -> None:
    """Node takes a file for a module by its name."""
    shutil.copy(WEB / "stream.js", tmp_path / "stream.mjs")
    shutil.copy(HERE / "peer.mjs", tmp_path)
    shutil.copy(HERE / tests, tmp_path)
    done = subprocess.run(
        [*node, "--test", tests], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=WAIT_S
    )
    assert done.returncode == 0, done.stdout
    assert int(re.findall(r"^# pass (\d+)$", done.stdout, flags=re.MULTILINE)[0]) >= TESTS[tests]


@pytest.fixture
def served(server: Server, tmp_path: Path) -> Path:
    """A folder with the module, as the server serves it, and a program that uses it."""
    with urllib.request.urlopen(f"{server.url}/stream.js") as answer:
        assert answer.headers["Content-Type"].startswith("text/javascript")
        (tmp_path / "stream.mjs").write_bytes(answer.read())
    shutil.copy(HERE / "reader.mjs", tmp_path)
    return tmp_path


def reader(
    node: list[str], folder: Path, server: Server, token: str, options: dict[str, Any]
) -> AbstractContextManager[Program]:
    return program(*node, str(folder / "reader.mjs"), f"{server.url}/xapi/stream", json.dumps(options), token=token)


def write(server: Server, key: tuple[str, str], *made: dict[str, Any]) -> list[str]:
    with blocking_client(server, key) as writer:
        ids: list[str] = writer.post(STATEMENTS, json=made).json()
    return ids


def test_it_reads_through_kills_and_stops_of_the_server(node: list[str], served: Path, server: Server) -> None:
    add_consumer(server, "lms", "statements/write")
    key = key_of(server, "lms")
    token = token_for(server, "engine", "stream", courses=(COURSE_A,))
    made = write(server, key, *(statement() for _ in range(600)))
    options = {"start": "beginning", "filter": {"course": [COURSE_A]}}
    with reader(node, served, server, token, options) as program_:
        program_.start()
        wait_for_ids(program_, made)
        for end in (server.kill, server.stop):
            end()
            server.start()
            write(server, key, statement(course=COURSE_B))
            made += write(server, key, statement(), statement())
        wait_for_ids(program_, made)


def test_a_program_that_was_killed_goes_on_by_the_name_alone(node: list[str], served: Path, server: Server) -> None:
    add_consumer(server, "lms", "statements/write")
    key = key_of(server, "lms")
    token = token_for(server, "engine", "stream")
    with reader(node, served, server, token, {"durable": "knowledge", "window": 10}) as program_:
        program_.start()
        program_.wait_for_line("live")
        for _ in range(2):
            made = write(server, key, *(statement() for _ in range(25)))
            wait_for_ids(program_, made)
            wait_until_acknowledged(server)
            program_.kill()
            program_.start()


def test_it_is_told_what_is_erased(node: list[str], served: Path, server: Server) -> None:
    add_consumer(server, "lms", "statements/write")
    key = key_of(server, "lms")
    (gone,) = write(server, key, statement(learner="ada"))
    with reader(node, served, server, token_for(server, "engine", "stream"), {}) as program_:
        program_.start()
        program_.wait_for_line("live")
        server.run("erase", "--agent", json.dumps(agent("ada")), "--yes")
        program_.wait_for_line(f"erased {gone}")


def wait_for_ids(reading: Program, made: list[str]) -> None:
    deadline = time.monotonic() + WAIT_S
    while (got := [line[3:] for line in reading.lines if line.startswith("id ")]) != made:
        assert made[: len(got)] == got
        assert time.monotonic() < deadline, reading.lines[-5:]
        time.sleep(0.05)


def test_the_documented_example_runs(node: list[str], served: Path, server: Server) -> None:
    page = (WEB.parent / "docs" / "client.md").read_text()
    (code,) = re.findall(r"^```js\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    (served / "example.mjs").write_text(code.replace("127.0.0.1:8080", f"127.0.0.1:{server.port}"))
    add_consumer(server, "lms", "statements/write")
    key = key_of(server, "lms")
    with program(*node, str(served / "example.mjs"), token=token_for(server, "engine", "stream")) as program_:
        program_.start()
        deadline = time.monotonic() + WAIT_S
        while not any(ANSWERED in line for line in program_.lines):
            write(server, key, statement(course="course-v1:Org+C1+2026"))
            assert time.monotonic() < deadline, program_.lines
            time.sleep(0.2)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"token": "none"}, "Refused invalid_token"),
        ({"filter": {"course": [COURSE_B]}}, "Refused forbidden"),
        ({"after": "none"}, "CursorInvalid cursor_invalid"),
        ({"filter": {"colour": ["red"]}}, "Refused invalid_parameter"),
    ],
)
def test_what_the_server_refuses_reaches_the_program(
    node: list[str], served: Path, server: Server, options: dict[str, Any], line: str
) -> None:
    token = token_for(server, "engine", "stream", courses=(COURSE_A,))
    with reader(node, served, server, token, options) as program_:
        program_.start()
        assert program_.wait() == 0
        program_.wait_for_line(line)
