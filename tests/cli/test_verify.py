"""``lrs verify`` proves the data of attachments too, and what is made from the log."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from lrs import Engine, Settings
from tests.cli.invoke import Shell
from tests.samples import statement
from tests.statements.attached import attachment, carrying, sha2

DATA = b"an essay"


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """The file with the data of the one attachment in a store."""

    async def fill() -> Path:
        async with Engine(Settings(data=tmp_path)) as engine:
            made = carrying(attachment(DATA), attachment(b"elsewhere", fileUrl="http://example.com/x"))
            await engine.append([statement(), made], attachments={sha2(DATA): DATA})
            return (await engine.attachments(made["id"]))[sha2(DATA)]

    return asyncio.run(fill())


@pytest.mark.usefixtures("stored")
def test_a_whole_store_is_told_with_counts(tmp_path: Path) -> None:
    assert Shell(tmp_path).json("verify") == {"records": 2, "attachments": 1, "whole": True}
    assert Shell(tmp_path)("verify").stdout == (
        "2 records are whole and unaltered, and so is the data of attachments (1 files). "
        "What is made from them agrees.\n"
    )


def test_data_that_was_altered_is_named(tmp_path: Path, stored: Path) -> None:
    stored.write_bytes(b"another essay")
    assert sha2(DATA) in Shell(tmp_path)("verify", exit_code=1).stderr


def test_data_that_is_missing_is_named(tmp_path: Path, stored: Path) -> None:
    stored.unlink()
    assert "is missing" in Shell(tmp_path)("verify", exit_code=1).stderr


@pytest.mark.usefixtures("stored")
def test_an_index_that_does_not_agree_is_told_with_the_place(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "lrs.sqlite3", isolation_level=None)) as other:
        other.execute("INSERT INTO record_key (rowid, keys) VALUES (2, '9999')")
    told = Shell(tmp_path)("verify", exit_code=1).stderr
    assert "position 2: the key index holds other keys than the record; the log itself is whole" in told


@pytest.mark.usefixtures("stored")
def test_a_durable_cursor_beyond_the_end_of_the_log_is_told(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "lrs.sqlite3", isolation_level=None)) as other:
        epochs = "INSERT INTO durable_cursor SELECT 7, ?, {}, 3, 0 FROM log_identity"
        other.execute(epochs.format("x'00'"), ("earlier",))
        Shell(tmp_path)("verify")
        other.execute(epochs.format("epoch"), ("knowledge",))
    told = Shell(tmp_path)("verify", exit_code=1).stderr
    assert "durable cursor 'knowledge' of consumer 7: it stands at place 3, and the log ends at 2" in told
