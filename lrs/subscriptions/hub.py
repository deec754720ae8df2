"""Subscriptions: readers of the log that wait at its head, all of one process together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from lrs.errors import CursorInvalid, LrsError, StoreUnavailable
from lrs.limits import DEFAULT_LIMITS, Limits
from lrs.statements.cursor import Cursors
from lrs.statements.log import Page, Selection, StatementLog
from lrs.statements.match import Filter, Visibility
from lrs.statements.record import Position
from lrs.subscriptions import frames
from lrs.subscriptions.channels import Channel, Channels
from lrs.subscriptions.frames import Frame, FrameCache
from lrs.subscriptions.starts import After, Start, Stored
from lrs.subscriptions.tail import Tail

_READER_THREADS = 2


@dataclass(frozen=True, slots=True)
class Batch:
    """What a subscriber is told at once: statements, or that it is ``live``: nothing more is there for now.

    ``payloads``: statements as JSON bytes, ascending. They are all that matched after ``prev`` up to ``cursor``.
    """

    payloads: Sequence[bytes]
    prev_position: Position
    position: Position
    live: bool
    channel: int
    """Number of the channel: equal for all who ask and see the same."""
    cursors: Cursors

    @property
    def prev(self) -> str:
        """The last cursor told before: that of the previous batch, unless ``Subscription.tell`` came between."""
        return self.cursors.seal(self.prev_position)

    @property
    def cursor(self) -> str:
        """Where to go on after this batch; safe to keep."""
        return self.cursors.seal(self.position)


class Subscription:
    """One reader, who pulls. Nothing is queued for it: it holds a position, and reads on when it likes.

    Made by ``Hub.subscribe``. As long as what it wants is in memory it reads there, else it reads the log.
    """

    __slots__ = (
        "_announced",
        "_channel",
        "_filter",
        "_hub",
        "_notify",
        "_position",
        "_start",
        "_told",
        "_visibility",
        "_waiter",
    )

    def __init__(
        self, hub: Hub, filter_: Filter, visibility: Visibility, start: Start, notify: Callable[[], None] | None
    ) -> None:
        self._hub = hub
        self._filter = filter_
        self._visibility = visibility
        self._start = start
        self._notify = notify
        self._channel: Channel | None = None
        # All that matches up to here has been read; and up to here the reader has been told so.
        self._position = self._told = Position(0)
        self._announced = False
        self._waiter: asyncio.Future[None] | None = None

    async def open(self) -> None:
        """Find the start and begin. Raises CursorInvalid, EpochChanged or StoreUnavailable."""
        self._position = self._told = await self._hub.place(self._start)
        self._channel = self._hub.join(self._filter, self._visibility, self)

    def close(self) -> None:
        """End; a reader that waits gets no further batch."""
        if self._channel is not None:
            self._hub.leave(self._channel, self)
            self._channel = None
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
        return self._hub.cursors.seal(self._told)

    @property
    def ready(self) -> bool:
        """Whether ``read`` has something, as far as is known without reading."""
        channel = self._channel
        if channel is None:
            return False
        return not self._announced or self._position < channel.start or self._position < channel.last

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
        while True:
            channel = self._channel
            if channel is None:
                return None
            self._hub.require_readable()
            if self._position >= channel.start:
                return self._read_channel(channel)
            self._announced = False
            page = await self._hub.page(channel, self._position)
            if self._channel is not channel:
                # What may be seen has changed while the page was read, so it must not be shown.
                continue
            self._position = page.through
            if page.records:
                return self._batch(channel, [record.payload for record in page.records])

    def tell(self) -> str:
        """Move the last cursor told past what has been examined without a match, as a heartbeat does; and give it."""
        channel = self._channel
        if channel is not None and channel.start <= self._position and channel.last <= self._position:
            self._position = max(self._position, self._hub.end)
        self._told = self._position
        return self.cursor

    def resight(self, visibility: Visibility) -> None:
        """The reader sees ``visibility`` from now on, also of what lies before the head."""
        channel = self._channel
        self._visibility = visibility
        if channel is None or channel.visibility == visibility:
            return
        self._channel = self._hub.join(self._filter, visibility, self)
        self._hub.leave(channel, self)
        self.wake()

    def wake(self) -> None:
        """Something may be there to read; a hint."""
        if self._notify is not None:
            self._notify()
        elif self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _read_channel(self, channel: Channel) -> Batch | None:
        limits = self._hub.limits
        payloads, through = channel.after(
            self._position, limit=limits.server_frame_statements_max, bytes_max=limits.server_frame_bytes_max
        )
        if payloads:
            self._position = through
            return self._batch(channel, payloads)
        if self._announced:
            return None
        self._announced = True
        self._position = max(self._position, self._hub.end)
        return self._batch(channel, (), live=True)

    def _batch(self, channel: Channel, payloads: Sequence[bytes], *, live: bool = False) -> Batch:
        batch = Batch(payloads, self._told, self._position, live, channel.number, self._hub.cursors)
        self._told = self._position
        return batch


class Hub:
    """All subscriptions to one log in one process, in one event loop.

    It begins with the first subscription and ends with ``stop``, or as an asynchronous context manager. ``executor``
    runs what reads the log; made here, with few threads, when none is given, so that those who catch up never crowd
    out others.
    """

    def __init__(self, log: StatementLog, limits: Limits = DEFAULT_LIMITS, *, executor: Executor | None = None) -> None:
        self.limits = limits
        self.cursors = log.cursors
        self._log = log
        self._channels = Channels(limits)
        self._frames = FrameCache(2 * limits.server_frame_bytes_max)
        self._pages: dict[tuple[Channel, Position], asyncio.Future[Page]] = {}
        self._failure: LrsError | None = None
        self._consistent_us = 0
        self._own_executor = executor is None
        self._executor = executor or ThreadPoolExecutor(_READER_THREADS, thread_name_prefix="lrs-subscriptions")
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
        for member in self._channels.all_members():
            assert isinstance(member, Subscription)
            member.close()
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

        ``notify`` replaces waiting: it is called, in the event loop, when ``read`` may have something.
        """
        return Subscription(self, filter_, visibility, start, notify)

    @property
    def end(self) -> Position:
        """Up to here every record has been matched; what is live has been examined up to here."""
        return self._channels.end

    @property
    def wanted(self) -> bool:
        """Whether anybody is subscribed."""
        return len(self._channels) > 0

    def head_cursor(self) -> str:
        """The cursor of the newest record."""
        return self.cursors.seal(self._log.head())

    def consistent_through_us(self) -> int:
        """A time for which holds: all that was stored at it or before lies at or before ``end``."""
        consistent_us = self._log.consistent_through_us()
        if not self.wanted or self._log.head() <= self.end:
            self._consistent_us = consistent_us
        return self._consistent_us

    async def place(self, start: Start) -> Position:
        """The position that ``start`` begins after; CursorInvalid or EpochChanged for a cursor that does not fit."""
        match start:
            case "beginning":
                return Position(0)
            case "now":
                return self._log.head()
            case After(cursor):
                position = self.cursors.open(cursor)
                if position > self._log.head():
                    raise CursorInvalid("this cursor is ahead of the log")
                return position
            case Stored(stored_us):
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(self._executor, self._log.place_of, stored_us - 1)

    def join(self, filter_: Filter, visibility: Visibility, member: Subscription) -> Channel:
        """The channel for this question; the first one wakes the tail."""
        if self._stopped:
            raise StoreUnavailable("the stream has been stopped")
        if not self._started:
            self._started = True
            self._tail.start()
        if not self.wanted:
            self._failure = None
            self._channels.restart(self._log.head())
            self._tail.resume()
        return self._channels.join(filter_, visibility, member)

    def leave(self, channel: Channel, member: Subscription) -> None:
        self._channels.leave(channel, member)
        if not self.wanted:
            self._frames.clear()

    def feed(self, page: Page) -> None:
        """New records from the tail."""
        self._failure = None
        self._channels.feed(page)

    def fail(self, error: LrsError) -> None:
        """The tail can't read the log: every reader learns of it, rather than wait for what does not come."""
        self._failure = error
        for member in self._channels.all_members():
            member.wake()

    def require_readable(self) -> None:
        """Raises what the tail met when it last failed, until it succeeds again."""
        if self._failure is not None:
            raise self._failure

    async def page(self, channel: Channel, beyond: Position) -> Page:
        """The next page of the log for ``channel``; those who want the same page at the same time share one read."""
        key = channel, beyond
        reading = self._pages.get(key)
        if reading is None:
            selection = Selection(
                filter=channel.filter,
                ascending=True,
                beyond=beyond,
                limit=self.limits.server_frame_statements_max,
                bytes_max=self.limits.server_frame_bytes_max,
            )
            loop = asyncio.get_running_loop()
            reading = loop.run_in_executor(self._executor, self._log.read, selection, channel.visibility)
            self._pages[key] = reading
            reading.add_done_callback(lambda done: self._page_read(key, done))
        # One reader that goes away must not take the page from the others.
        return await asyncio.shield(reading)

    def _page_read(self, key: tuple[Channel, Position], reading: asyncio.Future[Page]) -> None:
        del self._pages[key]
        if not reading.cancelled():
            # An error counts as noticed even if every reader has gone.
            reading.exception()

    def frame(self, name: str, batch: Batch) -> Frame:
        """``batch`` as a frame for a subscription called ``name``, shared with all who want the same bytes."""
        if batch.live:
            return frames.live(name, batch.cursor)
        return self._frames.get(
            (batch.channel, name, batch.prev_position, batch.position),
            lambda: frames.statements(name, prev=batch.prev, cursor=batch.cursor, payloads=batch.payloads),
        )
