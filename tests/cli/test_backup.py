"""``lrs backup`` and ``lrs restore``."""

from __future__ import annotations

import asyncio
import io
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from lrs import Engine, Settings, create_app
from lrs.errors import EpochChanged
from lrs.statements.match import EVERYTHING, UNRESTRICTED_VISIBILITY
from lrs.statements.record import Place
from lrs.subscriptions.starts import After
from tests.cli.invoke import Shell
from tests.samples import statement
from tests.statements.attached import attachment, carrying, sha2

DATA = b"an essay"


def within(folder: Path, work: Callable[[Engine], Any]) -> Any:
    """What ``work`` makes of the open store in ``folder``."""

    async def run() -> Any:
        async with Engine(Settings(data=folder)) as engine:
            return await work(engine)

    return asyncio.run(run())


def write(folder: Path, count: int = 3) -> list[str]:
    made: list[str] = within(folder, lambda engine: engine.append([statement() for _ in range(count)]))
    return made


def ids(folder: Path) -> list[str]:
    async def read(engine: Engine) -> list[str]:
        return [one["id"] async for one in engine.query(ascending=True)]

    found: list[str] = within(folder, read)
    return found


@pytest.fixture
def other(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "other")


@pytest.mark.parametrize("name", ["store.tar", "store.tar.gz", "store.tgz", "backup"])
def test_what_is_backed_up_is_restored_whole(lrs: Shell, other: Shell, tmp_path: Path, name: str) -> None:
    """Log, attachments and credentials."""
    lrs("consumer", "add", "engine", "--scope", "stream")
    token = lrs("token", "issue", "engine").stdout.strip()
    made = write(lrs.data)
    carried = carrying(attachment(DATA))
    within(lrs.data, lambda engine: engine.append([carried], attachments={sha2(DATA): DATA}))
    assert lrs.json("backup", str(tmp_path / name)) == {"records": 4, "attachments": 1, "missing": []}
    restored = other.json("restore", str(tmp_path / name))
    assert (restored["records"], restored["attachments"], restored["missing"]) == (4, 1, [])
    assert ids(other.data) == [*made, carried["id"]]
    assert other.json("verify") == {"records": 4, "attachments": 1, "whole": True}

    async def known(engine: Engine) -> str:
        return engine.authenticator.principal_for_token(token).consumer

    assert within(other.data, known) == "engine"
    assert len(write(other.data)) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["data", "other", name])


def test_a_packed_backup_is_packed(lrs: Shell, tmp_path: Path) -> None:
    write(lrs.data)
    for name in "plain.tar", "packed.tar.gz":
        lrs("backup", str(tmp_path / name))
    assert (tmp_path / "packed.tar.gz").read_bytes()[:2] == b"\x1f\x8b"
    assert (tmp_path / "packed.tar.gz").stat().st_size < (tmp_path / "plain.tar").stat().st_size / 2


def test_a_backup_can_be_read_by_its_owner_only(lrs: Shell, tmp_path: Path) -> None:
    """It holds private keys and personal data."""
    write(lrs.data)
    lrs("backup", str(tmp_path / "b.tar"))
    assert (tmp_path / "b.tar").stat().st_mode & 0o777 == 0o600


def test_a_backup_under_writes_is_the_log_at_one_moment(lrs: Shell, other: Shell, tmp_path: Path) -> None:
    write(lrs.data, 200)
    stop, written = threading.Event(), list[str]()

    def keep_writing() -> None:
        async def work(engine: Engine) -> None:
            while not stop.is_set():
                written.extend(await engine.append([statement() for _ in range(20)]))

        within(lrs.data, work)

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        while not written:
            stop.wait(0.01)
        before = len(written)
        lrs("backup", str(tmp_path / "b.tar"))
        after = len(written)
    finally:
        stop.set()
        writer.join()
    records = other.json("restore", str(tmp_path / "b.tar"))["records"]
    assert 200 + before <= records <= 200 + after + 20
    assert ids(other.data) == ids(lrs.data)[:records]
    assert other.json("verify")["whole"]


