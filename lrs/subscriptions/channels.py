"""The newest matching records in memory, one channel for each distinct question.

Subscribers that ask the same (same filter, same sight) share a channel. It holds what matched since ``start``; whoever
stands before that reads the log. Together the channels hold no more than the ring allows: the oldest match of all is
let go first, and then only its own channels move their ``start``, so that a subscriber of a quiet course stays live
however busy the others are.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from typing import Protocol

from lrs.auth.disclosure import Disclosure
from lrs.limits import Limits
from lrs.statements.keys import rarity
from lrs.statements.log import Arrivals
from lrs.statements.match import Filter, Visibility
from lrs.statements.record import Arrival, Place, Record
from lrs.subscriptions.batch import Batch

# Dead entries at the front of a channel are cleared away in one go, when there are this many and they are the half.
_SWEEP = 64


Show = Callable[[Visibility, bytes], bytes]
"""From a stored statement to what such a reader is shown."""


class Member(Protocol):
    """A subscriber of a channel, or a crowd of them."""

    def wake(self) -> None:
        """Something may have matched; a hint, which may be repeated."""


class Channel:
    """What matched one question, by place: all of it after ``start``, up to the end of the ring."""

    __slots__ = (
        "_first",
        "_payloads",
        "_places",
        "alone",
        "crowds",
        "filter",
        "members",
        "number",
        "plain",
        "shared",
        "start",
        "visibility",
    )

    def __init__(self, number: int, filter_: Filter, visibility: Visibility, start: Place) -> None:
        self.number = number
        self.filter = filter_
        self.visibility = visibility
        self.plain = visibility.disclosure.plain
        self.start = start
        # In order of arrival, so that those who wait longest are woken first.
        self.members: dict[Member, None] = {}
        self.alone: dict[Member, None] = {}
        """Those of ``members`` who are woken one by one; the others are in a crowd, and woken by that."""
        self.crowds: dict[Member, None] = {}
        self.shared: dict[Place, Batch] = {}
        """What is told to those who have read up to a place; for others who stand there too, as long as all stays."""
        self._places: list[Place] = []
        self._payloads: list[bytes] = []
        self._first = 0

    def matches(self, arrival: Arrival) -> bool:
        """Whether the record is asked for and may be seen, by the same two predicates as for a query (invariant 4), and
        was not when it arrived earlier.
        """
        earlier = arrival.earlier
        return self._matches(arrival.record) and (earlier is None or not self._matches(earlier))

    def _matches(self, record: Record) -> bool:
        return self.filter.matches(record) and self.visibility.permits(record)

    @property
    def last(self) -> Place:
        """Place of the newest match held, or ``start``."""
        return self._places[-1] if len(self._places) > self._first else self.start

    def append(self, arrival: Arrival, payload: bytes | None = None) -> None:
        """``payload``: what its subscribers are shown, where that is not what is stored."""
        assert arrival.place > self.last
        self.shared.clear()
        self._places.append(arrival.place)
        self._payloads.append(arrival.record.payload if payload is None else payload)

    def wake(self) -> None:
        """Tell everybody that something has come: crowds first, since whom they can't tell is alone afterwards."""
        for crowd in list(self.crowds):
            crowd.wake()
        for member in list(self.alone):
            member.wake()

    def forget(self, end: Place) -> None:
        """Drop all matches; who has not read them all reads the log up to ``end``."""
        if len(self._places) > self._first:
            self._places, self._payloads, self._first = [], [], 0
            self.start = end
            self.shared.clear()

    def let_go(self, place: Place) -> None:
        """Drop the oldest match, which is at ``place``."""
        assert self._places[self._first] == place
        self._payloads[self._first] = b""
        self.shared.clear()
        self._first += 1
        self.start = place
        if self._first >= _SWEEP and self._first * 2 >= len(self._places):
            del self._places[: self._first]
            del self._payloads[: self._first]
            self._first = 0

    def after(self, place: Place, *, limit: int, bytes_max: int) -> tuple[list[bytes], Place]:
        """Payloads of the matches after ``place``, oldest first, and the place of the last of them.

        At most ``limit``, and at most ``bytes_max`` bytes unless the first alone is larger. ``place`` must not be
        before ``start``; it is returned when nothing follows.
        """
        assert place >= self.start
        first = index = bisect_right(self._places, place, lo=self._first)
        size = 0
        for payload in self._payloads[first : first + limit]:
            size += len(payload)
            if size > bytes_max and index > first:
                break
            index += 1
        return self._payloads[first:index], self._places[index - 1] if index > first else place


