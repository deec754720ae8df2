"""One reader of the log, who waits at its head."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from lrs.errors import CursorInvalid
from lrs.statements.disclosing import outlived
from lrs.statements.match import Filter, Visibility
from lrs.statements.record import Place
from lrs.subscriptions.acknowledging import Acknowledging
from lrs.subscriptions.batch import Batch
from lrs.subscriptions.channels import Channel
from lrs.subscriptions.durables import Durable
from lrs.subscriptions.starts import Start

if TYPE_CHECKING:
    from lrs.subscriptions.hub.hub import Hub


class Company(Protocol):
    """Several subscriptions that are told together, and stand at the same place; see ``Crowd``."""

    @property
    def place(self) -> Place:
        """Up to here they have read, and were told so."""

    def leave(self, subscription: Subscription) -> None:
        """``subscription`` goes on alone."""


class Subscription:
    """One reader, who pulls. Nothing is queued for it: it holds a place, and reads on when it likes.

    Made by ``Hub.subscribe``. As long as what it wants is in memory it reads there, else it reads the log.
    """

    __slots__ = (
        "_acknowledging",
        "_announced",
        "_channel",
        "_company",
        "_erased",
        "_filter",
        "_hub",
        "_place",
        "_start",
        "_told",
        "_visibility",
        "_waiter",
        "name",
        "wake",
    )

    def __init__(
        self,
        hub: Hub,
        filter_: Filter,
        visibility: Visibility,
        start: Start,
        *,
        notify: Callable[[], None] | None,
        acknowledging: Acknowledging | None,
        name: str = "",
    ) -> None:
        self.name = name
        self._hub = hub
        self._filter = filter_
        self._visibility = visibility
        self._start = start
        self.wake = notify or self._stop_waiting
        """Something may be there to read; a hint."""
        self._acknowledging = acknowledging
        self._channel: Channel | None = None
        self._company: Company | None = None
        # All that matches up to here has been read; and up to here the reader has been told so.
        self._place = self._told = Place(0)
        self._announced = False
        self._erased = 0
        self._waiter: asyncio.Future[None] | None = None

    async def open(self) -> None:
        """Find the start and begin. Raises CursorInvalid, EpochChanged or StoreUnavailable; RequestError when a durable
        cursor can't be kept; Forbidden when the reader may not ask for somebody by this name.
        """
        sight = self._visibility
        meant = await self._hub.understood(self._filter, sight)
        # What may be seen can have changed meanwhile.
        if sight.disclosure == self._visibility.disclosure:
            self._filter = meant
        place = await self._hub.place(self._start)
        if self._acknowledging is not None:
            place = await self._hub.begin(self._acknowledging, place)
        self._place = self._told = place
        self._channel = self._hub.join(self._filter, self._visibility, self)
        self._erased = self._hub.erased.last

    def close(self) -> None:
        """End; a reader that waits gets no further batch."""
        self.stand_alone()
        if self._channel is not None:
            self._hub.leave(self._channel, self)
            self._channel = None
            if self._acknowledging is not None:
                self._acknowledging.end()
            self.wake()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __aiter__(self) -> AsyncIterator[Batch]:
        return self

    async def __anext__(self) -> Batch:
        batch = await self.next_batch()
        if batch is None:
            raise StopAsyncIteration
        return batch

    @property
    def cursor(self) -> str:
        """The last cursor told; the start, before the first."""
        return self._hub.cursors.seal(self._told if self._company is None else self._company.place)

    @property
    def filter(self) -> Filter:
        """What it asks for."""
        return self._filter

    @property
    def place(self) -> Place:
        """Up to here it has read."""
        return self._place if self._company is None else self._company.place

    @property
    def durable(self) -> Durable | None:
        """Where its cursor is kept, if it is."""
        return None if self._acknowledging is None else self._acknowledging.durable

    @property
    def behind(self) -> bool:
        """Whether something more may be there by now, as far as is known without reading."""
        channel = self._channel
        return channel is not None and (self.place < channel.start or self.place < channel.last)

    @property
    def resting_in(self) -> Channel | None:
        """The channel, if all that it holds was told, and whatever comes may follow: see ``stand_with``."""
        channel, place = self._channel, self._place
        rests = self._announced and self._told == place and self._acknowledging is None and self._company is None
        return channel if rests and channel is not None and channel.last == place else None

    def stand_with(self, company: Company) -> None:
        """Be told by ``company``, which stands at the same place, until anything is asked of this one alone.

        Only for one that is ``resting_in`` its channel.
        """
        assert self._channel is not None
        self._company = company
        del self._channel.alone[self]

    def stand_alone(self) -> None:
        """Be told alone again, from where the company stands."""
        company = self._company
        if company is not None:
            assert self._channel is not None
            self._company = None
            self._place = self._told = company.place
            self._channel.alone[self] = None
            company.leave(self)

    @property
    def ready(self) -> bool:
        """Whether ``read`` has something, as far as is known without reading."""
        if self._channel is None:
            return False
        if self._erased < self._hub.erased.last:
            return True
        return self._room() > 0 if self.behind else not self._announced

    async def next_batch(self) -> Batch | None:
        """The next batch, waited for; None once the subscription is closed. Raises what ``read`` raises."""
        while True:
            self._waiter = asyncio.get_running_loop().create_future()
            batch = await self.read()
            if batch is not None or self._channel is None:
                return batch
            await self._waiter

    async def read(self) -> Batch | None:
        """The next batch, or None when there is nothing new. Not to be called again before it has returned.

        Raises StoreUnavailable, or another LrsError of the log, when it can't be read.
        """
        self.stand_alone()
        while True:
            channel = self._channel
            if channel is None:
                return None
            if self._hub.failure is not None:
                raise self._hub.failure
            erased, self._erased = self._hub.erased.since(self._erased, self._visibility)
            if erased:
                return self._batch(channel, (), erased=erased)
            if self._place >= channel.start:
                return self._read_channel(channel)
            self._announced = False
            room = self._room()
            if room == 0:
                return None
            page = await self._hub.pages.read(channel, self._place, room)
            if self._channel is not channel:
                # What may be seen has changed while the page was read, so it must not be shown.
                continue
            self._place = page.through
            if page.records:
                return self._batch(channel, [record.payload for record in page.records])

    def read_at_once(self) -> Batch | None:
        """What ``read`` would give if that is in memory; None when it is not, or there is nothing new.

        Not to be called while ``read`` runs. Raises what ``read`` raises.
        """
        self.stand_alone()
        channel, hub = self._channel, self._hub
        if channel is None or self._place < channel.start or self._erased < hub.erased.last:
            return None
        if hub.failure is not None:
            raise hub.failure
        return self._read_channel(channel)

    def tell(self) -> str:
        """Move the last cursor told past what has been examined without a match, as a heartbeat does; and give it."""
        self.stand_alone()
        channel = self._channel
        if channel is not None and channel.start <= self._place and channel.last <= self._place:
            self._place = max(self._place, self._hub.end)
        self._told = self._place
        return self.cursor

    def acknowledge(self, cursor: str) -> bool:
        """The reader has dealt with all up to ``cursor``; whether that is news.

        Counts where there is a window or a durable cursor. Raises CursorInvalid for a cursor that this subscription was
        not told (yet), EpochChanged for one of an earlier history.
        """
        self.stand_alone()
        place = self._hub.cursors.open(cursor)
        if place > self._told:
            raise CursorInvalid("this cursor is ahead of what the subscription was told")
        if self._acknowledging is None or not self._acknowledging.acknowledge(place):
            return False
        self.wake()
        return True

    def resight(self, visibility: Visibility) -> None:
        """The reader sees ``visibility`` from now on, also of what lies before the head."""
        self.stand_alone()
        channel = self._channel
        if visibility.disclosure != self._visibility.disclosure:
            self._filter = outlived(self._filter)
        self._visibility = visibility
        if channel is None or channel.visibility == visibility:
            return
        self._channel = self._hub.join(self._filter, visibility, self)
        self._hub.leave(channel, self)
        self.wake()

    def _stop_waiting(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _room(self) -> int:
        """How many statements the next batch may hold."""
        most = self._hub.limits.server_frame_statements_max
        return most if self._acknowledging is None else min(most, self._acknowledging.room)

    def _read_channel(self, channel: Channel) -> Batch | None:
        # All who have read up to here, were told so, and have no window get the same.
        alike = self._announced and self._told == self._place and self._acknowledging is None
        if alike and (shared := channel.shared.get(self._place)) is not None:
            self._place = self._told = shared.place
            return shared
        bytes_max = self._hub.limits.server_frame_bytes_max
        payloads, through = channel.after(self._place, limit=self._room(), bytes_max=bytes_max)
        if payloads:
            self._place = through
            batch = self._batch(channel, payloads)
            if alike:
                channel.shared[batch.prev_place] = batch
            return batch
        if self._announced or self._place < channel.last:
            return None
        self._announced = True
        self._place = max(self._place, self._hub.end)
        return self._batch(channel, (), live=True)

    def _batch(
        self, channel: Channel, payloads: Sequence[bytes], *, live: bool = False, erased: Sequence[str] = ()
    ) -> Batch:
        prev = self._told
        if not erased:
            self._told = self._place
        if payloads and self._acknowledging is not None:
            self._acknowledging.sent(self._place, len(payloads))
        cursors, fresh = self._hub.cursors, self._announced
        return Batch(payloads, prev, self._told, live, channel.number, cursors, fresh, erased, self.ready)
