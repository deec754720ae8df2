"""Whatever fails, and wherever: a statement that is there has its data, and what nobody refers to goes away."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import textwrap
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from lrs import Engine, Settings
from lrs.errors import StoreUnavailable
from lrs.limits import Limits
from tests.door.client import Client, Server, serving
from tests.samples import statement
from tests.statements.attached import MIXED, attachment, body, body_of, carrying, fresh, get, part, send, sha2
from tests.statements.attached import statements_part as first_part

# Stores a statement with data, and is killed when it calls the function named by its first argument.
KILLED = textwrap.dedent(
    """
    import asyncio, json, os, sys
    from pathlib import Path
    from lrs import Engine, Settings
    from lrs.limits import Limits
    from lrs.statements.sqlite import SqliteStatementLog
    from lrs.storage.files import Upload

    name, folder, made, data = sys.argv[1:]
    owner = SqliteStatementLog if name == "append" else Upload

    def die(*_):
        os._exit(9)

    async def run():
        limits = Limits(attachments_memory_bytes_max=0)
        async with Engine(Settings(data=Path(folder), limits=limits)) as engine:
            setattr(owner, name, die)
            content = data.encode()
            await engine.append(json.loads(made), attachments={json.loads(made)["attachments"][0]["sha2"]: content})

    asyncio.run(run())
    """
)


@pytest.fixture(scope="module")
def lms(server: Server) -> Client:
    return server.client("lms", "all")


def everything_in(folder: Path) -> list[str]:
    """The files with data, complete or not."""
    found = [path for path in (folder / "attachments").rglob("*") if path.is_file() and path.name != "lock"]
    return sorted(path.name for path in found)


@pytest.mark.parametrize(
    ("killed_in", "is_stored"), [("end", False), ("keep", False), ("append", False), ("settle", True)]
)
def test_a_kill_leaves_either_the_statement_with_its_data_or_nothing(
    tmp_path: Path, killed_in: str, is_stored: bool
) -> None:
    """Invariant 2."""
    data = fresh()
    made = carrying(attachment(data))
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, killed_in, str(tmp_path), json.dumps(made), data.decode()], check=False
    )
    assert killed.returncode == 9
    assert everything_in(tmp_path) != []

    async def restarted() -> tuple[bool, list[str]]:
        async with Engine(Settings(data=tmp_path)) as engine:
            found = [one async for one in engine.query(statementId=made["id"])]
            files = await engine.attachments(made["id"])
            return bool(found), [path.read_bytes().decode() for path in files.values()]

    assert asyncio.run(restarted()) == (is_stored, [data.decode()] if is_stored else [])
    assert everything_in(tmp_path) == ([sha2(data)] if is_stored else [])


def test_a_full_disk_is_told_and_nothing_is_stored(
    server: Server, lms: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = fresh()
    made = carrying(attachment(data))

    def full(*_: Any) -> None:
        raise StoreUnavailable("attachments can't be stored or read: No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("lrs.storage.files.Upload.keep", full)
        answer = send(lms, body(made, data))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert lms.get(f"statements?statementId={made['id']}").status_code == 404
    assert send(lms, body(made, data)).status_code == 200


def test_a_body_that_stops_coming_is_refused_and_its_data_is_gone(tmp_path: Path) -> None:
    data = fresh() * 10_000
    content = body(carrying(attachment(data)), data)

    async def stopping() -> AsyncIterator[bytes]:
        for at in range(0, len(content) - 100, 10_000):
            yield content[at : at + 10_000]
        await asyncio.sleep(60)

    with serving(tmp_path, limits=Limits(body_read_s=1)) as server:
        lms = server.client("lms", "all")
        answer = send(lms, stopping())
        assert answer.status_code == 400
        assert "no more of the body came" in answer.json()["detail"]
        assert everything_in(tmp_path) == []


def test_the_data_of_bad_statements_is_never_taken_in(server: Server, lms: Client) -> None:
    """Attack: gigabytes after a statement that is refused anyway."""
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        yield body(statement(actor={}), b"x" * 100_000)[:-1000]
        for _ in range(1000):
            taken += 1
            yield b"x" * 100_000

    app = server._app

    async def straight() -> int:
        # ASGITransport reads a request only as far as the application asks for it.
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://lrs") as client:
            headers = {"X-Experience-API-Version": "1.0.3", "Authorization": str(lms.authorization)}
            answer = await client.post("/xapi/statements", content=endless(), headers=headers | {"Content-Type": MIXED})
            return answer.status_code

    assert server._run(straight()) == 400
    assert taken < 10


def test_a_data_part_that_nobody_asked_for_is_refused_at_its_head(server: Server, lms: Client) -> None:
    """Attack: gigabytes under a hash that no statement names."""
    content = body_of(first_part(statement()), part(b"x" * 100_000))[:-1000]
    assert "no attachment in the statements" in send(lms, content).json()["detail"]


@pytest.mark.parametrize(
    "name", ["../../../../etc/passwd", "..", "/etc/passwd", "a" * 64 + "/../x", "%2e%2e%2f", "\u0663" * 64]
)
def test_a_hash_that_is_a_path_is_refused(lms: Client, name: str) -> None:
    """Attack: leaving the folder."""
    content = body_of(first_part(carrying(attachment(b"x", sha2=name))), part(b"x", X_Experience_API_Hash=name))
    assert send(lms, content).status_code == 400
    content = body_of(first_part(carrying(attachment(b"x"))), part(b"x", X_Experience_API_Hash=name))
    assert send(lms, content).status_code == 400


def test_a_body_of_nothing_but_tiny_parts_is_refused_quickly(server: Server, lms: Client) -> None:
    """Attack: parts cost more than their bytes."""
    data = fresh()
    content = body(carrying(attachment(data)), *[data] * (server.engine.settings.limits.attachments_max + 1))
    answer = send(lms, content)
    assert (answer.status_code, "parts" in answer.json()["detail"]) == (400, True)


def test_the_same_data_in_many_requests_at_once_is_stored_with_each(server: Server, lms: Client) -> None:
    data = fresh()
    made = [carrying(attachment(data)) for _ in range(8)]
    codes: list[int] = []
    threads = [
        threading.Thread(target=lambda one=one: codes.append(send(lms, body(one, data)).status_code)) for one in made
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [200] * 8
    for one in made:
        assert get(lms, f"statementId={one['id']}&attachments=true").data == {sha2(data): ("text/plain", data)}
    assert server.engine.statements.clear() == 0


def test_data_is_kept_before_its_statement_is_committed(
    server: Server, lms: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant 2."""
    data = fresh()
    log, seen = server.engine.log, []
    append = log.append

    async def watching(job: Any) -> Any:
        seen.append(server.engine.statements.files.path(sha2(data)).read_bytes())
        return await append(job)

    monkeypatch.setattr(log, "append", watching)
    assert send(lms, body(carrying(attachment(data), statement_id=str(uuid4())), data)).status_code == 200
    assert seen == [data]
