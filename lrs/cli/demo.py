"""``lrs demo``: a server on a throw-away store, and simulated learners whose statements can be watched live."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from lrs.cli.numbers import number_option
from lrs.simulation.course import Course, make_course
from lrs.simulation.learners import Classroom

START_S = 30
STOP_S = 15

_HOW_TO_WATCH = """
{name} ({key}): {learners} learners, {rate:g} statements a second.

Watch the course live, in another terminal:

  TOKEN={token}
  {python} -c "
from websockets.sync.client import connect
for frame in connect('{stream}', additional_headers={{'Authorization': 'Bearer $TOKEN'}}): print(frame)"

or with websocat:  websocat -H "Authorization: Bearer $TOKEN" '{stream}'
or ask for the newest three:

  curl -H "Authorization: Bearer $TOKEN" -H 'X-Experience-API-Version: 1.0.3' '{url}/xapi/statements?limit=3'

Ctrl-C ends it all.
"""


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), metavar="PORT", default=8080, show_default=True, help="0 takes a free one."
)
@number_option("--learners", 1, 10_000, 12, "How many learn.")
@number_option("--rate", 0.1, 10_000, 5.0, "Statements a second.")
@click.option(
    "--seed", type=int, metavar="NUMBER", default=1, show_default=True, help="The same seed tells the same story."
)
@click.option("--seconds", type=click.FloatRange(0), metavar="NUMBER", help="End after so long instead of at Ctrl-C.")
def demo(*, port: int, learners: int, rate: float, seed: int, seconds: float | None) -> None:
    """Show a course come alive: a server on a throw-away store, learners who send statements, and the live stream.

    The learners write over HTTP with a key of their own, and a subscriber of the course reads them back over a
    websocket; a line a second tells how both get on.
    """
    course = make_course()
    # A plain kill ends the demonstration as cleanly as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with tempfile.TemporaryDirectory(prefix="lrs-demo-") as folder, _server(Path(folder), port) as url:
            key, token = _credentials(Path(folder), course)
            stream = f"ws{url.removeprefix('http')}/xapi/stream?course={quote(course.key, safe=':')}"
            click.echo(
                _HOW_TO_WATCH.format(
                    name=course.name, key=course.key, learners=learners, rate=rate, token=token, url=url,
                    stream=stream, python=min(sys.executable, os.path.relpath(sys.executable), key=len),
                )
            )  # fmt: skip
            tally = Tally()
            threading.Thread(target=_watch, args=(stream, token, tally), daemon=True).start()
            tally.watching.wait(START_S)
            try:
                _teach(url, key, Classroom(course, learners=learners, seed=seed), tally, rate=rate, seconds=seconds)
            finally:
                tally.over = True
    except KeyboardInterrupt:
        click.echo("\nThe course is over; its store is removed.")


@dataclass(slots=True)
class Tally:
    """What was sent and what came back, counted by the two threads."""

    started_s: float = field(default_factory=time.monotonic)
    sent: int = 0
    streamed: int = 0
    story: str = ""
    sent_at_s: dict[str, float] = field(default_factory=dict)
    latencies_ms: list[float] = field(default_factory=list)
    watching: threading.Event = field(default_factory=threading.Event)
    over: bool = False

    def seen(self, statement_id: str) -> None:
        """The stream has brought this statement."""
        self.streamed += 1
        if (sent_at_s := self.sent_at_s.pop(statement_id, None)) is not None:
            self.latencies_ms.append((time.monotonic() - sent_at_s) * 1000)

    def line(self) -> str:
        """One line for people; latencies are those since the last line."""
        latencies, self.latencies_ms = sorted(self.latencies_ms), []
        pace = f", half of them within {latencies[len(latencies) // 2]:.1f} ms" if latencies else ""
        second = round(time.monotonic() - self.started_s)
        return f"{second:4} s  sent {self.sent:5}  streamed {self.streamed:5}{pace}  latest: {self.story}"


def _teach(
    url: str, key: dict[str, str], classroom: Classroom, tally: Tally, *, rate: float, seconds: float | None
) -> None:
    """Send what the learners do, at the given rate, until the time is over."""
    due_s = said_s = tally.started_s
    with closing(http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)) as connection:
        while seconds is None or due_s - tally.started_s < seconds:
            time.sleep(max(0.0, due_s - time.monotonic()))
            # Before the next one is sent, the last one has had its time to arrive.
            if time.monotonic() - said_s >= 1:
                said_s = time.monotonic()
                click.echo(tally.line())
            event = classroom.next_event(time.time_ns() // 1000)
            tally.sent_at_s[event.statement["id"]] = time.monotonic()
            _put(connection, key, event.statement)
            tally.sent += 1
            tally.story = event.story
            due_s += 1 / rate
    time.sleep(0.2)
    click.echo(tally.line())


def _put(connection: http.client.HTTPConnection, key: dict[str, str], statement: dict[str, Any]) -> None:
    """One statement in one PUT, as Open edX sends it."""
    basic = b64encode(f"{key['key']}:{key['secret']}".encode()).decode()
    headers = {
        "Authorization": f"Basic {basic}",
        "Content-Type": "application/json",
        "X-Experience-API-Version": "1.0.3",
    }
    path = f"/xapi/statements?statementId={statement['id']}"
    connection.request("PUT", path, json.dumps(statement), headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    if answer.status != http.client.NO_CONTENT:
        raise click.ClickException(f"the server answered {answer.status} to a statement: {body}")


def _watch(stream: str, token: str, tally: Tally) -> None:
    """Count what the stream brings, until it closes."""
    try:
        with connect(stream, additional_headers={"Authorization": f"Bearer {token}"}) as socket:
            for text in socket:
                frame = json.loads(text)
                if frame["type"] == "live":
                    tally.watching.set()
                for statement in frame.get("statements", ()):
                    tally.seen(statement["id"])
    except (OSError, WebSocketException) as error:
        if not tally.over:
            click.echo(f"The subscriber has lost the stream: {error}", err=True)


def _credentials(data: Path, course: Course) -> tuple[dict[str, str], str]:
    """A key for the learners' platform and a token for a reader of the course, made as an administrator makes them."""
    _lrs("consumer", "add", "learning-platform", "--scope", "statements/write", data=data)
    _lrs(
        "consumer",
        "add",
        "engine",
        "--scope",
        "stream",
        "--scope",
        "statements/read",
        "--course",
        course.key,
        data=data,
    )
    key: dict[str, str] = json.loads(_lrs("key", "add", "learning-platform", "--json", data=data))
    return key, _lrs("token", "issue", "engine", data=data).strip()


def _lrs(*arguments: str, data: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "lrs", *arguments, "--data", str(data)],
        capture_output=True,
        text=True,
        env=_environment(),
        check=False,
    )
    if done.returncode:
        raise click.ClickException(f"lrs {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def _environment() -> dict[str, str]:
    """The environment without settings: a demonstration is the same everywhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LRS_")}


@contextmanager
def _server(data: Path, port: int) -> Iterator[str]:
    """A server process on ``data``; gives its URL once it listens, and ends it afterwards."""
    command = [sys.executable, "-m", "lrs", "serve", "--data", str(data), "--port", str(port), "--log-level", "warning"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_environment()) as process:
        try:
            assert process.stdout is not None
            first = process.stdout.readline()
            if not (found := re.search(r"http://[^\s/]+", first)):
                raise click.ClickException("the server did not start")
            click.echo(first.strip())
            threading.Thread(target=process.stdout.read, daemon=True).start()
            yield found[0]
        finally:
            process.terminate()
            process.wait(STOP_S)
