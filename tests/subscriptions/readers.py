"""Readers by each door, in memory: what they are sent, as ranges of the log with the statements in them."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlencode

import orjson

from lrs.auth.principal import Principal
from lrs.statements.match import Visibility, visibility
from lrs.statements.record import Place
from lrs.subscriptions.http.changes import ChangesResource
from lrs.subscriptions.http.events import EventResource
from tests.subscriptions.pipes import Client, House

Heard = tuple[Place, Place, list[str]]
"""(place told before, place told with it, ids of the statements in between)."""


class Reader:
    """``sights``: what it may see, each with the place after which it counts. ``got``: (place, id) of what it was sent.

    ``began``: the place after which it is to be told everything. ``takes``: it does not stall.
    """

    def __init__(self, house: House, who: Principal, members: dict[str, Any], start: str) -> None:
        self.house = house
        self.who = who
        self.name = who.consumer
        self.members = members
        self.began = Place(0) if start == "beginning" else house.log.end()
        self.sights: list[tuple[int, Visibility]] = [(-1, visibility(who))]
        self.got: list[tuple[int, bytes]] = []
        self.takes = asyncio.Event()
        self.takes.set()
        self.told = house.log.cursors.seal(self.began)
        self.task: asyncio.Task[None] | None = None
        self._heard: list[Heard] = []

    @property
    def connected(self) -> bool:
        return self.task is not None and not self.task.done()

    @property
    def place(self) -> Place:
        """Up to where it was decided what it sees."""
        for guest in self.house.sessions:
            if guest.credential == self.who.credential:
                for subscription in guest.subscriptions:
                    return subscription.place
        return self._at(self.told)

    def heard(self) -> list[Heard]:
        """What came since this was last asked."""
        heard, self._heard = self._heard, []
        return heard

    async def connect(self) -> None:
        """Come, or come back."""
        raise NotImplementedError

    async def leave(self) -> None:
        """Go without a word."""
        raise NotImplementedError

    def acknowledge(self) -> None:
        """All that was heard is dealt with; only some doors can be told."""

    async def drain(self) -> None:
        """Nothing more is written: take all that there is."""

    def _at(self, cursor: str) -> Place:
        return Place(self.house.log.cursors.open(cursor))

    def _take(self, prev: str, cursor: str, statements: list[dict[str, Any]]) -> None:
        assert prev == self.told, "something between two frames is missing"
        self._heard.append((self._at(prev), self._at(cursor), [one["id"] for one in statements]))
        self.told = cursor

    def _take_frame(self, frame: dict[str, Any]) -> None:
        match frame:
            case {"type": "statements", "prev": prev, "cursor": cursor, "statements": statements}:
                self._take(prev, cursor, statements)
            case {"type": "live", "cursor": cursor} | {"type": "heartbeat", "subs": {"main": cursor}}:
                self._take(self.told, cursor, [])
            case {"type": "subscribed", "after": cursor}:
                assert cursor == self.told
            case {"type": "error"}:
                raise AssertionError(frame)


class SocketReader(Reader):
    """By websocket; ``session.run`` with both ends in memory."""

    durable: str | None = None
    client: Client | None = None
    taken = connections = 0

    async def connect(self) -> None:
        self.connections += 1
        client = self.client = Client(direct=self.connections % 2 == 1)
        client._takes = self.takes
        self.taken = 0
        session = self.house.sessions.admit(self.who)
        self.task = asyncio.create_task(session.run(client, self.who))
        self._subscribe(client)

    def _subscribe(self, client: Client) -> None:
        client.say(type="subscribe", sub="main", filter=self.members, after=self.told)

    async def leave(self) -> None:
        if self.client is not None:
            self.client.leave()

    def heard(self) -> list[Heard]:
        if self.client is not None:
            frames = self.client.frames[self.taken :]
            self.taken += len(frames)
            for frame in frames:
                self._take_frame(orjson.loads(frame.data))
        return super().heard()


class DurableReader(SocketReader):
    """Comes back with a name alone."""

    begun = False
    acknowledged = ""

    def _subscribe(self, client: Client) -> None:
        first = {} if self.begun else {"after": self.told}
        self.acknowledged = self.acknowledged or self.told
        client.say(type="subscribe", sub="main", filter=self.members, durable=self.name, **first)

    def acknowledge(self) -> None:
        if self.connected and self.client is not None and self.begun:
            self.acknowledged = self.told
            self.client.say(type="ack", sub="main", cursor=self.told)

    def _take_frame(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "subscribed":
            assert frame["after"] == self.acknowledged, "not where it was acknowledged"
            self.begun = True
            self.told = self.acknowledged
            place = self._at(self.told)
            self.got = [one for one in self.got if one[0] <= place]
            # What was not acknowledged comes again, as it is to be seen by now.
            self.sights.append((place, self.sights[-1][1]))
        super()._take_frame(frame)


class EventReader(Reader):
    """By server-sent events, over ASGI."""

    def __init__(self, house: House, who: Principal, members: dict[str, Any], start: str) -> None:
        super().__init__(house, who, members, start)
        self._gone = asyncio.Event()
        self._body = b""

    async def connect(self) -> None:
        self._gone, self._body = asyncio.Event(), b""
        gone = self._gone
        headers = {"accept": "text/event-stream", "last-event-id": self.told}

        async def receive() -> dict[str, Any]:
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            await self.takes.wait()
            if gone.is_set():
                raise OSError
            assert message.get("status", 200) == 200
            self._body += message.get("body", b"")

        resource = EventResource(self.house.sessions)
        scope = _scope(self.name, "/xapi/stream", self.members, headers)
        self.task = asyncio.create_task(resource(scope, receive, send))

    async def leave(self) -> None:
        self._gone.set()
        self.takes.set()

    def heard(self) -> list[Heard]:
        *events, self._body = self._body.split(b"\n\n")
        for event in events:
            lines = dict(line.split(b": ", 1) for line in event.split(b"\n"))
            if b"data" in lines:
                frame = orjson.loads(lines[b"data"])
                self._take_frame(frame)
                assert b"id" not in lines or lines[b"id"].decode() == self.told
        return super().heard()


class PollReader(Reader):
    """By long poll, over ASGI: a connection is one poll, which waits."""

    async def connect(self, wait_s: int = 60) -> None:
        self.task = asyncio.create_task(self._poll(wait_s))

    async def leave(self) -> None:
        if self.task is not None:
            self.task.cancel()

    async def drain(self) -> None:
        await self.leave()
        while self._at(self.told) < self.house.log.end():
            await self._poll(0)

    async def _poll(self, wait_s: int) -> None:
        after = self.told
        body, status = b"", 0

        async def receive() -> dict[str, Any]:
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: Any) -> None:
            nonlocal body, status
            status = message.get("status", status)
            body += message.get("body", b"")

        asked = {**self.members, "after": [after], "wait": [str(wait_s)], "limit": ["3"]}
        scope = _scope(self.name, "/xapi/changes", asked, {})
        await ChangesResource(self.house.sessions)(scope, receive, send)
        answer = orjson.loads(body)
        if status == 200:
            self._take(after, answer["cursor"], answer["statements"])
        else:
            assert status == 401, answer


KINDS = (SocketReader, DurableReader, EventReader, PollReader)


def _scope(name: str, path: str, query: dict[str, list[str]], headers: dict[str, str]) -> dict[str, Any]:
    sent = {"authorization": f"Bearer {name}", **headers}
    return {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": urlencode(query, doseq=True).encode(),
        "headers": [(one.encode(), text.encode()) for one, text in sent.items()],
    }
