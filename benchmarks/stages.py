"""Where the time of a statement goes, stage by stage, in one process and without a network.

    python -m benchmarks.stages

Each figure is CPU time in microseconds for each statement: the lower quartile of many short runs, because what disturbs
a run only ever makes it longer. The stages before the log run in the event loop; the log has a process of its own.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import orjson
import uvloop
from starlette.types import Message

from benchmarks.free_log import free_log
from benchmarks.parts import Found, Part, markdown
from lrs import Settings, create_app
from lrs.app import App
from lrs.auth.scopes import STATEMENTS_WRITE
from lrs.cli.preparing import Worker
from lrs.clock import SystemClock
from lrs.engine import Engine
from lrs.limits import DEFAULT_LIMITS
from lrs.simulation.mix import statements, wire
from lrs.statements.http.kept import Asked
from lrs.statements.http.paging import Paging
from lrs.statements.prepare import Authorship, prepare
from lrs.statements.record import Append, Draft, StatementId
from lrs.statements.sqlite.append import Appender
from lrs.statements.sqlite.names import Names
from lrs.statements.sqlite.schema import migrations
from lrs.statements.transit import unpacked
from lrs.storage.horizon import Horizon, horizon_path
from lrs.storage.sqlite import connect, open_store
from lrs.xapi.decode import decode_json
from lrs.xapi.validate import validator

STATEMENTS = 4_000
SLICE = 100
GROUPS = (1, 8, 100, 2_000)
APPENDED_SLICES = 60
PAGES = 1_000
PAGE = 50

Thing = TypeVar("Thing")


def measure(repetitions: int) -> Found:  # noqa: ARG001
    """CPU microseconds for each statement, by stage; many short runs make repetitions needless."""
    bodies = [wire(statement) for statement in statements(STATEMENTS, seed=1)]
    with (
        tempfile.TemporaryDirectory(prefix="lrs-benchmark-") as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        return runner.run(_measure(bodies, Settings(data=Path(folder))))


async def _measure(bodies: Sequence[bytes], settings: Settings) -> Found:
    app = create_app(settings)
    engine = await app.start()
    engine.issuer.add_consumer("writer", scopes=frozenset({STATEMENTS_WRITE}))
    key = engine.issuer.add_key("writer")
    header = f"Basic {b64encode(f'{key.key}:{key.secret}'.encode()).decode()}"
    values = [orjson.loads(body) for body in bodies]
    check = validator("1.0.3").check
    authorship = Authorship.of(engine.owner)
    found = {
        "authenticate": _timed(lambda _: engine.authenticator.principal_for_authorization(header), bodies),
        "decode, strictly": _timed(lambda body: decode_json(body, depth_max=DEFAULT_LIMITS.json_depth_max), bodies),
        "validate": _timed(check, values),
        "prepare, with keys": _timed(lambda value: prepare(value, authorship, version="1.0.3", new_id=uuid4), values),
    }
    with free_log():
        whole = await _requests(app, header, bodies)
    found["the rest of a POST: request, routing, limits, answer"] = whole - sum(found.values())
    drafts = [prepare(value, authorship, version="1.0.3", new_id=uuid4) for value in values]
    worker = Worker(replace(engine.owner, trusted=True), "1.0.3", settings.limits)
    parts = [bodies[start : start + SLICE] for start in range(0, len(bodies), SLICE)]
    found["import: all of it in a worker"] = _timed(worker.prepared, parts) / SLICE
    made = [one for part in parts if (one := worker.prepared(part)) is not None]
    found["import: take over from a worker"] = _timed(unpacked, made) / SLICE
    await engine.log.append(Append(drafts))
    found["a page of 50: find, unpack, join"] = _timed(_page(engine), range(PAGES)) / PAGE
    await app.stop()
    for size in GROUPS:
        found[f"append to the log, {size} at once"] = _appended(settings.data / f"{size}.sqlite3", drafts, size)
    return found


def _page(engine: Engine) -> Callable[[int], object]:
    """Reads the newest page."""
    paging = Paging(engine.statements, engine.settings.limits, "/xapi/statements")
    query = f"limit={PAGE}".encode()
    read = paging.reading(Asked(engine.owner, query, "", ""), paging.wanted(query, engine.owner))
    return lambda _: read()


def _timed(stage: Callable[[Thing], object], things: Sequence[Thing]) -> float:
    """Microseconds that ``stage`` takes for one of ``things``."""
    took = []
    for start in range(0, len(things), SLICE):
        part = things[start : start + SLICE]
        began = time.thread_time()
        for thing in part:
            stage(thing)
        took.append((time.thread_time() - began) / len(part) * 1e6)
    return _quartile(took)


async def _requests(app: App, header: str, bodies: Sequence[bytes]) -> float:
    """Microseconds that the application takes for one POST of one statement."""
    answers: list[Message] = []

    async def send(message: Message) -> None:
        answers.append(message)

    took = []
    for start in range(0, len(bodies), SLICE):
        part = bodies[start : start + SLICE]
        began = time.thread_time()
        for body in part:
            await app(_scope(header, body), _receiving(body), send)
        took.append((time.thread_time() - began) / len(part) * 1e6)
        assert {answer["status"] for answer in answers if "status" in answer} == {200}
        answers.clear()
    return _quartile(took)


def _receiving(body: bytes) -> Callable[[], Any]:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _scope(header: str, body: bytes) -> dict[str, Any]:
    """A POST as uvicorn hands it on."""
    headers = {
        "host": "127.0.0.1:8080",
        "accept-encoding": "identity",
        "x-experience-api-version": "1.0.3",
        "authorization": header,
        "content-type": "application/json",
        "content-length": str(len(body)),
    }
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/xapi/statements",
        "raw_path": b"/xapi/statements",
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "state": {},
    }


def _appended(path: Path, drafts: Sequence[Draft], size: int) -> float:
    """Microseconds of CPU that the log takes for one statement when ``size`` are committed together."""
    store = open_store(path)
    store.migrate(migrations)
    horizon = Horizon(horizon_path(path), SystemClock())
    append = Appender(connect(path), horizon, Names("key_name", "name"), Names("course_set", "courses"))
    took = []
    for _ in range(APPENDED_SLICES):
        fresh = [Append([draft._replace(id=StatementId(uuid4().bytes))]) for draft in drafts[: 5 * size]]
        began = time.thread_time()
        for start in range(0, len(fresh), size):
            append(fresh[start : start + size])
        took.append((time.thread_time() - began) / len(fresh) * 1e6)
    horizon.close()
    store.close()
    return _quartile(took)


def _quartile(took: Sequence[float]) -> float:
    return sorted(took)[len(took) // 4]


def tables(found: Found) -> Mapping[str, str]:
    """The stages as Markdown."""
    rows = [(name, f"{took:.0f}") for name, took in found.items()]
    return {"stages": markdown(("stage", "us for each statement"), rows)}


PART = Part(measure, tables)


if __name__ == "__main__":
    print(tables(measure(1))["stages"])