class Ring:
    """Which records the channels hold, oldest first, so that their number and size stay bounded (invariant 7)."""

    __slots__ = ("_bytes", "_bytes_max", "_entries", "_length_max")

    def __init__(self, limits: Limits) -> None:
        self._entries: deque[tuple[Place, int, tuple[Channel, ...]]] = deque()
        self._length_max = limits.ring_statements_max
        self._bytes_max = limits.ring_bytes_max
        self._bytes = 0

    def push(self, arrival: Arrival, channels: tuple[Channel, ...]) -> None:
        """``arrival`` was appended to ``channels``; the oldest ones go when there are too many."""
        size = len(arrival.record.payload)
        self._entries.append((arrival.place, size, channels))
        self._bytes += size
        while len(self._entries) > self._length_max or self._bytes > self._bytes_max:
            place, size, holders = self._entries.popleft()
            self._bytes -= size
            for channel in holders:
                channel.let_go(place)

    def clear(self) -> None:
        self._entries.clear()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._entries)


class ChannelIndex:
    """Finds the channels that an arrival may match, with work in proportion to those, not to all.

    A match needs a key out of each member of the filter and of the sight, so one member is enough to be found by.
    """

    __slots__ = ("_by_key", "_unconditional")

    def __init__(self) -> None:
        self._by_key: dict[str, dict[Channel, None]] = {}
        self._unconditional: dict[Channel, None] = {}

    def add(self, channel: Channel) -> None:
        names = _rarest_member(channel)
        if names is None:
            self._unconditional[channel] = None
            return
        for name in names:
            self._by_key.setdefault(name, {})[channel] = None

    def remove(self, channel: Channel) -> None:
        names = _rarest_member(channel)
        if names is None:
            del self._unconditional[channel]
            return
        for name in names:
            found = self._by_key[name]
            del found[channel]
            if not found:
                del self._by_key[name]

    def matching(self, arrival: Arrival) -> tuple[Channel, ...]:
        """The channels that ``arrival`` belongs to."""
        candidates = dict(self._unconditional)
        by_key = self._by_key
        for name in arrival.record.keys:
            found = by_key.get(name)
            if found is not None:
                candidates.update(found)
        return tuple(channel for channel in candidates if channel.matches(arrival))

    def __len__(self) -> int:
        """How many keys are watched."""
        return len(self._by_key)


def _rarest_member(channel: Channel) -> frozenset[str] | None:
    """The member of filter or sight to find ``channel`` by; None when neither has a condition."""
    members = channel.filter.members | channel.visibility.members()
    if not members:
        return None
    # The names make ties steady.
    return min(members, key=lambda member: (*rarity(member), sorted(member)))


class Channels:
    """All channels with subscribers, the index over them, and the ring that bounds them.

    ``end``: every arrival up to here has been matched against every channel.
    """

    def __init__(self, limits: Limits, show: Show | None = None) -> None:
        """``show`` makes what subscribers are shown who are not shown what is stored; without it there are none."""
        self.end = Place(0)
        self._show = show
        self._ring = Ring(limits)
        self._index = ChannelIndex()
        self._by_question: dict[tuple[Filter, Visibility], Channel] = {}
        self._made = 0

    def __len__(self) -> int:
        return len(self._by_question)

    def join(self, filter_: Filter, visibility: Visibility, member: Member) -> Channel:
        """The channel for this question, with ``member`` in it."""
        channel = self._by_question.get((filter_, visibility))
        if channel is None:
            self._made += 1
            channel = Channel(self._made, filter_, visibility, self.end)
            self._by_question[filter_, visibility] = channel
            self._index.add(channel)
        channel.members[member] = channel.alone[member] = None
        return channel

    def leave(self, channel: Channel, member: Member) -> None:
        """``member``, who is alone, goes; the last one takes the channel with it."""
        del channel.members[member], channel.alone[member]
        if channel.members:
            return
        self._index.remove(channel)
        del self._by_question[channel.filter, channel.visibility]
        if not self._by_question:
            self._ring.clear()

    def restart(self, end: Place) -> None:
        """Begin again at ``end``, after a time without channels in which nothing was followed."""
        assert not self._by_question
        assert end >= self.end
        self.end = end

    def forget(self) -> None:
        """Let go of everything: some of it was erased from the log."""
        for channel in self._by_question.values():
            channel.forget(self.end)
        self._ring.clear()

    def feed(self, new: Arrivals) -> None:
        """Take over what arrived next in the log, and wake the members of the channels that it matches.

        What lies at or before ``end`` is already known and skipped.
        """
        touched: dict[Channel, None] = {}
        for arrival in new.arrivals:
            if arrival.place <= self.end:
                continue
            found = self._index.matching(arrival)
            if found:
                self._append(arrival, found)
                self._ring.push(arrival, found)
                touched.update(dict.fromkeys(found))
        self.end = max(self.end, new.through)
        for channel in touched:
            channel.wake()

    def _append(self, arrival: Arrival, channels: tuple[Channel, ...]) -> None:
        """Append to all ``channels``; what several are shown in the same way is made once."""
        shown: dict[Disclosure, bytes] = {}
        for channel in channels:
            if channel.plain:
                channel.append(arrival)
                continue
            disclosure = channel.visibility.disclosure
            if disclosure not in shown:
                assert self._show is not None
                shown[disclosure] = self._show(channel.visibility, arrival.record.payload)
            channel.append(arrival, shown[disclosure])

    def all_members(self) -> list[Member]:
        return [member for channel in self._by_question.values() for member in channel.members]