def test_a_restored_store_begins_a_new_epoch(lrs: Shell, tmp_path: Path) -> None:
    """Cursors of before are told so: on the stream, as durable ones, in queries, and in links to further pages."""
    write(lrs.data, 5)
    lrs("consumer", "add", "engine", "--scope", "statements/read", "--scope", "stream")
    token = lrs("token", "issue", "engine").stdout.strip()
    headers = {"Authorization": f"Bearer {token}", "X-Experience-API-Version": "1.0.3"}

    async def before(engine: Engine) -> str:
        async with engine.subscribe(durable="k", start="beginning") as subscription:
            await subscription.next_batch()
            return subscription.cursor

    cursor = within(lrs.data, before)
    more = asyncio.run(answers(lrs.data, headers, "statements?limit=2"))[0].json()["more"]
    lrs("backup", str(tmp_path / "b.tar"))
    write(lrs.data, 5)
    lrs("restore", str(tmp_path / "b.tar"), "--force")
    paths = [f"statements?after={cursor}", f"changes?after={cursor}", more.removeprefix("/xapi/")]
    for answer in asyncio.run(answers(lrs.data, headers, *paths)):
        assert (answer.status_code, answer.json()["code"]) == (410, "epoch_changed")

    async def after(engine: Engine) -> None:
        with pytest.raises(EpochChanged):
            await engine.subscribe(start=After(cursor)).open()
        with pytest.raises(EpochChanged):
            await engine.subscribe(durable="k").open()
        async with engine.subscribe(durable="k", reset=True, start="beginning") as subscription:
            batch = await subscription.next_batch()
            assert batch is not None
            assert len(batch.payloads) == 5

    within(lrs.data, after)


async def answers(folder: Path, headers: dict[str, str], *paths: str) -> list[httpx.Response]:
    app = create_app(Settings(data=folder))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://lrs") as client:
        found = [await client.get(f"/xapi/{path}", headers=headers) for path in paths]
    await app.stop()
    return found


def test_nothing_is_replaced_unless_it_is_said(lrs: Shell, tmp_path: Path) -> None:
    made = write(lrs.data)
    file = str(tmp_path / "b.tar")
    lrs("backup", file)
    assert "--force" in lrs.refused("backup", file)
    lrs("backup", file, "--force")
    newer = write(lrs.data)
    assert "--force" in lrs.refused("restore", file)
    assert ids(lrs.data) == made + newer
    lrs("restore", file, "--force")
    assert ids(lrs.data) == made


def test_what_lay_in_the_store_before_is_gone_after_a_restore(lrs: Shell, other: Shell, tmp_path: Path) -> None:
    """Attachments of the history that was replaced too, and what was not yet moved out of the write-ahead log."""
    made = write(lrs.data)
    lrs("backup", str(tmp_path / "b.tar"))
    carried = carrying(attachment(DATA))
    within(other.data, lambda engine: engine.append([carried], attachments={sha2(DATA): DATA}))
    beside = other.data / "lrs.sqlite3-wal"
    beside.write_bytes(b"x" * 4096)
    other("restore", str(tmp_path / "b.tar"), "--force")
    assert ids(other.data) == made
    assert not list((other.data / "attachments").glob("*/*"))
    assert not list(other.data.glob(".lrs-*"))


def test_a_store_that_is_open_is_not_replaced(lrs: Shell, tmp_path: Path) -> None:
    made = write(lrs.data)
    file = str(tmp_path / "b.tar")

    async def work(_: Engine) -> None:
        # Backing up is fine meanwhile.
        lrs("backup", file)
        assert "stop the server" in lrs.refused("restore", file, "--force")

    within(lrs.data, work)
    assert ids(lrs.data) == made


def test_a_store_that_does_not_exist_is_not_backed_up(lrs: Shell, tmp_path: Path) -> None:
    assert "no store" in lrs.refused("backup", str(tmp_path / "b.tar"))
    assert not (tmp_path / "b.tar").exists()


def test_attachments_whose_data_is_gone_are_told_and_the_rest_is_saved(
    lrs: Shell, other: Shell, tmp_path: Path
) -> None:
    carried = carrying(attachment(DATA))
    within(lrs.data, lambda engine: engine.append([carried], attachments={sha2(DATA): DATA}))
    for path in (lrs.data / "attachments").glob(f"*/{sha2(DATA)}"):
        path.unlink()
    assert sha2(DATA) in lrs("backup", str(tmp_path / "b.tar"), exit_code=1).stderr
    restored = other("restore", str(tmp_path / "b.tar"))
    assert "1 attachments" in restored.stderr
    assert ids(other.data) == [carried["id"]]


