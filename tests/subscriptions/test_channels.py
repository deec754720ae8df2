from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.auth.grants import UNRESTRICTED, Grant
from lrs.limits import Limits
from lrs.statements.cursor import EPOCH_BYTES, Cursors
from lrs.statements.log import Arrivals
from lrs.statements.match import EVERYTHING, Filter, Visibility
from lrs.statements.record import Arrival, Place, Position, Record, StatementId
from lrs.subscriptions.batch import Batch
from lrs.subscriptions.channels import Channel, ChannelIndex, Channels
from tests.samples import COURSE_A, COURSE_B, EVERYONE

AMPLE = {"limit": 1_000, "bytes_max": 10**9}


class Listener:
    def __init__(self) -> None:
        self.woken = 0

    def wake(self) -> None:
        self.woken += 1


def record(place: int, *keys: str, courses: Iterable[str] = (), size: int = 10) -> Arrival:
    payload = b"%010d" % place + b"x" * (size - 10)
    names = frozenset([*keys, *(f"k{course}" for course in courses)])
    made = Record(Position(place), StatementId(b"i" * 16), place, names, frozenset(courses), payload)
    return Arrival(Place(place), made)


def page(*arrivals: Arrival, through: int | None = None) -> Arrivals:
    end = through if through is not None else arrivals[-1].place
    return Arrivals(arrivals, more=False, through=Place(end))


def asked(*keys: str) -> Filter:
    return Filter.of(*(frozenset({key}) for key in keys))


def held(channel: Channel, after: int = 0) -> list[int]:
    payloads, _ = channel.after(Place(max(after, channel.start)), **AMPLE)
    return [int(payload[:10]) for payload in payloads]


def test_a_channel_holds_what_matches_and_nothing_else() -> None:
    channels = Channels(Limits())
    channel = channels.join(asked("va"), EVERYONE, Listener())
    channels.feed(page(record(1, "va"), record(2, "vb"), record(3, "va", "ox")))
    assert held(channel) == [1, 3]
    assert held(channel, after=1) == [3]
    assert channels.end == 3


def test_a_channel_holds_nothing_that_its_readers_may_not_see() -> None:
    """Invariant 4."""
    channels = Channels(Limits())
    channel = channels.join(EVERYTHING, Visibility(Grant.of([COURSE_A])), Listener())
    channels.feed(page(record(1, courses=[COURSE_A]), record(2, courses=[COURSE_A, COURSE_B]), record(3)))
    assert held(channel) == [1]


def test_what_is_found_by_more_goes_to_those_who_did_not_have_it() -> None:
    """Its target has come: here a voiding statement learns of the course of what it voids."""
    channels = Channels(Limits())
    restricted = channels.join(EVERYTHING, Visibility(Grant.of([COURSE_A])), Listener())
    asking = channels.join(asked("va"), EVERYONE, Listener())
    having = channels.join(asked("vv"), EVERYONE, Listener())
    early = record(1, "vv")
    late = record(3, "vv", "va", courses=[COURSE_A])
    channels.feed(page(early, record(2), late._replace(earlier=early.record), through=3))
    assert (held(restricted), held(asking), held(having)) == ([3], [3], [1])


def test_those_who_ask_and_see_the_same_share_a_channel() -> None:
    channels = Channels(Limits())
    first = channels.join(asked("va"), EVERYONE, Listener())
    assert channels.join(asked("va"), Visibility(UNRESTRICTED), Listener()) is first
    assert channels.join(asked("va"), Visibility(Grant.of([COURSE_A])), Listener()) is not first
    assert channels.join(asked("vb"), EVERYONE, Listener()) is not first


def test_only_members_of_a_channel_with_a_match_are_woken_once_for_each_page() -> None:
    channels = Channels(Limits())
    mine, other = Listener(), Listener()
    channels.join(asked("va"), EVERYONE, mine)
    channels.join(asked("vb"), EVERYONE, other)
    channels.feed(page(record(1, "va"), record(2, "va")))
    assert (mine.woken, other.woken) == (1, 0)


