"""The newest matching records in memory, one channel for each distinct question.

Subscribers that ask the same (same filter, same sight) share a channel. It holds what matched since ``start``; whoever
stands before that reads the log. Together the channels hold no more than the ring allows: the oldest match of all is
let go first, and then only its own channels move their ``start``, so that a subscriber of a quiet course stays live
however busy the others are.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from typing import Protocol

from lrs.limits import Limits
from lrs.statements import keys
from lrs.statements.log import Page
from lrs.statements.match import Filter, Visibility
from lrs.statements.record import Position, Record

# Dead entries at the front of a channel are cleared away in one go, when there are this many and they are the half.
_SWEEP = 64


class Member(Protocol):
    """A subscriber of a channel."""

    def wake(self) -> None:
        """Something may have matched; a hint, which may be repeated."""


class Channel:
    """What matched one question, by position: all of it after ``start``, up to the end of the ring."""

    __slots__ = ("_first", "_payloads", "_positions", "filter", "members", "number", "start", "visibility")

    def __init__(self, number: int, filter_: Filter, visibility: Visibility, start: Position) -> None:
        self.number = number
        self.filter = filter_
        self.visibility = visibility
        self.start = start
        # In order of arrival, so that those who wait longest are woken first.
        self.members: dict[Member, None] = {}
        self._positions: list[Position] = []
        self._payloads: list[bytes] = []
        self._first = 0

    def matches(self, record: Record) -> bool:
        """Whether ``record`` is asked for and may be seen: the same two predicates as for a query (invariant 4).

        And as there, what is voided is left out; what was pushed before it was voided can't be taken back.
        """
        return not record.voided and self.filter.matches(record) and self.visibility.permits(record)

    @property
    def last(self) -> Position:
        """Position of the newest match held, or ``start``."""
        return self._positions[-1] if len(self._positions) > self._first else self.start

    def append(self, record: Record) -> None:
        assert record.position > self.last
        self._positions.append(record.position)
        self._payloads.append(record.payload)

    def let_go(self, position: Position) -> None:
        """Drop the oldest match, which is at ``position``."""
        assert self._positions[self._first] == position
        self._payloads[self._first] = b""
        self._first += 1
        self.start = position
        if self._first >= _SWEEP and self._first * 2 >= len(self._positions):
            del self._positions[: self._first]
            del self._payloads[: self._first]
            self._first = 0

    def after(self, position: Position, *, limit: int, bytes_max: int) -> tuple[list[bytes], Position]:
        """Payloads of the matches after ``position``, oldest first, and the position of the last of them.

        At most ``limit``, and at most ``bytes_max`` bytes unless the first alone is larger. ``position`` must not be
        before ``start``; it is returned when nothing follows.
        """
        assert position >= self.start
        first = index = bisect_right(self._positions, position, lo=self._first)
        size = 0
        for payload in self._payloads[first : first + limit]:
            size += len(payload)
            if size > bytes_max and index > first:
                break
            index += 1
        return self._payloads[first:index], self._positions[index - 1] if index > first else position


class Ring:
    """Which records the channels hold, oldest first, so that their number and size stay bounded (invariant 7)."""

    __slots__ = ("_bytes", "_bytes_max", "_entries", "_length_max")

    def __init__(self, limits: Limits) -> None:
        self._entries: deque[tuple[Position, int, tuple[Channel, ...]]] = deque()
        self._length_max = limits.ring_statements_max
        self._bytes_max = limits.ring_bytes_max
        self._bytes = 0

    def push(self, record: Record, channels: tuple[Channel, ...]) -> None:
        """``record`` was appended to ``channels``; the oldest ones go when there are too many."""
        self._entries.append((record.position, len(record.payload), channels))
        self._bytes += len(record.payload)
        while len(self._entries) > self._length_max or self._bytes > self._bytes_max:
            position, size, holders = self._entries.popleft()
            self._bytes -= size
            for channel in holders:
                channel.let_go(position)

    def clear(self) -> None:
        self._entries.clear()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._entries)


# Kinds of keys by how few records share one: a channel is found under its rarest kind.
_RARITY = {
    kind: rank
    for rank, kind in enumerate(
        (
            keys.REGISTRATION,
            keys.AGENT,
            keys.RELATED_AGENT,
            keys.ACTIVITY,
            keys.COURSE,
            keys.RELATED_ACTIVITY,
            keys.ORGANISATION,
            keys.ACTIVITY_TYPE,
            keys.VERB,
            keys.PLATFORM,
            keys.WRITER,
        )
    )
}


class ChannelIndex:
    """Finds the channels that a record may match, with work in proportion to those, not to all.

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

    def matching(self, record: Record) -> tuple[Channel, ...]:
        """The channels that ``record`` belongs to."""
        candidates = dict(self._unconditional)
        by_key = self._by_key
        for name in record.keys:
            found = by_key.get(name)
            if found is not None:
                candidates.update(found)
        return tuple(channel for channel in candidates if channel.matches(record))

    def __len__(self) -> int:
        """How many keys are watched."""
        return len(self._by_key)


def _rarest_member(channel: Channel) -> frozenset[str] | None:
    """The member of filter or sight to find ``channel`` by; None when neither has a condition."""
    members = channel.filter.members | channel.visibility.members()
    if not members:
        return None
    return min(members, key=_rarity)


def _rarity(member: frozenset[str]) -> tuple[int, int, list[str]]:
    """Sorts the rarest first: by its commonest kind, then by how many keys it has; the rest makes ties steady."""
    commonest = max((_RARITY.get(name[0], len(_RARITY)) for name in member), default=-1)
    return commonest, len(member), sorted(member)


class Channels:
    """All channels with subscribers, the index over them, and the ring that bounds them.

    ``end``: every record up to here has been matched against every channel.
    """

    def __init__(self, limits: Limits) -> None:
        self.end = Position(0)
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
        channel.members[member] = None
        return channel

    def leave(self, channel: Channel, member: Member) -> None:
        """``member`` goes; the last one takes the channel with it."""
        del channel.members[member]
        if channel.members:
            return
        self._index.remove(channel)
        del self._by_question[channel.filter, channel.visibility]
        if not self._by_question:
            self._ring.clear()

    def restart(self, end: Position) -> None:
        """Begin again at ``end``, after a time without channels in which nothing was followed."""
        assert not self._by_question
        assert end >= self.end
        self.end = end

    def feed(self, page: Page) -> None:
        """Take over the next records of the log, and wake the members of the channels that they match.

        What lies at or before ``end`` is already known and skipped.
        """
        touched: dict[Channel, None] = {}
        for record in page.records:
            if record.position <= self.end:
                continue
            found = self._index.matching(record)
            if found:
                for channel in found:
                    channel.append(record)
                self._ring.push(record, found)
                touched.update(dict.fromkeys(found))
        self.end = max(self.end, page.through)
        for channel in touched:
            for member in channel.members:
                member.wake()

    def all_members(self) -> list[Member]:
        return [member for channel in self._by_question.values() for member in channel.members]
