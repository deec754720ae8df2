"""All subscriptions of one process together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import Self

from lrs.errors import CursorInvalid, LrsError, RequestError, StoreUnavailable
from lrs.limits import DEFAULT_LIMITS, Limits
from lrs.statements.disclosing import Disclosing
from lrs.statements.log import Arrivals, StatementLog
from lrs.statements.match import Filter, Visibility
from lrs.statements.record import Place
from lrs.subscriptions import frames
from lrs.subscriptions.acknowledging import Acknowledging
from lrs.subscriptions.batch import Batch
from lrs.subscriptions.channels import Channel, Channels
from lrs.subscriptions.durables import Durable
from lrs.subscriptions.frames import Frame, FrameCache
from lrs.subscriptions.hub.erased import TOLD_AT_ONCE, Erased
from lrs.subscriptions.hub.pages import Pages
from lrs.subscriptions.hub.subscription import Subscription
from lrs.subscriptions.starts import After, Start, Stored
from lrs.subscriptions.tail import Tail
from lrs.subscriptions.writer import CursorWriter

_READER_THREADS = 2


class Hub:
    """All subscriptions to one log in one process, in one event loop.

    It begins with the first subscription and ends with ``stop``, or as an asynchronous context manager. ``executor``
    runs what reads the log; made here, with few threads, when none is given, so that those who catch up never crowd
    out others. ``durables`` keeps durable cursors; without it there are none. ``disclosing``: for readers who are not
    shown learners as they are stored; the same as that of ``log``.
    """

    def __init__(
        self,
        log: StatementLog,
        limits: Limits = DEFAULT_LIMITS,
        *,
        executor: Executor | None = None,
        durables: CursorWriter | None = None,
        disclosing: Disclosing | None = None,
    ) -> None:
        self.limits = limits
        self.cursors = log.cursors
        self._log = log
        self._disclosing = disclosing or Disclosing()
        self._channels = Channels(limits, self._disclosing.payload)
        self._frames = FrameCache(2 * limits.server_frame_bytes_max)
        self.failure: LrsError | None = None
        """What the tail met when it last failed, until it succeeds again."""
        self.erased = Erased()
        self._erased_through: int | None = None
        self._telling: asyncio.Task[None] | None = None
        self._consistent_us = 0
        self._own_executor = executor is None
        self._executor = executor or ThreadPoolExecutor(_READER_THREADS, thread_name_prefix="lrs-subscriptions")
        self.pages = Pages(log, limits, self._executor)
        self._durables = durables
        self._tail = Tail(log, self, limits, self._executor)
        self._started = self._stopped = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """End all subscriptions and the task that follows the log. To be called before the log is closed."""
        self._stopped = True
        if self._started:
            await self._tail.stop()
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)
        for member in self._channels.all_members():
            assert isinstance(member, Subscription)
            member.close()
        if self._durables is not None:
            await asyncio.to_thread(self._durables.close)
        if self._own_executor:
            # A read under way must have ended before the log may be closed.
            await asyncio.to_thread(self._executor.shutdown, cancel_futures=True)

    def subscribe(
        self,
        filter_: Filter,
        visibility: Visibility,
        *,
        start: Start = "now",
        notify: Callable[[], None] | None = None,
        window: int | None = None,
        durable: Durable | None = None,
        name: str = "",
    ) -> Subscription:
        """A subscription to what ``filter_`` asks for and ``visibility`` permits, to be opened by ``async with``:

            asked = parse_filter({"course": ["course-v1:Org+C1+2026"]}, limits)
            async with hub.subscribe(asked.filter, visibility(principal)) as subscription:
                async for batch in subscription:
                    for payload in batch.payloads:
                        ...
                    keep(batch.cursor)

        Each batch holds the next statements, ascending and each once; one without statements says that the
        reader has caught up (``batch.live``). ``start``: ``After(cursor)`` goes on from a cursor that was kept, also
        from another process or from the websocket; ``Stored(us)``, ``"beginning"`` and ``"now"`` begin anew. Opening
        raises CursorInvalid or EpochChanged for a cursor that does not fit this log. Taking the next batch raises
        StoreUnavailable when the log can't be read; the cursor is then still good.

        ``window``: at most so many statements come that ``Subscription.acknowledge`` was not told of. ``durable``, made
        by the method of that name, keeps what was acknowledged, and from the second time on counts more than ``start``.

        ``name`` is for whoever looks at all of them.

        ``notify`` replaces waiting: it is called, in the event loop, when ``read`` may have something.
        """
        acknowledging = None if window is None and durable is None else Acknowledging(window, durable)
        return Subscription(self, filter_, visibility, start, notify=notify, acknowledging=acknowledging, name=name)

    def durable(self, consumer_id: int, name: str, *, reset: bool = False) -> Durable:
        """The durable cursor ``name`` of a consumer; with ``reset``, what is kept under it counts no more."""
        if self._durables is None:
            raise RequestError("durable cursors are not kept here")
        return self._durables.named(consumer_id, name, reset=reset)

    @property
    def end(self) -> Place:
        """Up to here every arrival has been matched; what is live has been examined up to here."""
        return self._channels.end

    @property
    def wanted(self) -> bool:
        """Whether anybody is subscribed."""
        return len(self._channels) > 0

    def head_cursor(self) -> str:
        """The cursor of the newest arrival."""
        return self.cursors.seal(self._log.end())

    def consistent_through_us(self) -> int:
        """A time for which holds: all that was stored at it or before lies at or before ``end``."""
        consistent_us = self._log.consistent_through_us()
        if not self.wanted or self._log.end() <= self.end:
            self._consistent_us = consistent_us
        return self._consistent_us

    async def place(self, start: Start) -> Place:
        """The place that ``start`` begins after; CursorInvalid or EpochChanged for a cursor that does not fit."""
        match start:
            case "beginning":
                return Place(0)
            case "now":
                return self._log.end()
            case After(cursor):
                place = self.cursors.open(cursor)
                if place > self._log.end():
                    raise CursorInvalid("this cursor is ahead of the log")
                return place
            case Stored(stored_us):
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(self._executor, self._log.place_of, stored_us - 1)

    async def begin(self, acknowledging: Acknowledging, place: Place) -> Place:
        """The place to begin after: ``place``, or the one that is kept under a durable name."""
        durable = acknowledging.durable
        if durable is not None:
            # It may have to wait for the writer, and must not keep others from reading.
            place = await asyncio.to_thread(durable.begin, place)
        acknowledging.begin(place)
        return place

    async def keep(self, subscription: Subscription) -> None:
        """Have what ``subscription`` has acknowledged safe in its durable cursor, if it has one."""
        if subscription.durable is not None:
            await asyncio.to_thread(subscription.durable.flush)

    async def understood(self, filter_: Filter, visibility: Visibility) -> Filter:
        """``filter_`` with those whom the reader means; Forbidden when it may not ask for them by these names."""
        if visibility.disclosure.plain:
            return filter_
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._disclosing.filter, visibility, filter_)

    def join(self, filter_: Filter, visibility: Visibility, member: Subscription) -> Channel:
        """The channel for this question; the first one wakes the tail."""
        if self._stopped:
            raise StoreUnavailable("the stream has been stopped")
        if not self._started:
            self._started = True
            self._tail.start()
        if not self.wanted:
            self.failure = None
            self._erased_through = None
            self._channels.restart(self._log.end())
            self._tail.resume()
        return self._channels.join(filter_, visibility, member)

    def leave(self, channel: Channel, member: Subscription) -> None:
        self._channels.leave(channel, member)
        if not self.wanted:
            self._frames.clear()

    def feed(self, new: Arrivals) -> None:
        """What the tail brings."""
        self.failure = None
        if self._erased_through is None:
            self._erased_through = self.erased.last = new.erased
        elif new.erased > self._erased_through:
            self._erased_through = new.erased
            self._channels.forget()
            self._frames.clear()
            self._tell_erased()
        self._channels.feed(new)

    def _tell_erased(self) -> None:
        """Have all subscribers told what was erased, page by page."""
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._read_erased(), name="lrs-erased")

    async def _read_erased(self) -> None:
        loop = asyncio.get_running_loop()
        with suppress(LrsError):
            while found := await loop.run_in_executor(self._executor, self._log.erased, self.erased.last, TOLD_AT_ONCE):
                self.erased.add(found)
                for member in self._channels.all_members():
                    member.wake()

    def fail(self, error: LrsError) -> None:
        """The tail can't read the log: every reader learns of it, rather than wait for what does not come."""
        self.failure = error
        for member in self._channels.all_members():
            member.wake()

    def frame(self, name: str, batch: Batch) -> Frame:
        """``batch`` as a frame for a subscription called ``name``, shared with all who want the same bytes."""
        if batch.erased:
            return frames.erased(name, batch.erased)
        if batch.live:
            return frames.live(name, batch.cursor)
        key = batch.channel, name, batch.prev_place, batch.place
        frame = self._frames.get(key)
        if frame is None:
            frame = frames.statements(name, prev=batch.prev, cursor=batch.cursor, payloads=batch.payloads)
            self._frames.put(key, frame)
        return frame
