"""A subscriber that loses its connection again and again, and goes on from its last cursor."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from random import Random
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.system.access import authorization
from tests.system.listener import Listener, listening
from tests.system.server import Server

_NAME = "s1"
_FRAMES_MAX = 12
_RETRY_S = 0.05


class Follower:
    """``ids``: what it was sent, in order, over all of its connections; ``connections``: how many it had."""

    def __init__(
        self, server: Server, token: str, filter_: dict[str, list[Any]], chance: Random, *, start: str = "now"
    ) -> None:
        self.ids: list[str] = []
        self.connections = 0
        self.opened = asyncio.Event()
        self.server = server
        self.token = token
        self.filter = filter_
        self.chance = chance
        self.begin: dict[str, str] = {"from": start}
        self._head: str | None = None

    async def run(self) -> None:
        """Follow until ``finish`` names the end and it is reached."""
        while not self.finished:
            await self.connect()
            await asyncio.sleep(self.chance.uniform(0, _RETRY_S))

    def finish(self, head: str) -> None:
        """Nothing more is written: ``head`` is the cursor at which to end."""
        self._head = head

    def go_on(self) -> None:
        """More is written: ``run`` may be called again, and goes on where it ended."""
        self._head = None

    @property
    def finished(self) -> bool:
        return self._head is not None and self.begin.get("after") == self._head

    def frames(self) -> int:
        """How many frames the next connection is to last."""
        return self.chance.randint(1, _FRAMES_MAX)

    def told(self, cursor: str) -> None:
        """Go on from there."""
        self.begin = {"after": cursor}
        self.opened.set()

    async def connect(self) -> None:
        """One connection, for some frames or until it breaks."""
        with suppress(ConnectionClosed, InvalidHandshake, OSError):
            async with listening(self.server.stream_url, authorization(self.token)) as listener:
                self.connections += 1
                await self._follow(listener)

    async def _follow(self, listener: Listener) -> None:
        await listener.say(type="subscribe", sub=_NAME, filter=self.filter, **self.begin)
        frames_left = self.frames()
        while not self.finished:
            frame = await listener.next()
            assert frame["type"] != "error", frame
            if frame["type"] == "statements":
                self.ids += [one["id"] for one in frame["statements"]]
            if _NAME in listener.told:
                self.told(listener.told[_NAME])
                frames_left -= 1
            if frames_left <= 0 and not self.finished:
                if self.chance.random() < 0.5:
                    listener.cut()
                return


async def head_of(server: Server, token: str) -> str:
    """The cursor of the newest record."""
    async with listening(server.stream_url, authorization(token)) as listener:
        head: str = (await listener.until("hello"))["head"]
        return head
