"""Subscribers by every door, whatever happens to them, get exactly the visible matching part of the log.

Writers, voids, early references; websockets, durable ones, server-sent events and long polls; clients that leave, stall
and come back; credentials that expire, are revoked, and see something else; restarts. After each step every frame that
came is compared with the plain predicates. Invariants 4, 5 and 8.
"""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from lrs.clock import FixedClock
from lrs.errors import TokenRevoked
from lrs.statements.match import Visibility, visibility
from lrs.statements.record import Append, Arrival, Place, Record
from lrs.subscriptions.filters import parse_filter
from lrs.subscriptions.hub import Hub
from lrs.subscriptions.session.registry import Sessions
from lrs.subscriptions.writer import CursorWriter
from tests.contracts.following import about
from tests.samples import ANSWERED, COURSE_A, COURSE_B, draft, principal, statement, voiding
from tests.subscriptions.loops import Inline, InlineThreads, settle
from tests.subscriptions.pipes import House
from tests.subscriptions.readers import KINDS, Reader, SocketReader

SMALL = {
    "ring_statements_max": 4,
    "server_frame_statements_max": 3,
    "client_frames_burst": 10_000,
    "connections_per_token_max": 100,
}
VERBS = (ANSWERED, "http://example.com/verbs/skipped")
COURSES = st.sampled_from([None, (COURSE_A,), (COURSE_B,), (COURSE_A, COURSE_B), ("course-v1:Org+*",)])
ANYONE = st.integers(0, 100)
EXPIRES_S, GRACE_S = 100, 10


class SessionsMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.loop.set_default_executor(InlineThreads(1))
        self.house = self.run(self.open())
        self.readers: list[Reader] = []
        self.ids: list[str] = []
        self.awaited: list[str] = []

    def run(self, coroutine: Any) -> Any:
        return self.loop.run_until_complete(coroutine)

    async def open(self) -> House:
        return House(**SMALL)

    @rule(
        courses=st.lists(st.sampled_from([COURSE_A, COURSE_B, None]), min_size=1, max_size=6),
        verb=st.sampled_from(VERBS),
    )
    def write(self, courses: list[str | None], verb: str) -> None:
        self.append(*(statement(course=course, verb=verb) for course in courses))

    @rule(which=ANYONE, known=st.booleans(), voids=st.booleans(), verb=st.sampled_from(VERBS))
    def refer(self, which: int, known: bool, voids: bool, verb: str) -> None:
        if not known:
            self.awaited.append(str(uuid4()))
        targets = self.ids if known else self.awaited
        if targets:
            target = targets[which % len(targets)]
            self.append(voiding(target) if voids else about(target, verb))

    @precondition(lambda self: self.awaited)
    @rule(which=ANYONE, course=st.sampled_from([COURSE_A, COURSE_B, None]))
    def write_what_is_awaited(self, which: int, course: str | None) -> None:
        self.append(statement(statement_id=self.awaited.pop(which % len(self.awaited)), course=course))

    @precondition(lambda self: len(self.readers) < 6)
    @rule(kind=st.sampled_from(KINDS), courses=COURSES, verb=st.sampled_from([None, ANSWERED]), old=st.booleans())
    def come(self, kind: type[Reader], courses: tuple[str, ...] | None, verb: str | None, old: bool) -> None:
        self.admit(kind, courses, verb, old)

    def admit(self, kind: type[Reader], courses: tuple[str, ...] | None, verb: str | None, old: bool) -> None:
        members = {} if verb is None else {"verb": [verb]}
        number = len(self.readers) + 1
        who = self.house.reader(f"reader{number}", courses=courses, number=number)
        reader = kind(self.house, who, members, "beginning" if old else "now")
        self.readers.append(reader)
        self.step(reader.connect())

    @precondition(lambda self: self.readers)
    @rule(which=ANYONE)
    def come_back(self, which: int) -> None:
        reader = self.readers[which % len(self.readers)]
        if not reader.connected:
            self.step(reader.connect())

    @precondition(lambda self: self.readers)
    @rule(which=ANYONE)
    def leave(self, which: int) -> None:
        self.step(self.readers[which % len(self.readers)].leave())

    @precondition(lambda self: self.readers)
    @rule(which=ANYONE)
    def stall(self, which: int) -> None:
        self.readers[which % len(self.readers)].takes.clear()

    @precondition(lambda self: self.readers)
    @rule(which=ANYONE)
    def go_on(self, which: int) -> None:
        self.readers[which % len(self.readers)].takes.set()
        self.step()

    @precondition(lambda self: self.readers)
    @rule(which=ANYONE)
    def acknowledge(self, which: int) -> None:
        self.readers[which % len(self.readers)].acknowledge()
        self.step()

    @rule(seconds=st.sampled_from([1.0, 21.0]))
    def pass_time(self, seconds: float) -> None:
        self.go_on_all()
        self.step(self.house.pass_time(seconds))

    @precondition(lambda self: self.readers)
    @rule(which=ANYONE, courses=COURSES)
    def change_grant(self, which: int, courses: tuple[str, ...] | None) -> None:
        reader = self.readers[which % len(self.readers)]
        who = principal(reader.name, scopes=("stream",), courses=courses, number=reader.who.consumer_id)
        self.house.credentials.change(reader.name, who)
        reader.who = who
        reader.sights.append((reader.place, visibility(who)))
        self.step(self.house.pass_time(0))

    @precondition(lambda self: self.readers)
    @rule(which=ANYONE)
    def revoke(self, which: int) -> None:
        """It ends, and what is written then does not reach it; later it comes with a new credential."""
        self.go_on_all()
        reader = self.readers[which % len(self.readers)]
        self.house.credentials.change(reader.name, TokenRevoked("revoked"))
        self.step(self.house.pass_time(0))
        self.end_of(reader)

    @precondition(lambda self: self.readers)
    @rule(which=ANYONE)
    def expire(self, which: int) -> None:
        self.go_on_all()
        reader = self.readers[which % len(self.readers)]
        self.step(reader.leave())
        reader.who = self.house.reader(
            reader.name, expires_in_s=EXPIRES_S, courses=_courses(reader), number=reader.who.consumer_id
        )
        self.step(reader.connect())
        self.step(self.house.pass_time(EXPIRES_S + GRACE_S))
        self.end_of(reader)

    @rule()
    def restart(self) -> None:
        self.go_on_all()
        self.step(self.restarted())
        assert not any(reader.connected for reader in self.readers)

    def teardown(self) -> None:
        self.go_on_all()
        for reader in self.readers:
            if not reader.connected:
                self.step(reader.connect())
        model = self.house.log
        for reader in self.readers:
            self.step(reader.drain())
            last = reader.sights[-1][1]
            due = {one.record.id for one in model._arrivals if one.place > reader.began and self.wants(reader, one)}
            now = {record.id for record in model._records if record.id not in model._voided and last.permits(record)}
            assert due & now <= {identity for _, identity in reader.got}
        self.run(self.closed())
        self.loop.close()

    def append(self, *made: dict[str, Any]) -> None:
        self.house.log.append_now(Append([draft(one) for one in made]))
        self.ids += [one["id"] for one in made]
        self.step()

    def go_on_all(self) -> None:
        for reader in self.readers:
            reader.takes.set()
        self.step()

    def end_of(self, reader: Reader) -> None:
        """Its credential is good no more: it is not connected, and can't be again until it has another."""
        assert not reader.connected
        self.append(statement(course=None), statement(course=COURSE_A), statement(course=COURSE_B))
        self.house.credentials.change(reader.name, _lasting(reader))
        reader.who = _lasting(reader)

    def step(self, what: Any = None) -> None:
        """Do ``what``, let everything go on that can, and look at what came of it."""

        async def done() -> None:
            if what is not None:
                await what
            await settle(120)

        self.run(done())
        for reader in self.readers:
            for prev, cursor, payload_ids in reader.heard():
                self.take(reader, prev, cursor, payload_ids)

    def take(self, reader: Reader, prev: Place, through: Place, ids: list[str]) -> None:
        """Of all that arrived in between, each that is wanted came, in order and once, but for what was voided."""
        log = self.house.log
        between = [one for one in log._arrivals if prev < one.place <= through]
        wanted = [one for one in between if self.wants(reader, one)]
        came = iter(UUID(one).bytes for one in ids)
        due = next(came, None)
        for one in wanted:
            if one.record.id == due:
                reader.got.append((one.place, one.record.id))
                due = next(came, None)
            else:
                present = log._records[one.record.position - 1]
                sight = reader.sights[-1][1]
                assert one.record.id in log._voided or not sight.permits(present), "something was skipped"
        assert due is None, "something came that was not to come"

    def wants(self, reader: Reader, arrival: Arrival) -> bool:
        sight: Visibility = next(sight for after, sight in reversed(reader.sights) if arrival.place > after)
        asked = parse_filter(reader.members, self.house.limits).filter

        def matches(record: Record | None) -> bool:
            return record is not None and asked.matches(record) and sight.permits(record)

        return matches(arrival.record) and not matches(arrival.earlier)

    async def restarted(self) -> None:
        """The process ends and begins again: the log, the durable cursors and the credentials are what is left."""
        await self.closed()
        house = self.house
        assert isinstance(house.clock, FixedClock)
        most = house.limits.durable_cursors_max
        writer = CursorWriter(house.durables, house.clock, epoch=house.log.cursors.epoch, most=most)
        house.hub = Hub(house.log, house.limits, executor=Inline(), durables=writer)
        house.sessions = Sessions(house.hub, house.credentials, clock=house.clock)

    async def closed(self) -> None:
        await self.house.sessions.stop()
        await self.house.hub.stop()
        await settle(120)


def _courses(reader: Reader) -> tuple[str, ...] | None:
    return None if reader.who.grant.courses is None else tuple(reader.who.grant.courses)


def _lasting(reader: Reader) -> Any:
    return principal(reader.name, scopes=("stream",), courses=_courses(reader), number=reader.who.consumer_id)


class CrowdMachine(SessionsMachine):
    """The same for readers who ask the same by websocket, with less that parts them: most of it is told to crowds."""

    come = restart = revoke = expire = None  # type: ignore[assignment]

    @initialize(courses=COURSES, verb=st.sampled_from([None, ANSWERED]), count=st.integers(2, 4))
    def come_together(self, courses: tuple[str, ...] | None, verb: str | None, count: int) -> None:
        for _ in range(count):
            self.admit(SocketReader, courses, verb, old=False)

    @rule(courses=st.lists(st.sampled_from([COURSE_A, COURSE_B, None]), min_size=2, max_size=5))
    def write_one_by_one(self, courses: list[str | None]) -> None:
        for course in courses:
            self.append(statement(course=course, verb=ANSWERED))


TestSessionsModel = SessionsMachine.TestCase
TestSessionsModel.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestCrowdModel = CrowdMachine.TestCase
TestCrowdModel.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