def repacked(source: Path, target: Path, change: Callable[[str, bytes], list[tuple[str, bytes]]]) -> str:
    """``source`` with its members changed."""
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for member in old:
            content = old.extractfile(member)
            assert content is not None
            for name, data in change(member.name, content.read()):
                made = tarfile.TarInfo(name)
                made.size = len(data)
                new.addfile(made, io.BytesIO(data))
    return str(target)


@pytest.fixture
def saved(lrs: Shell, tmp_path: Path) -> Path:
    """A backup with one statement and its attachment."""
    within(lrs.data, lambda engine: engine.append([carrying(attachment(DATA))], attachments={sha2(DATA): DATA}))
    lrs("backup", str(tmp_path / "b.tar"))
    return tmp_path / "b.tar"


CHANGES: dict[str, tuple[Callable[[str, bytes], list[tuple[str, bytes]]], str]] = {
    "altered record": (lambda n, d: [(n, d.replace(b"ann", b"bob") if n == "lrs.sqlite3" else d)], "differ"),
    "altered attachment": (lambda n, d: [(n, b"x" + d if n.startswith("att") else d)], "another|something else"),
    "no database": (lambda n, d: [] if n == "lrs.sqlite3" else [(n, d)], "missing"),
    "no end": (lambda n, d: [] if n == "lrs-backup.end" else [(n, d)], "missing"),
    "other database": (lambda n, d: [(n, b"not a database" * 999 if n == "lrs.sqlite3" else d)], "not a store"),
    "empty database": (lambda n, d: [(n, b"" if n == "lrs.sqlite3" else d)], "not a store"),
    "no manifest": (lambda n, d: [] if n == "lrs-backup.json" else [(n, d)], "not a backup"),
    "other manifest": (lambda n, d: [(n, b"[]" if n == "lrs-backup.json" else d)], "not a backup"),
    "newer format": (
        lambda n, d: [(n, orjson.dumps({"format": 2}) if n == "lrs-backup.json" else d)],
        "format 2",
    ),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_backup_that_is_not_whole_changes_nothing(saved: Path, other: Shell, tmp_path: Path, kind: str) -> None:
    made = write(other.data)
    change, said = CHANGES[kind]
    bad = repacked(saved, tmp_path / "bad.tar", change)
    error = other("restore", bad, "--force", exit_code=1).stderr
    assert any(word in error for word in said.split("|")), error
    assert ids(other.data) == made
    assert not list(other.data.glob(".lrs-*"))


@pytest.mark.parametrize("part", [0, 0.001, 0.1, 0.5, 0.9])
def test_a_backup_that_was_cut_off_is_refused(saved: Path, other: Shell, part: float) -> None:
    whole = saved.read_bytes()
    saved.write_bytes(whole[: int(len(whole) * part)])
    other("restore", str(saved), exit_code=1)
    assert not (other.data / "lrs.sqlite3").exists()


def test_a_file_of_another_kind_is_refused(other: Shell, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("hello" * 1000)
    assert "not a whole backup" in other("restore", str(tmp_path / "x.txt"), exit_code=1).stderr


def test_members_that_do_not_belong_are_written_nowhere(saved: Path, other: Shell, tmp_path: Path) -> None:
    """The attack: a file that unpacks over others (path traversal)."""
    strange = [
        "../evil",
        "/tmp/evil-of-a-backup",
        "attachments/../../evil",
        f"attachments/00/{sha2(DATA)}",
        "x/lrs.sqlite3",
    ]

    def add(name: str, data: bytes) -> list[tuple[str, bytes]]:
        return [(name, data)] if name != "lrs-backup.json" else [(name, data), *((one, b"evil") for one in strange)]

    other("restore", repacked(saved, tmp_path / "bad.tar", add))
    assert not list(tmp_path.rglob("evil*"))
    assert not Path("/tmp/evil-of-a-backup").exists()
    assert len(list((other.data / "attachments").glob("*/*"))) == 1


def test_changes_of_a_restored_store_can_be_followed_from_the_beginning(
    lrs: Shell, other: Shell, tmp_path: Path
) -> None:
    made = write(lrs.data)
    lrs("backup", str(tmp_path / "b.tar"))
    other("restore", str(tmp_path / "b.tar"))

    async def read(engine: Engine) -> list[str]:
        page = engine.log.changes(EVERYTHING, UNRESTRICTED_VISIBILITY, after=Place(0), limit=10, bytes_max=10**6)
        return [orjson.loads(record.payload)["id"] for record in page.records]

    assert within(other.data, read) == made
