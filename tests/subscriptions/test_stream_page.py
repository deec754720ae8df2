"""``docs/stream.md`` tells what is built: every frame, filter and member, and an example that runs."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from lrs.errors import CursorInvalid
from lrs.limits import Limits
from lrs.subscriptions import client_frames, frames, protocol
from lrs.subscriptions.client_frames import parse_request
from lrs.subscriptions.closing import TOKEN_REVOKED
from lrs.subscriptions.filters import FILTER_MEMBERS
from lrs.subscriptions.frames import LIMITS_TOLD
from tests.samples import ANSWERED, principal, statement
from tests.subscriptions.served import Served

PAGE = (Path(__file__).parents[2] / "docs" / "stream.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
FRAMES, POLLED = (
    [[orjson.loads(line) for line in code.splitlines()] for language, code in BLOCKS if language == "json"][part]
    for part in (slice(2), slice(2, None))
)
FROM_CLIENT, FROM_SERVER = ({frame["type"]: frame for frame in frames} for frames in FRAMES)


def built_frames() -> dict[str, dict[str, Any]]:
    """One frame of each type that the server sends, with all that it may hold."""
    who = principal()
    made = [
        frames.hello(None, connection="n", head="c", principal=who, limits=Limits()),
        frames.subscribed(1, "s1", after="c", head="c"),
        frames.statements("s1", prev="c", cursor="c", payloads=[b"{}"]),
        frames.live("s1", "c"),
        frames.heartbeat(now_us=0, consistent_through_us=0, cursors={"s1": "c"}),
        frames.unsubscribed(2, "s1", "c"),
        frames.erased("s1", ["c"]),
        frames.expiring(0),
        frames.authed(3, who),
        frames.failure(1, CursorInvalid("no"), name="s1"),
        frames.ending(TOKEN_REVOKED, "gone"),
    ]
    return {frame["type"]: frame for frame in (orjson.loads(one.data) for one in made)}


def test_every_frame_of_the_server_is_shown_with_its_members() -> None:
    built = built_frames()
    assert {name: set(frame) for name, frame in FROM_SERVER.items()} == {name: set(f) for name, f in built.items()}


def test_no_frame_is_built_that_is_not_shown() -> None:
    source = ast.parse(Path(frames.__file__).read_text())
    named = {
        node.args[0].value
        for node in ast.walk(source)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "_frame"
        and isinstance(node.args[0], ast.Constant)
    }
    assert named | {"statements"} == set(FROM_SERVER)


@pytest.mark.parametrize("frame", FRAMES[0], ids=lambda frame: frame["type"])
def test_every_frame_of_the_client_is_understood(frame: dict[str, Any]) -> None:
    parse_request(frame, Limits())


def test_every_type_of_the_client_is_shown() -> None:
    source = ast.parse(Path(client_frames.__file__).read_text())
    known = {
        case.pattern.value.value
        for node in ast.walk(source)
        if isinstance(node, ast.Match)
        for case in node.cases
        if isinstance(case.pattern, ast.MatchValue) and isinstance(case.pattern.value, ast.Constant)
    }
    assert known == set(FROM_CLIENT)


def test_every_filter_is_listed() -> None:
    listed = re.findall(r"^\| `(\w+)` \| [A-Z`]", PAGE, flags=re.MULTILINE)
    assert [name for name in listed if name in FILTER_MEMBERS] == list(FILTER_MEMBERS)


def test_every_limit_that_hello_tells_is_listed() -> None:
    for name in LIMITS_TOLD:
        assert f"| `LRS_{name.upper()}` |" in PAGE


def test_names_of_the_protocol_are_right() -> None:
    assert f"# The stream, `{frames.PROTOCOL}`" in PAGE
    assert f"named `{protocol.MAIN}`" in PAGE


def test_the_answer_of_the_long_poll_is_right() -> None:
    ((shown,),) = POLLED
    with Served() as served:
        answer = httpx.get(
            f"http://{served.address}/xapi/changes?wait=0", headers={"Authorization": "Bearer engine"}, trust_env=False
        )
    assert set(answer.json()) == set(shown)


def test_the_example_runs() -> None:
    (code,) = [code for language, code in BLOCKS if language == "python"]
    assert len(code.splitlines()) == 10
    with Served() as served:
        served.credentials.held["reader"] = principal("reader", scopes=("stream",))
        served.put(statement(course="course-v1:Org+C1+2026"))
        process = subprocess.Popen(
            [sys.executable, "-u", "-c", code.replace("127.0.0.1:8080", served.address)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "TOKEN": "reader"},
        )
        assert process.stdout is not None
        with process.stdout:
            assert ANSWERED in process.stdout.readline()
        process.terminate()
        process.wait(20)
