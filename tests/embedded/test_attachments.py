"""Data of attachments without HTTP: the same checks, the same grants."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from lrs import Engine, Settings
from lrs.errors import InvalidAttachment
from tests.samples import COURSE_A, COURSE_B, principal
from tests.statements.attached import attachment, carrying, sha2


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(coroutine, 30))


def test_data_is_given_by_its_hash_and_found_as_a_file(tmp_path: Path) -> None:
    made = carrying(attachment(b"essay"), attachment(b"video", sha2=sha2(b"video").upper()))

    async def scenario() -> tuple[list[str], dict[str, bytes]]:
        async with Engine(Settings(data=tmp_path)) as engine:
            ids = await engine.append(made, attachments={sha2(b"essay"): b"essay", sha2(b"video"): b"video"})
        async with Engine(Settings(data=tmp_path)) as engine:
            files = await engine.attachments(made["id"])
            return ids, {name: path.read_bytes() for name, path in files.items()}

    assert run(scenario()) == ([made["id"]], {sha2(b"essay"): b"essay", sha2(b"video").upper(): b"video"})


@pytest.mark.parametrize(
    "given", [{}, {sha2(b"essay"): b"other"}, {sha2(b"other"): b"other"}, {"../x": b"essay"}, {sha2(b"essay")[1:]: b""}]
)
def test_data_that_does_not_fit_is_refused(tmp_path: Path, given: dict[str, bytes]) -> None:
    async def scenario() -> None:
        async with Engine(Settings(data=tmp_path)) as engine:
            await engine.append(carrying(attachment(b"essay")), attachments=given)

    with pytest.raises(InvalidAttachment):
        run(scenario())


def test_who_may_not_see_a_statement_does_not_find_its_files(tmp_path: Path) -> None:
    """Invariant 4."""
    made = carrying(attachment(b"essay"), course=COURSE_B)

    async def scenario() -> tuple[int, int]:
        async with Engine(Settings(data=tmp_path)) as engine:
            await engine.append(made, attachments={sha2(b"essay"): b"essay"})
            found = [
                await engine.attachments(made["id"], principal=principal("engine", number=5, courses=(course,)))
                for course in (COURSE_A, COURSE_B)
            ]
            return len(found[0]), len(found[1])

    assert run(scenario()) == (0, 1)