def test_what_is_known_already_is_skipped() -> None:
    """A page that was asked for before a restart may come after it."""
    channels = Channels(Limits())
    channels.restart(Place(2))
    channel = channels.join(asked("va"), EVERYONE, Listener())
    channels.feed(page(record(1, "va"), record(2, "va"), record(3, "va")))
    channels.feed(page(record(3, "va"), through=3))
    assert held(channel) == [3]


def test_a_late_channel_begins_at_the_end() -> None:
    channels = Channels(Limits())
    channels.join(EVERYTHING, EVERYONE, Listener())
    channels.feed(page(record(1, "va")))
    late = channels.join(asked("va"), EVERYONE, Listener())
    assert late.start == 1
    channels.feed(page(record(2, "va")))
    assert held(late) == [2]


def test_the_oldest_go_when_there_are_too_many() -> None:
    """Invariant 7."""
    channels = Channels(Limits(ring_statements_max=3))
    channel = channels.join(EVERYTHING, EVERYONE, Listener())
    channels.feed(page(*(record(n) for n in range(1, 6))))
    assert held(channel) == [3, 4, 5]
    assert channel.start == 2


def test_the_oldest_go_when_they_are_too_large() -> None:
    """Invariant 7."""
    channels = Channels(Limits(ring_bytes_max=2**20))
    channel = channels.join(EVERYTHING, EVERYONE, Listener())
    channels.feed(page(*(record(n, size=2**18) for n in range(1, 7))))
    assert held(channel) == [3, 4, 5, 6]
    channels.feed(page(record(7, size=2**21)))
    assert held(channel) == []
    assert channel.start == 7


def test_a_quiet_channel_keeps_its_place_while_others_are_busy() -> None:
    """Records that nobody wants, or only others, do not push a reader of a quiet course out of memory."""
    channels = Channels(Limits(ring_statements_max=3))
    quiet = channels.join(asked("va"), EVERYONE, Listener())
    busy = channels.join(asked("vb"), EVERYONE, Listener())
    channels.feed(page(*(record(n, "vb") for n in range(1, 20))))
    channels.feed(page(*(record(n, "vz") for n in range(20, 40))))
    assert quiet.start == 0
    assert busy.start == 16


def test_no_channel_holds_more_than_the_ring_however_long_it_is_not_read() -> None:
    """Invariant 7: a stalled reader costs no memory."""
    channels = Channels(Limits(ring_statements_max=10))
    stalled = channels.join(asked("va"), EVERYONE, Listener())
    for n in range(1, 5_000):
        channels.feed(page(record(n, "va")))
    assert len(held(stalled)) == 10
    assert len(stalled._payloads) < 200
    assert sum(map(len, stalled._payloads)) <= 10 * 10


@pytest.mark.parametrize("goes", ["the oldest", "everything"])
def test_what_readers_share_is_not_kept_longer_than_what_it_was_made_of(goes: str) -> None:
    """Invariant 7; and what was erased stays in no memory."""
    channels = Channels(Limits(ring_statements_max=2))
    channels.join(asked("va"), EVERYONE, Listener())
    quiet = channels.join(asked("vb"), EVERYONE, Listener())
    channels.feed(page(record(1, "vb")))
    quiet.shared[Place(0)] = Batch(
        [b"{}"], Place(0), Place(1), live=False, channel=quiet.number, cursors=Cursors(b"s" * 32, b"e" * EPOCH_BYTES)
    )
    if goes == "everything":
        channels.forget()
    else:
        channels.feed(page(record(2, "va"), record(3, "va")))
    assert not quiet.shared


def test_the_last_to_leave_takes_the_channel_along() -> None:
    channels = Channels(Limits())
    first, second = Listener(), Listener()
    channel = channels.join(asked("va"), EVERYONE, first)
    channels.join(asked("va"), EVERYONE, second)
    channels.leave(channel, first)
    assert len(channels) == 1
    channels.leave(channel, second)
    assert len(channels) == 0
    assert len(channels._index) == 0


