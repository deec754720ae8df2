"""Whatever readers, writers and time do, each subscriber gets exactly what the plain predicates say of the log.

Invariants 4, 5 and 6: hints are lost, readers stall, leave and come back, sight changes; nothing matching is skipped,
nothing comes twice or out of order, and nothing is shown that may not be seen. What refers to something comes before
or after it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID, uuid4

import orjson
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from lrs.auth.grants import UNRESTRICTED, Grant
from lrs.limits import Limits
from lrs.statements.log import Selection, StatementLog
from lrs.statements.match import Filter, Visibility
from lrs.statements.record import Append, Arrival, Record
from lrs.statements.sqlite import SqliteStatementLog
from lrs.storage.sqlite import open_store
from lrs.subscriptions.filters import parse_filter
from lrs.subscriptions.hub import Batch, Hub, Subscription
from lrs.subscriptions.starts import After, Start, Stored
from tests.contracts.following import about
from tests.samples import ANSWERED, COURSE_A, COURSE_B, COURSE_C, draft, principal, statement, voiding
from tests.subscriptions.loops import Inline, settle
from tests.subscriptions.memory_log import FIRST_STORED_US, MemoryLog

LIMITS = Limits(
    ring_statements_max=4,
    ring_bytes_max=3_000,
    server_frame_statements_max=3,
    server_frame_bytes_max=2_000,
    tail_poll_s=1,
)
VERBS = (ANSWERED, "http://example.com/verbs/skipped")
COURSES = (COURSE_A, COURSE_B, COURSE_C, None)

FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "course": st.lists(st.sampled_from(COURSES[:3]), min_size=1, max_size=2),
        "verb": st.lists(st.sampled_from(VERBS), min_size=1, max_size=2),
        "activity": st.just(["https://lms.example.com/xblock/b1"]),
    },
).map(lambda members: parse_filter(members, LIMITS).filter)
GRANTS = st.one_of(
    st.just(UNRESTRICTED),
    st.lists(st.sampled_from([COURSE_A, COURSE_B, COURSE_C, "course-v1:Org+*"]), max_size=2).map(Grant.of),
)
SIGHTS = st.builds(Visibility, GRANTS, st.sampled_from([None, None, 1, 2]))
STARTS: st.SearchStrategy[Start] = st.one_of(
    st.just("now"),
    st.just("beginning"),
    st.integers(0, 30).map(lambda number: Stored(FIRST_STORED_US + 1_000 * number)),
)
STATEMENTS: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict, course=st.sampled_from(COURSES), verb=st.sampled_from(VERBS), block=st.sampled_from(["b1", "b2"])
)
ANYONE = st.integers(0, 100)


@dataclass
class Reader:
    """A subscriber. ``sights`` has each visibility with the place it counts after; ``got``: places and ids;
    ``unacknowledged``: cursors of batches that were not acknowledged, and how many statements they held.
    """

    filter: Filter
    sights: list[tuple[int, Visibility]]
    subscription: Subscription | None
    told: str
    window: int | None
    got: list[tuple[int, bytes]] = field(default_factory=list)
    unacknowledged: list[tuple[str, int]] = field(default_factory=list)

    def wants(self, arrival: Arrival) -> bool:
        sight = next((sight for after, sight in reversed(self.sights) if arrival.place > after), None)

        def matches(record: Record | None) -> bool:
            return record is not None and sight is not None and self.filter.matches(record) and sight.permits(record)

        return matches(arrival.record) and not matches(arrival.earlier)


class HubMachine(RuleBasedStateMachine):
    """``model`` has every arrival, also of what is voided; ``awaited``: ids to which something refers, to come yet."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.model = MemoryLog()
        self.log = self.make_log()
        self.hub = Hub(self.log, LIMITS, executor=Inline())
        self.readers: list[Reader] = []
        self.ids: list[str] = []
        self.awaited: list[str] = []
        self.never_to_be_shown: set[bytes] = set()

    def make_log(self) -> StatementLog:
        return self.model

    def append(self, *made: dict[str, Any], author: int = 1) -> None:
        job = Append([draft(one, principal(f"c{author}", number=author)) for one in made])
        voided = {job_draft.refers_to for job_draft in self.model._drafts if job_draft.voids}
        self.log.append_now(job)
        if self.log is not self.model:
            self.model.append_now(job)
        self.ids += [one["id"] for one in made]
        self.never_to_be_shown |= {one.id for one in job.drafts if one.id in voided & self.model._voided}

    def run(self, coroutine: Any) -> Any:
        return self.loop.run_until_complete(coroutine)

    @rule(made=st.lists(STATEMENTS, min_size=1, max_size=8), author=st.sampled_from([1, 2]))
    def write(self, made: list[dict[str, Any]], author: int) -> None:
        self.append(*(statement(**one) for one in made), author=author)

    @precondition(lambda self: self.awaited)
    @rule(made=STATEMENTS, which=ANYONE, author=st.sampled_from([1, 2]))
    def write_what_is_awaited(self, made: dict[str, Any], which: int, author: int) -> None:
        wanted = self.awaited.pop(which % len(self.awaited))
        self.append(statement(), statement(statement_id=wanted, **made), author=author)

    @rule(which=ANYONE, known=st.booleans(), voids=st.booleans(), verb=st.sampled_from(VERBS))
    def refer(self, which: int, known: bool, voids: bool, verb: str) -> None:
        targets = self.ids if known else self.awaited
        if not known and (not targets or which % 3 == 0):
            self.awaited.append(str(uuid4()))
        if not targets:
            return
        target = targets[which % len(targets)]
        self.append(voiding(target) if voids else about(target, verb))

    @precondition(lambda self: len(self.awaited) > 1)
    @rule(which=ANYONE, verb=st.sampled_from(VERBS))
    def refer_in_a_chain(self, which: int, verb: str) -> None:
        """What is awaited comes, and itself refers to something that is awaited."""
        comes = self.awaited.pop(which % len(self.awaited))
        self.append(about(self.awaited[which % len(self.awaited)], verb, statement_id=comes))

    @rule()
    def let_the_tail_run(self) -> None:
        self.run(settle())

    @rule()
    def look_for_commits_of_others(self) -> None:
        self.hub._tail._woken.set()
        self.run(settle())

    @rule(deaf=st.booleans())
    def lose_hints(self, deaf: bool) -> None:
        if isinstance(self.log, MemoryLog):
            self.log.deaf = deaf

    @precondition(lambda self: len(self.readers) < 5)
    @rule(filter_=FILTERS, sight=SIGHTS, start=STARTS, window=st.sampled_from([None, None, 1, 2, 5]))
    def subscribe(self, filter_: Filter, sight: Visibility, start: Start, window: int | None) -> None:
        subscription = self.hub.subscribe(filter_, sight, start=start, window=window)
        self.run(subscription.open())
        after = self.log.cursors.open(subscription.cursor)
        self.readers.append(Reader(filter_, [(after, sight)], subscription, subscription.cursor, window))

    @precondition(lambda self: self.readers)
    @rule(which=ANYONE, batches=st.integers(1, 5))
    def read(self, which: int, batches: int) -> None:
        self.read_on(self.readers[which % len(self.readers)], batches)

    @precondition(lambda self: self.readers)
    @rule(which=ANYONE)
    def tell(self, which: int) -> None:
        reader = self.readers[which % len(self.readers)]
        if reader.subscription is not None:
            reader.told = reader.subscription.tell()

    @precondition(lambda self: self.readers)
    @rule(which=ANYONE)
    def leave(self, which: int) -> None:
        reader = self.readers[which % len(self.readers)]
        if reader.subscription is not None:
            reader.subscription.close()
            reader.subscription = None

    @precondition(lambda self: self.readers)
    @rule(which=ANYONE)
    def come_back(self, which: int) -> None:
        reader = self.readers[which % len(self.readers)]
        if reader.subscription is None:
            reader.subscription = self.hub.subscribe(
                reader.filter, reader.sights[-1][1], start=After(reader.told), window=reader.window
            )
            self.run(reader.subscription.open())
            reader.unacknowledged.clear()

    @precondition(lambda self: self.readers)
    @rule(which=ANYONE, sight=SIGHTS)
    def change_sight(self, which: int, sight: Visibility) -> None:
        reader = self.readers[which % len(self.readers)]
        if reader.subscription is not None:
            reader.sights.append((reader.subscription._place, sight))
            reader.subscription.resight(sight)

    @precondition(lambda self: any(reader.unacknowledged for reader in self.readers))
    @rule(which=ANYONE)
    def acknowledge(self, which: int) -> None:
        """Anything up to the last batch, and so what came before it."""
        waiting = [reader for reader in self.readers if reader.unacknowledged and reader.subscription is not None]
        if waiting:
            reader = waiting[which % len(waiting)]
            self.acknowledge_batch(reader, which % len(reader.unacknowledged))

    def acknowledge_batch(self, reader: Reader, number: int) -> None:
        assert reader.subscription is not None
        news = reader.subscription.acknowledge(reader.unacknowledged[number][0])
        assert news is (reader.window is not None)
        del reader.unacknowledged[: number + 1]

    def read_on(self, reader: Reader, batches: int) -> bool:
        """Read at most ``batches``; whether there was nothing more before that."""
        if reader.subscription is None:
            return True
        for _ in range(batches):
            batch = self.run(reader.subscription.read())
            if batch is None:
                return True
            assert batch.prev == reader.told
            reader.told = batch.cursor
            assert batch.live is (not batch.payloads)
            self.take(reader, batch)
            if batch.payloads:
                reader.unacknowledged.append((batch.cursor, len(batch.payloads)))
            assert reader.window is None or sum(count for _, count in reader.unacknowledged) <= reader.window
        return False

    def take(self, reader: Reader, batch: Batch) -> None:
        """All in ``batch`` must be wanted, in the order in which it arrived."""
        wanted = iter(
            [one for one in self.model._arrivals if batch.prev_place < one.place <= batch.place and reader.wants(one)]
        )
        for payload in batch.payloads:
            identity = UUID(orjson.loads(payload)["id"]).bytes
            arrival = next(one for one in wanted if one.record.id == identity)
            assert identity not in self.never_to_be_shown
            reader.got.append((arrival.place, identity))

    def teardown(self) -> None:
        self.lose_hints(False)
        for number in range(len(self.readers)):
            self.come_back(number)
        self.look_for_commits_of_others()
        now = {record.id: record for record in self.model._records if record.id not in self.model._voided}
        for reader in self.readers:
            while not self.read_on(reader, 10) or reader.unacknowledged:
                if reader.unacknowledged:
                    self.acknowledge_batch(reader, -1 + len(reader.unacknowledged))
            sight = reader.sights[-1][1]
            visible = {identity for identity, record in now.items() if sight.permits(record)}
            missing = {one.record.id for one in self.model._arrivals if reader.wants(one)} - {i for _, i in reader.got}
            assert not missing & visible
            if len(reader.sights) == 1:
                assert len({identity for _, identity in reader.got}) == len(reader.got)
                if reader.sights[0][0] == 0:
                    query = self.log.read(Selection(filter=reader.filter, limit=10**6, bytes_max=10**12), sight)
                    assert {one.id for one in query.records} == visible & {i for _, i in reader.got}
        self.run(self.hub.stop())
        self.loop.close()
        self.log.close()


class HubMachineOnSqlite(HubMachine):
    def make_log(self) -> StatementLog:
        self.folder = TemporaryDirectory()
        self.store = open_store(Path(self.folder.name) / "lrs.sqlite3")
        return SqliteStatementLog(self.store)

    def teardown(self) -> None:
        super().teardown()
        self.store.close()
        self.folder.cleanup()


TestHubModel = HubMachine.TestCase
TestHubModel.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestHubModelOnSqlite = HubMachineOnSqlite.TestCase
TestHubModelOnSqlite.settings = settings(max_examples=6, stateful_step_count=40, deadline=None)
