"""What is refused before the writer sees it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from lrs import Engine, Settings
from lrs.errors import InvalidStatement
from lrs.statements.intake import CHUNK_STATEMENTS
from tests.samples import statement


@pytest.mark.parametrize("between", [0, CHUNK_STATEMENTS])
def test_a_batch_with_an_id_twice_is_refused_as_a_whole(tmp_path: Path, between: int) -> None:
    """Even when the statements are the same (Communication 2.1.2, 9274.1.1 4.1.6.1)."""
    made = statement()
    again = made | {"id": made["id"].upper()}

    async def scenario() -> int:
        async with Engine(Settings(data=tmp_path)) as engine:
            with pytest.raises(InvalidStatement) as refused:
                await engine.append([made, *(statement() for _ in range(between)), again])
            assert [problem.path for problem in refused.value.problems] == [f"$[{between + 1}].id"]
            return len([one async for one in engine.query()])

    assert asyncio.run(scenario()) == 0
