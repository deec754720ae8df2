"""What one process tells of itself and of its siblings."""

from __future__ import annotations

import os
import time
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from lrs.config import Settings
from lrs.engine import Engine
from lrs.monitoring.service import STALE_S, Monitoring
from lrs.storage.siblings import Siblings
from tests.samples import statement


async def series(monitoring: Monitoring, name: str) -> dict[str, float]:
    """By worker."""
    monitoring._scraped.clear()
    body, _ = await monitoring.metrics("")
    return {
        sample.labels.get("worker", ""): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
        if sample.name == name
    }


async def test_a_single_process_leaves_nothing_on_disk(tmp_path: Path) -> None:
    async with Engine(Settings(data=tmp_path)) as engine, Monitoring(engine, "1") as monitoring:
        assert await series(monitoring, "lrs_info") == {"0": 1}
    assert not (tmp_path / "workers").exists()


async def test_one_worker_tells_what_another_has_told_before_it(tmp_path: Path) -> None:
    """So that no counter seems to go back, whichever worker the next scrape meets."""
    settings = Settings(data=tmp_path, workers=2)
    async with (
        Engine(settings) as one,
        Engine(settings) as other,
        Monitoring(one, "1") as first,
        Monitoring(other, "1") as second,
    ):
        await one.append([statement() for _ in range(3)])
        told = await series(first, "lrs_statements_stored_total")
        assert told["0"] == 3
        assert (await series(second, "lrs_statements_stored_total"))["0"] == 3


async def test_a_worker_that_tells_nothing_is_not_told_of_for_long(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, workers=2)
    async with Engine(settings) as engine, Monitoring(engine, "1") as monitoring:
        other = Siblings(tmp_path / "workers", f"worker-{settings.port}")
        other.tell(b'[["lrs_info",["1"],1,[]]]')
        assert set(await series(monitoring, "lrs_info")) == {"0", "1"}
        path = tmp_path / "workers" / f"worker-{settings.port}-1.json"
        os.utime(path, (0, time.time() - STALE_S - 1))
        assert set(await series(monitoring, "lrs_info")) == {"0"}
        other.close()


async def test_what_a_worker_told_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, workers=2)
    async with Engine(settings) as engine, Monitoring(engine, "1") as monitoring:
        other = Siblings(tmp_path / "workers", f"worker-{settings.port}")
        other.tell(b"[[1")
        assert set(await series(monitoring, "lrs_info")) == {"0"}
        other.close()


async def test_scrapes_that_follow_at_once_cost_nothing(tmp_path: Path) -> None:
    """The page is open to everybody, and none of them may keep the server busy with it."""
    async with Engine(Settings(data=tmp_path)) as engine, Monitoring(engine, "1") as monitoring:
        first = await monitoring.metrics("")
        await engine.append(statement())
        for accept in ("", "text/plain", "text/plain; n=1", "x/y"):
            assert await monitoring.metrics(accept) is first


async def test_a_subscriber_that_is_behind_shows_as_lag(tmp_path: Path) -> None:
    async with Engine(Settings(data=tmp_path)) as engine, Monitoring(engine, "1") as monitoring:
        await engine.append(statement())
        place = engine.log.end()
        await engine.append(statement())
        lags = list(monitoring._lags_s([None, place, None]))
        assert lags[0] == lags[2] == 0
        assert 0 < lags[1] < 60
