"""A subscriber over the wire, as an adaptive engine is one; it checks what every subscriber may rely on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.described import check_sent
from tests.system.access import WAIT_S

PROTOCOL = "xapi-stream.v1"
_ASIDE = ("heartbeat", "live", "hello", "subscribed")


class Listener:
    """One connection. ``told``: by subscription, the last cursor that it was told, with which to go on elsewhere."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.told: dict[str, str] = {}

    async def say(self, **members: Any) -> None:
        """Send a frame."""
        await self.socket.send(json.dumps(members))

    async def next(self) -> dict[str, Any]:
        """The next frame, whatever it is; raises ConnectionClosed."""
        async with asyncio.timeout(WAIT_S):
            frame = check_sent(await self.socket.recv())
        match frame:
            case {"type": "statements", "sub": name, "prev": prev, "cursor": cursor, "statements": [_, *_]}:
                assert prev == self.told[name], "something between two frames is missing"
                self.told[name] = cursor
            case {"type": "subscribed", "sub": name, "after": cursor} | {"type": "live", "sub": name, "cursor": cursor}:
                self.told[name] = cursor
            case {"type": "heartbeat", "subs": told}:
                self.told.update(told)
            case {"type": "statements"}:
                raise AssertionError(f"a frame of another form: {frame}")
        return frame

    async def until(self, type_: str) -> dict[str, Any]:
        """The next frame of this type; only frames that may come at any time are passed over."""
        while True:
            frame = await self.next()
            if frame["type"] == type_:
                return frame
            assert frame["type"] in _ASIDE, frame

    async def subscribe(self, name: str = "s1", **members: Any) -> dict[str, Any]:
        """Begin a subscription and return the answer."""
        await self.say(type="subscribe", sub=name, **members)
        return await self.until("subscribed")

    async def ids(self, count: int) -> list[str]:
        """Ids of the next ``count`` statements."""
        found: list[str] = []
        while len(found) < count:
            found += [one["id"] for one in (await self.until("statements"))["statements"]]
        assert len(found) == count, found
        return found

    async def closed(self) -> int:
        """Wait until the server ends the connection; the close code."""
        with suppress(ConnectionClosed):
            async with asyncio.timeout(WAIT_S):
                while True:
                    await self.next()
        code = self.socket.close_code
        assert code not in (None, 1006), "it was cut off without a word"
        return code

    def cut(self) -> None:
        """End the connection as a network does that fails."""
        self.socket.transport.abort()


@asynccontextmanager
async def listening(
    url: str, headers: Mapping[str, str] | None = None, *, subprotocols: tuple[str, ...] = (PROTOCOL,)
) -> AsyncIterator[Listener]:
    """A connection to the stream at ``url``; raises websockets' InvalidStatus when it is refused."""
    async with connect(
        url,
        additional_headers=headers,
        subprotocols=[*map(Subprotocol, subprotocols)],
        compression=None,
        max_size=None,
        max_queue=None,
        open_timeout=WAIT_S,
        close_timeout=WAIT_S,
        proxy=None,
    ) as socket:
        yield Listener(socket)
