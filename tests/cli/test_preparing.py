"""An import that has its statements prepared by other processes."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest

from lrs.cli import preparing
from tests.cli.test_transfer import as_lines, exported, imported, made
from tests.samples import statement, voiding


@pytest.fixture
def mixed() -> list[dict[str, Any]]:
    """More than a few batches with everything that an import may meet, in an order that matters."""
    found = made(1_300)
    found[700] = voiding(found[3]["id"])
    found[900] = found[5]
    found[1_000] = found[6] | {"verb": {"id": "http://example.com/other"}}
    found[1_100] = {"id": str(uuid4()), "actor": {}}
    found[1_200] = statement(
        block="attached",
        attachments=[
            {
                "usageType": "http://example.com/a",
                "display": {"en": "a"},
                "contentType": "text/plain",
                "length": 1,
                "sha2": "0" * 64,
            }
        ],
    )
    return found


def test_it_stores_what_it_would_store_without_them(
    tmp_path: Path, mixed: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file.jsonl"
    file.write_bytes(as_lines(mixed[:600]) + b"{no JSON\n" + as_lines(mixed[600:]))
    plain = imported(tmp_path / "plain", file)
    asked: list[int] = []

    async def job(self: preparing.Preparation, bodies: list[bytes]) -> Any:
        asked.append(len(bodies))
        return await unwatched(self, bodies)

    unwatched = preparing.Preparation.job
    monkeypatch.setattr(preparing.Preparation, "job", job)
    monkeypatch.setattr(preparing, "WORTHWHILE_BYTES", 0)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    assert imported(tmp_path / "shared", file) == plain
    assert asked == [500, 500, 301]
    assert plain == {"read": 1_301, "stored": 1_297, "quarantined": 2, "repeats": 1, "conflicts": 1}

    def without_time(data: Path) -> list[bytes]:
        return [orjson.dumps({k: v for k, v in one.items() if k != "stored"}) for one in exported(data)]

    assert without_time(tmp_path / "shared") == without_time(tmp_path / "plain")


def test_a_small_import_is_done_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "ProcessPoolExecutor", None)
    file = tmp_path / "file.jsonl"
    file.write_bytes(as_lines(made(10)))
    assert imported(tmp_path / "data", file)["stored"] == 10


def test_the_process_that_writes_goes_before_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file.jsonl"
    file.write_bytes(as_lines(made(1)))
    nice: list[int] = []

    async def job(self: preparing.Preparation, bodies: list[bytes]) -> Any:
        nice.append(await asyncio.get_running_loop().run_in_executor(self._pool, os.nice, 0))
        return await unwatched(self, bodies)

    unwatched = preparing.Preparation.job
    monkeypatch.setattr(preparing.Preparation, "job", job)
    monkeypatch.setattr(preparing, "WORTHWHILE_BYTES", 0)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    assert imported(tmp_path / "data", file)["stored"] == 1
    assert nice == [min(os.nice(0) + preparing.NICER, 19)]
