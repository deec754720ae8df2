"""A subscriber by server-sent events; it checks what every subscriber may rely on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.described import BY_EVENTS, check_sent
from tests.system.access import WAIT_S, client
from tests.system.server import Server


class Events:
    """Frames of one answer; ``last_id`` is what to come back with."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.aiter_lines()
        self.last_id = ""

    async def next(self) -> dict[str, Any]:
        """The next frame; StopAsyncIteration at the end."""
        told = self.last_id
        async with asyncio.timeout(WAIT_S):
            while True:
                name, _, value = (await anext(self._lines)).partition(": ")
                if name == "id":
                    self.last_id = value
                if name == "data":
                    frame = check_sent(value, BY_EVENTS)
                    if frame["type"] == "statements":
                        assert frame["prev"] == told, "something between two events is missing"
                        assert frame["cursor"] == self.last_id
                    return frame

    async def until(self, type_: str) -> dict[str, Any]:
        while (frame := await self.next())["type"] != type_:
            continue
        return frame

    async def ids(self, count: int) -> list[str]:
        found: list[str] = []
        while len(found) < count:
            found += [one["id"] for one in (await self.until("statements"))["statements"]]
        assert len(found) == count
        return found


@asynccontextmanager
async def following(server: Server, token: str, query: str = "", *, last_id: str = "") -> AsyncIterator[Events]:
    headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last_id} if last_id else {})}
    async with (
        client(server, token) as requester,
        requester.stream("GET", f"/xapi/stream{query}", headers=headers) as answer,
    ):
        assert answer.status_code == 200
        yield Events(answer)
