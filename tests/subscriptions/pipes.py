"""Both ends of a connection in memory, with a clock that moves when told and credentials that change when told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import orjson

from lrs.auth.principal import Principal
from lrs.clock import FixedClock
from lrs.errors import LrsError, Unauthenticated
from lrs.limits import Limits
from lrs.statements.record import Append
from lrs.subscriptions.frames import Frame
from lrs.subscriptions.hub import Hub
from lrs.subscriptions.openings import Opening
from lrs.subscriptions.session.registry import Sessions
from lrs.subscriptions.writer import CursorWriter
from tests.samples import draft, principal
from tests.subscriptions.loops import Inline, settle
from tests.subscriptions.memory_durables import MemoryDurables
from tests.subscriptions.memory_log import MemoryLog

# Time passes only by ``House.pass_time``: what would look at the real clock looks rarely.
STILL: dict[str, Any] = {"credential_check_s": 3600, "tail_poll_s": 3600}


class Credentials:
    """``held``: what each token, by its text, is worth now."""

    def __init__(self) -> None:
        self.held: dict[str, Principal | LrsError] = {}
        self.number = 0
        self.failure: LrsError | None = None
        self.checks = 0

    def change(self, token: str, worth: Principal | LrsError) -> None:
        self.held[token] = worth
        self.number += 1

    def principal_for_authorization(self, header: str | None) -> Principal:
        return self.principal_for_token((header or "").removeprefix("Bearer "))

    def principal_for_token(self, token: str) -> Principal:
        worth = self.held.get(token, Unauthenticated("unknown"))
        if isinstance(worth, LrsError):
            raise worth
        return worth

    def still_good(self, principal: Principal) -> Principal:
        self.checks += 1
        return self.principal_for_token(principal.credential.removeprefix("key:"))

    def generation(self) -> int:
        if self.failure is not None:
            raise self.failure
        return self.number


class Client:
    """The far end: what it was sent, what it says, and how it was closed. ``direct``: whether there is such a way."""

    def __init__(self, *, direct: bool = True) -> None:
        self.direct = self if direct else None
        self.frames: list[Frame] = []
        self.closed: tuple[int, str] | None = None
        self.closed_from_here = False
        self._says: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self._takes = asyncio.Event()
        self._takes.set()

    async def send(self, frame: Frame) -> None:
        await self._takes.wait()
        if self.closed_from_here:
            raise ConnectionResetError
        self.frames.append(frame)

    @property
    def ready(self) -> bool:
        return self._takes.is_set() and not self.closed_from_here

    def take(self, frame: Frame) -> bool:
        if self.ready:
            self.frames.append(frame)
        return self.ready

    @property
    def cut(self) -> None:
        return None

    async def receive(self) -> str | bytes | None:
        return await self._says.get()

    async def close(self, code: int, reason: str) -> None:
        await self._takes.wait()
        assert self.closed is None
        self.closed = (code, reason)

    def say(self, **frame: Any) -> None:
        self.say_raw(orjson.dumps(frame).decode())

    def say_raw(self, data: str | bytes) -> None:
        self._says.put_nowait(data)

    def stall(self) -> None:
        self._takes.clear()

    def go_on(self) -> None:
        self._takes.set()

    def leave(self) -> None:
        self.closed_from_here = True
        self._takes.set()
        self._says.put_nowait(None)

    @property
    def heard(self) -> list[dict[str, Any]]:
        return [orjson.loads(frame.data) for frame in self.frames]

    @property
    def types(self) -> list[str]:
        return [frame["type"] for frame in self.heard]

    def last(self, type_: str) -> dict[str, Any]:
        """The last frame of this type."""
        return next(frame for frame in reversed(self.heard) if frame["type"] == type_)

    @property
    def code(self) -> int | None:
        return self.closed[0] if self.closed else None


class House:
    """A hub with its sessions over a log in memory."""

    direct = True

    def __init__(self, **limits: Any) -> None:
        self.log = MemoryLog()
        self.clock = FixedClock()
        self.credentials = Credentials()
        self.limits = Limits(**(STILL | limits))
        self.durables = MemoryDurables()
        most = self.limits.durable_cursors_max
        writer = CursorWriter(self.durables, self.clock, epoch=self.log.cursors.epoch, most=most)
        self.hub = Hub(self.log, self.limits, executor=Inline(), durables=writer)
        self.sessions = Sessions(self.hub, self.credentials, clock=self.clock)
        self.tasks: list[asyncio.Task[None]] = []

    def reader(self, name: str = "engine", *, expires_in_s: float | None = None, **members: Any) -> Principal:
        """A principal that may stream, whose token is its name."""
        who = principal(name, **({"scopes": ("stream",)} | members))
        if expires_in_s is not None:
            who = replace(who, expires_at_us=self.clock.now_us() + int(expires_in_s * 1_000_000))
        self.credentials.held[name] = who
        return who

    async def connect(self, who: Principal | None = None, opening: Opening | LrsError | None = None) -> Client:
        """A connection whose handshake named ``who``."""
        client = Client(direct=self.direct)
        session = self.sessions.admit(who, opening)
        self.tasks.append(asyncio.create_task(session.run(client, who)))
        await settle()
        return client

    def put(self, *made: dict[str, Any]) -> list[str]:
        self.log.append_now(Append([draft(one) for one in made]))
        return [one["id"] for one in made]

    async def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        await self.sessions.tick()
        await settle()


@asynccontextmanager
async def open_house(**limits: Any) -> AsyncIterator[House]:
    house = House(**limits)
    async with house.hub, house.sessions:
        yield house
    done, pending = await asyncio.wait(house.tasks) if house.tasks else (set(), set())
    assert not pending
    for task in done:
        task.result()
    assert len(house.sessions) == 0
    assert not house.hub.wanted
    assert not house.sessions.crowds


def chain(client: Client, name: str) -> list[str]:
    """Ids of the statements of one subscription, after checking that no cursor of it is missing (``prev``)."""
    told = None
    ids: list[str] = []
    for frame in client.heard:
        if frame["type"] == "heartbeat":
            told = frame["subs"].get(name, told)
        if frame.get("sub") != name:
            continue
        if frame["type"] == "subscribed":
            told = frame["after"]
        if frame["type"] == "statements":
            assert frame["prev"] == told
            ids += [one["id"] for one in frame["statements"]]
        if frame["type"] == "unsubscribed":
            assert frame["cursor"] == told
        told = frame.get("cursor", told)
    return ids


async def subscribed(house: House, who: Principal | None = None, /, **members: Any) -> Client:
    """A client with one subscription, ``s1``."""
    client = await house.connect(who or house.reader())
    client.say(type="subscribe", sub="s1", **members)
    await settle()
    assert client.types[:2] == ["hello", "subscribed"]
    return client
