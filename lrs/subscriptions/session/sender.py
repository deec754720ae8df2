"""What is on its way to one client: answers first, then one batch of one subscription, in turn."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from lrs.subscriptions import frames
from lrs.subscriptions.client_frames import RequestId
from lrs.subscriptions.effects import Beat, Stop
from lrs.subscriptions.frames import Frame
from lrs.subscriptions.hub import Batch, Subscription
from lrs.subscriptions.session.crowd import Crowd
from lrs.subscriptions.session.transport import Direct, Transport

if TYPE_CHECKING:
    from lrs.subscriptions.session.registry import Guest, Sessions

OUTBOX_FRAMES_MAX = 64
"""A client that sends requests and takes no answers is not read any further."""


class Opened(NamedTuple):
    """A subscription whose answer is due; it begins with that."""

    re: RequestId
    name: str
    subscription: Subscription


Due = Frame | Opened | Stop | Beat


class Sender:
    """Sends to ``guest`` what is put into the outbox, and what its ``subscriptions`` have, by name.

    All that tells a cursor is built right before it is sent, so that ``prev`` is always what the client was told last.
    ``sending_since_s``: since when a frame waits to be taken, by the monotonic clock; infinity when none does.
    """

    __slots__ = (
        "_bytes_sent",
        "_crowds",
        "_direct",
        "_ending",
        "_guest",
        "_hub",
        "_ready",
        "_room",
        "_sessions",
        "_waiter",
        "outbox",
        "sending_since_s",
        "subscriptions",
    )

    def __init__(self, sessions: Sessions, guest: Guest) -> None:
        self._bytes_sent = 0
        # The crowds that send what its subscriptions have, and what each of them had sent when it began with that.
        self._crowds: dict[Crowd, int] = {}
        self.outbox: deque[Due] = deque()
        self.sending_since_s = float("inf")
        self.subscriptions: dict[str, Subscription] = {}
        self._sessions = sessions
        self._hub = sessions.hub
        self._guest = guest
        # Names of subscriptions that may have something, in the order in which they are asked.
        self._ready: dict[str, None] = {}
        self._ending = False
        self._direct: Direct | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None

    def put(self, due: Due) -> None:
        """Send ``due`` after all that is due already."""
        # A heartbeat that waits still tells what is true when it is sent.
        if not (isinstance(due, Beat) and any(isinstance(one, Beat) for one in self.outbox)):
            self.outbox.append(due)
        self._wake()

    def notify(self, name: str) -> None:
        """The subscription ``name`` may have something."""
        waiter, direct, subscription = self._waiter, self._direct, self.subscriptions.get(name)
        if waiter is not None and direct is not None and subscription is not None and not waiter.done():
            # That is how most statements leave: waking the task that sends costs more than sending.
            try:
                if direct.ready and self._sent_at_once(direct, name, subscription):
                    return
            except Exception as error:  # noqa: BLE001
                # Whoever brings the news to all subscriptions has nothing to do with it: ``run`` raises it.
                waiter.set_exception(error)
                return
        self._ready[name] = None
        self._wake()

    def _sent_at_once(self, direct: Direct, name: str, subscription: Subscription) -> bool:
        """Send what the subscription has in memory; whether that was all, so that ``run`` has nothing to see to."""
        batch = subscription.read_at_once()
        if batch is None:
            return False
        frame = self._hub.frame(name, batch)
        direct.take(frame)
        self._was_sent(batch, frame)
        if batch.more:
            return False
        channel = subscription.resting_in
        if channel is not None:
            crowd = self._sessions.crowd(channel, name, batch.place)
            if crowd.place == batch.place:
                self._crowds[crowd] = crowd.bytes_sent
                crowd.enter(subscription, self, direct)
        return True

    def left(self, crowd: Crowd) -> None:
        """``crowd`` no longer sends for this."""
        self._bytes_sent += crowd.bytes_sent - self._crowds.pop(crowd)

    @property
    def bytes_sent(self) -> int:
        """What the client was sent so far."""
        return self._bytes_sent + sum(crowd.bytes_sent - before for crowd, before in self._crowds.items())

    @property
    def consumer_id(self) -> int:
        """Who is connected; known once there is a subscription."""
        assert self._guest.principal is not None
        return self._guest.principal.consumer_id

    def end(self) -> None:
        """Send what is due, but no more batches."""
        for subscription in self.subscriptions.values():
            subscription.stand_alone()
        self._ending = True
        self._wake()

    async def room(self) -> None:
        """Return when the client has taken enough answers to be read further."""
        while len(self.outbox) > OUTBOX_FRAMES_MAX:
            self._room = asyncio.get_running_loop().create_future()
            await self._room

    def all_subscriptions(self) -> list[Subscription]:
        """Those that run, and those whose answer is due."""
        return [*self.subscriptions.values(), *(due.subscription for due in self.outbox if isinstance(due, Opened))]

    def clear(self) -> None:
        """Forget all that is due, and all subscriptions."""
        self.outbox.clear()
        self.subscriptions.clear()

    async def run(self, transport: Transport) -> None:
        """Send until ``end``. Raises ConnectionError when the client has gone, and what reading the log raises."""
        self._direct = transport.direct
        while True:
            while self.outbox:
                await self._send_due(transport, self.outbox.popleft())
            if self._room is not None and not self._room.done():
                self._room.set_result(None)
            if self._ending:
                return
            await self._send_batch(transport)

    async def _send_due(self, transport: Transport, due: Due) -> None:
        if isinstance(due, Stop) and due.name in self.subscriptions:
            await self._hub.keep(self.subscriptions[due.name])
        frame = self._frame(due)
        if frame is not None:
            await self._send(transport, frame)
            self._bytes_sent += len(frame.data)

    async def _send_batch(self, transport: Transport) -> None:
        """A batch of the subscription whose turn it is; wait when there is none."""
        if not self._ready:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
            return
        name = next(iter(self._ready))
        del self._ready[name]
        subscription = self.subscriptions.get(name)
        if subscription is None:
            return
        batch = await subscription.read()
        if batch is not None and not self._ending:
            if batch.more:
                self._ready[name] = None
            frame = self._hub.frame(name, batch)
            await self._send(transport, frame)
            self._was_sent(batch, frame)

    async def _send(self, transport: Transport, frame: Frame) -> None:
        self.sending_since_s = self._sessions.now().monotonic_s
        await transport.send(frame)
        self.sending_since_s = float("inf")

    def _was_sent(self, batch: Batch, frame: Frame) -> None:
        size = len(frame.data)
        self._bytes_sent += size
        if batch.payloads:
            delay_s = self._sessions.delay_s(frame) if batch.fresh else None
            self._sessions.count(self._guest, len(batch.payloads), size, delay_s)

    def _frame(self, due: Due) -> Frame | None:
        """The frame for what is due, with cursors as they are now."""
        match due:
            case Frame():
                return due
            case Opened(re_, name, subscription):
                self.subscriptions[name] = subscription
                self._ready[name] = None
                return frames.subscribed(re_, name, after=subscription.cursor, head=self._hub.head_cursor())
            case Stop(re_, name):
                stopped = self.subscriptions.pop(name, None)
                if stopped is None:
                    # It was stopped before it had begun; its answer is the error.
                    return None
                cursor = stopped.cursor
                stopped.close()
                return frames.unsubscribed(re_, name, cursor)
            case Beat():
                if self._ending:
                    return None
                now_us, consistent_us = self._sessions.heartbeat_times()
                cursors = {name: subscription.tell() for name, subscription in self.subscriptions.items()}
                return frames.heartbeat(now_us=now_us, consistent_through_us=consistent_us, cursors=cursors)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