def test_what_a_channel_that_is_gone_held_still_goes_in_its_turn() -> None:
    channels = Channels(Limits(ring_statements_max=2))
    listener = Listener()
    gone = channels.join(asked("va"), EVERYONE, listener)
    stays = channels.join(EVERYTHING, EVERYONE, Listener())
    channels.feed(page(record(1, "va"), record(2, "va")))
    channels.leave(gone, listener)
    channels.feed(page(record(3, "va"), record(4, "va")))
    assert held(stays) == [3, 4]
    again = channels.join(asked("va"), EVERYONE, Listener())
    assert again is not gone
    assert again.start == 4


@pytest.mark.parametrize(
    ("limit", "bytes_max", "expected"), [(2, 10**6, [1, 2]), (9, 25, [1, 2]), (9, 1, [1]), (9, 30, [1, 2, 3])]
)
def test_a_batch_is_bounded_but_holds_one(limit: int, bytes_max: int, expected: list[int]) -> None:
    channels = Channels(Limits())
    channel = channels.join(EVERYTHING, EVERYONE, Listener())
    channels.feed(page(record(1), record(2), record(3)))
    payloads, last = channel.after(Place(0), limit=limit, bytes_max=bytes_max)
    assert [int(payload) for payload in payloads] == expected
    assert last == expected[-1]


def test_a_channel_is_found_under_its_rarest_member() -> None:
    index = ChannelIndex()
    filter_ = Filter.of(frozenset({"va"}), frozenset({f"k{COURSE_A}"}), frozenset({"g1"}))
    index.add(Channel(1, filter_, EVERYONE, Place(0)))
    assert list(index._by_key) == ["g1"]


def test_a_restricted_reader_without_filter_is_found_under_its_courses() -> None:
    index = ChannelIndex()
    index.add(Channel(1, asked("va"), Visibility(Grant.of([COURSE_A, "course-v1:X+*"])), Place(0)))
    assert set(index._by_key) == {f"k{COURSE_A}", "ncourse-v1:X"}


def test_work_is_in_proportion_to_the_channels_that_may_match() -> None:
    """A record of one course asks the channels of that course, not those of a thousand others."""
    asked_for: list[int] = []

    class Counting(Channel):
        def matches(self, arrival: Arrival) -> bool:
            asked_for.append(self.number)
            return super().matches(arrival)

    index = ChannelIndex()
    for n in range(1_000):
        index.add(Counting(n, asked(f"kcourse-v1:Org+C{n}+1", "va"), EVERYONE, Place(0)))
    found = index.matching(record(1, "va", courses=["course-v1:Org+C7+1"]))
    assert [channel.number for channel in found] == asked_for == [7]


KEYS = ["va", "vb", "ox", "oy", "g1", "aann", f"k{COURSE_A}", f"k{COURSE_B}", "ncourse-v1:Org"]
MEMBERS = st.frozensets(st.frozensets(st.sampled_from(KEYS), max_size=3), max_size=3)
GRANTS = st.sampled_from([None, frozenset(), frozenset({COURSE_A}), frozenset({COURSE_A, COURSE_B})])


@given(
    st.lists(st.tuples(MEMBERS, GRANTS, st.sampled_from([None, 7])), max_size=8), st.frozensets(st.sampled_from(KEYS))
)
def test_the_index_finds_exactly_what_the_two_predicates_allow(
    questions: list[tuple[frozenset[frozenset[str]], frozenset[str] | None, int | None]], names: frozenset[str]
) -> None:
    """Invariant 4: the index only saves work."""
    courses = frozenset(name[1:] for name in names if name[0] == "k")
    extra = {"ncourse-v1:Org"} if courses else set()
    stored = Record(Position(1), StatementId(b"i" * 16), 1, (names - {"ncourse-v1:Org"}) | extra, courses, b"{}")
    arrival = Arrival(Place(1), stored)
    index = ChannelIndex()
    channels = [
        Channel(n, Filter(members), Visibility(Grant(grant), writer), Place(0))
        for n, (members, grant, writer) in enumerate(questions)
    ]
    for channel in channels:
        index.add(channel)
    expected = {c for c in channels if c.filter.matches(stored) and c.visibility.permits(stored)}
    assert set(index.matching(arrival)) == expected
    for channel in channels:
        index.remove(channel)
    assert index.matching(arrival) == ()
    assert len(index) == 0
