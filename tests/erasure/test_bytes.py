"""No byte of a learner is left in any file, and the rest of the store is as it was."""

from __future__ import annotations

import asyncio
import tarfile
from pathlib import Path
from typing import Any

import orjson
import pytest

from lrs import Engine, Settings
from lrs.auth.consumers import OWNER_ID
from lrs.cli.erase import traces_left
from lrs.documents.documents import Content, Context, Kind
from lrs.documents.sqlite import SqliteDocuments
from lrs.errors import InvalidParameter
from lrs.statements.learners import Learner
from lrs.statements.sqlite.packing import Unpacker
from lrs.storage.sqlite import connect
from tests.cli.invoke import Shell
from tests.samples import COURSE_B, LMS, agent, statement
from tests.statements.attached import attachment, carrying, sha2

NAME = "adelheid-von-gross-und-klein"
MAIL = "adelheid.grossundklein@secret.example"
LEARNER = {"objectType": "Agent", "account": {"homePage": LMS, "name": NAME}}
MAILBOX = {"objectType": "Agent", "mbox": f"mailto:{MAIL}"}
TRACES = (NAME.encode(), MAIL.encode())
ESSAY, SHARED = f"an essay of {NAME}".encode(), b"what all got"


def files_with(folder: Path, *texts: bytes) -> list[str]:
    return [
        path.name
        for path in sorted(folder.rglob("*"))
        if path.is_file() and any(text in path.read_bytes() for text in texts)
    ]


def decoded(folder: Path) -> bytes:
    """All payloads of the log, unpacked."""
    connection, unpacker = connect(folder / "lrs.sqlite3"), Unpacker()
    rows = connection.execute("SELECT payload FROM record WHERE payload <> x''").fetchall()
    found = b"\n".join(unpacker.unpack(connection, packed) for (packed,) in rows)
    connection.close()
    return found


async def fill(engine: Engine) -> None:
    """A class of forty, with the learner everywhere among them."""
    for number in range(40):
        await engine.append(
            [statement(learner=f"learner-number-{number:03}", course=f"course-v1:Org+C{n}+1") for n in range(5)]
            + [statement(learner=NAME, course=f"course-v1:Org+C{n}+1") for n in range(3)]
            + [statement(actor=MAILBOX, course=COURSE_B)]
        )
    both = [attachment(ESSAY), attachment(SHARED)]
    await engine.append(carrying(*both, actor=LEARNER), attachments={sha2(ESSAY): ESSAY, sha2(SHARED): SHARED})
    await engine.append(carrying(attachment(SHARED)), attachments={sha2(SHARED): SHARED})
    await engine.append(statement(learner="bob", context={"instructor": LEARNER}))
    trusted = engine.owner.__class__(
        **{name: getattr(engine.owner, name) for name in engine.owner.__slots__ if name != "trusted"}, trusted=True
    )
    made = statement(learner="bob")
    for body in (
        made,
        made | {"result": {"response": f"ask {MAIL}"}},
        {"actor": LEARNER, "verb": "none"},
        b"{" + TRACES[1],
    ):
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        await engine.statements.store_body(raw, trusted, "1.0.3")
    documents = SqliteDocuments(engine.store)
    with engine.store.writing():
        for number in range(60):
            _document(documents, f"account|{LMS}|learner-number-{number:03}", number)
            _document(documents, f"account|{LMS}|{NAME}", number)


def _document(documents: SqliteDocuments, agent_name: str, number: int) -> None:
    context = Context(Kind.STATE, f"{LMS}/xblock/{number}", agent_name)
    content = Content("application/json", orjson.dumps({"of": agent_name}))
    documents.change(context, f"d{number} of {agent_name}", lambda _: content)


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    async def run() -> None:
        async with Engine(Settings(data=tmp_path / "data")) as engine:
            await fill(engine)

    asyncio.run(run())
    return tmp_path / "data"


def test_nothing_is_left_in_any_file_nor_in_later_backups(filled: Path, tmp_path: Path) -> None:
    lrs = Shell(filled)
    assert "lrs.sqlite3" in files_with(filled, *TRACES)
    who = ("--agent", orjson.dumps(LEARNER).decode(), "--agent", orjson.dumps(MAILBOX).decode())
    shown = lrs.json("erase", *who)
    expected = {"statements": 162, "documents": 60, "aside": 3}
    assert {name: shown[name] for name in expected} == expected
    assert shown["erased"] is False
    done = lrs.json("erase", *who, "--reason", "ticket 4711", "--yes")
    assert {name: done[name] for name in expected} == expected
    assert (done["attachments"], done["left"]) == (1, 0)
    assert files_with(filled, *TRACES) == []
    assert not any(text in decoded(filled) for text in TRACES)
    assert lrs.json("verify") == {"records": 364, "attachments": 1, "whole": True}
    lrs("backup", str(tmp_path / "later.tar"))
    with tarfile.open(tmp_path / "later.tar") as archive:
        for member in archive.getmembers():
            file = archive.extractfile(member)
            assert file is None or not any(text in file.read() for text in TRACES)
    assert len([one for one in lrs.json("audit", "--act", "learner") if one["details"]["reason"] == "ticket 4711"]) == 1


def test_a_second_time_there_is_nothing(filled: Path) -> None:
    who = ("--agent", orjson.dumps(LEARNER).decode(), "--yes")
    Shell(filled).json("erase", *who)
    again = Shell(filled).json("erase", *who)
    assert [again[name] for name in ("statements", "documents", "attachments", "aside")] == [0, 0, 0, 0]


def test_what_earlier_versions_left_is_told_and_compacting_takes_it(filled: Path) -> None:
    """A row that was deleted without overwriting it."""
    lrs = Shell(filled)
    who = ("--agent", orjson.dumps(LEARNER).decode(), "--yes")
    lrs.json("erase", *who)
    connection = connect(filled / "lrs.sqlite3")
    connection.execute("PRAGMA secure_delete=OFF")
    connection.execute("CREATE TABLE other (text TEXT)")
    connection.execute("INSERT INTO other VALUES (?)", (f"{LMS}|{NAME}",))
    connection.execute("DELETE FROM other")
    connection.close()
    assert "lrs compact" in lrs("erase", *who).stderr
    lrs("compact")
    assert traces_left(Settings(data=filled), Learner.of(LEARNER)) == 0
    assert lrs.json("verify")["whole"] is True


async def test_the_authority_of_a_consumer_is_no_learner(tmp_path: Path) -> None:
    async with Engine(Settings(data=tmp_path)) as engine:
        await engine.append(statement())
        with pytest.raises(InvalidParameter, match="authority of the consumer owner"):
            await engine.erase(engine.owner.authority)
        assert engine.owner.consumer_id == OWNER_ID


async def test_a_program_erases_by_the_engine(tmp_path: Path) -> None:
    async with Engine(Settings(data=tmp_path)) as engine:
        await engine.append([statement(learner="ann"), statement(learner="bob")])
        done = await engine.erase(agent("ann"))
        assert done.amounts.statements == 1
        assert [one["actor"] async for one in engine.query()] == [agent("bob")]


@pytest.mark.parametrize("agents", [[], {}, {"objectType": "Group", "member": []}, "ann", [agent("a")] * 101])
def test_who_is_meant_must_be_clear(agents: Any) -> None:
    with pytest.raises(InvalidParameter):
        Learner.of(agents)
