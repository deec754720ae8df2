"""``lrs verify`` proves the data of attachments too."""

from __future__ import annotations

import asyncio
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
    assert (
        Shell(tmp_path)("verify").stdout
        == "2 records are whole and unaltered, and so is the data of attachments (1 files).\n"
    )


def test_data_that_was_altered_is_named(tmp_path: Path, stored: Path) -> None:
    stored.write_bytes(b"another essay")
    assert sha2(DATA) in Shell(tmp_path)("verify", exit_code=1).stderr


def test_data_that_is_missing_is_named(tmp_path: Path, stored: Path) -> None:
    stored.unlink()
    assert "is missing" in Shell(tmp_path)("verify", exit_code=1).stderr
