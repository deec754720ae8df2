"""Writing to a log in memory and reading subscriptions to it, without waiting."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson

from lrs.limits import Limits
from lrs.statements.match import Filter
from lrs.statements.record import Append
from lrs.subscriptions.filters import parse_filter
from lrs.subscriptions.hub import Batch, Hub, Subscription
from tests.samples import draft
from tests.subscriptions.loops import Inline, settle
from tests.subscriptions.memory_log import MemoryLog

SMALL = Limits(server_frame_statements_max=3, ring_statements_max=5, tail_poll_s=1)


def put(log: MemoryLog, *made: dict[str, Any]) -> list[str]:
    log.append_now(Append([draft(one) for one in made]))
    return [one["id"] for one in made]


def ids(batch: Batch | None) -> list[str]:
    assert batch is not None
    return [orjson.loads(payload)["id"] for payload in batch.payloads]


def course(key: str) -> Filter:
    return parse_filter({"course": [key]}, SMALL).filter


@asynccontextmanager
async def open_hub(log: MemoryLog, limits: Limits = SMALL) -> AsyncIterator[Hub]:
    async with Hub(log, limits, executor=Inline()) as hub:
        yield hub


async def all_now(subscription: Subscription) -> list[Batch]:
    """Every batch that is there without waiting."""
    batches = []
    await settle()
    while (batch := await subscription.read()) is not None:
        batches.append(batch)
    return batches


async def ids_now(subscription: Subscription) -> list[str]:
    return [one for batch in await all_now(subscription) for one in ids(batch)]
