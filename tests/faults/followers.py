"""Subscribers by the other doors, and one whose cursor the server keeps, whose connections break again and again."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import httpx
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.system.access import WAIT_S, authorization, client
from tests.system.events import following
from tests.system.follower import Follower
from tests.system.listener import Listener, listening

_NAME = "s1"
_DURABLE = "kept"
_POLL_S = 0.5
_ACKNOWLEDGED = 0.5
"""How often it acknowledges, and how often it takes its leave."""


class EventFollower(Follower):
    """By server-sent events; it comes back with the id of the last one."""

    async def connect(self) -> None:
        last_id = self.begin.get("after", "")
        with suppress(httpx.TransportError, StopAsyncIteration):
            query = str(httpx.QueryParams({**self.filter, **({} if last_id else self.begin)}))
            async with following(self.server, self.token, f"?{query}", last_id=last_id) as events:
                self.connections += 1
                frames_left = self.frames()
                while not self.finished and frames_left:
                    frame = await events.next()
                    assert frame["type"] != "error", frame
                    if frame["type"] == "statements":
                        self.ids += [one["id"] for one in frame["statements"]]
                    if events.last_id:
                        self.told(events.last_id)
                        frames_left -= 1


class PollFollower(Follower):
    """By long poll; each connection serves some polls."""

    async def connect(self) -> None:
        async with client(self.server, self.token) as poller:
            self.connections += 1
            for _ in range(self.frames()):
                if self.finished:
                    return
                limit = self.chance.choice((1, 7, 500))
                asked: dict[str, Any] = {**self.filter, **self.begin, "limit": limit, "wait": _POLL_S}
                try:
                    answer = await poller.get("/xapi/changes", params=asked)
                except httpx.TransportError:
                    return
                assert answer.status_code == 200, answer.text
                found = answer.json()
                self.ids += [one["id"] for one in found["statements"]]
                self.told(found["cursor"])


class DurableFollower(Follower):
    """Comes with a name alone, and takes what the server tells it to follow after.

    The server may have forgotten what was acknowledged right before it was killed: then that comes again, and counts
    once. It must never go on beyond what was acknowledged, nor before what it has told to be kept.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._dealt_with: dict[str, int] = {}
        self._acknowledged = 0
        self._kept = 0
        self.again = 0

    async def connect(self) -> None:
        with suppress(ConnectionClosed, InvalidHandshake, OSError):
            async with listening(self.server.stream_url, authorization(self.token)) as listener:
                self.connections += 1
                await listener.until("hello")
                await self._resume(listener)
                await self._take(listener)

    async def _resume(self, listener: Listener) -> None:
        start = self.begin if "from" in self.begin else {}
        cursor = (await listener.subscribe(_NAME, filter=self.filter, durable=_DURABLE, **start))["after"]
        if start:
            self._dealt_with[cursor] = 0
        assert cursor in self._dealt_with, "a cursor that it was never told"
        count = self._dealt_with[cursor]
        assert self._kept <= count <= self._acknowledged, "not where it was acknowledged"
        self.again += len(self.ids) - count
        del self.ids[count:]
        self.told(cursor)

    async def _take(self, listener: Listener) -> None:
        frames_left, acknowledged = self.frames(), 0
        while not self.finished and frames_left:
            frame = await listener.next()
            assert frame["type"] != "error", frame
            if frame["type"] == "statements":
                self.ids += [one["id"] for one in frame["statements"]]
            cursor = listener.told[_NAME]
            assert self._dealt_with.setdefault(cursor, len(self.ids)) == len(self.ids), "a cursor of another place"
            self.told(cursor)
            frames_left -= 1
            if self.chance.random() < _ACKNOWLEDGED:
                # Counted before it leaves: the server may take it, and be killed before anything comes back.
                acknowledged = len(self.ids)
                self._acknowledged = max(self._acknowledged, acknowledged)
                await listener.say(type="ack", sub=_NAME, cursor=cursor)
        if self.chance.random() < _ACKNOWLEDGED:
            await self._leave(listener)
            self._kept = max(self._kept, acknowledged)
        else:
            listener.cut()

    async def _leave(self, listener: Listener) -> None:
        """Unsubscribe in good order: what was acknowledged on this connection is on disk by then."""
        await listener.say(type="unsubscribe", sub=_NAME)
        async with asyncio.timeout(WAIT_S):
            while (frame := await listener.next())["type"] != "unsubscribed":
                assert frame["type"] != "error", frame
