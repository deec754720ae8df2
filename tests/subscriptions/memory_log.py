"""A statement log in memory, as plain as can be: the model that the stream is compared with.

It keeps the contract of ``StatementLog`` (``test_memory_log``) by recomputing everything from what was appended.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence

import orjson

from lrs.errors import Conflict, LrsError
from lrs.statements.cursor import Cursors
from lrs.statements.keys import INHERITED_KINDS
from lrs.statements.log import Arrivals, Changes, Page, Selection
from lrs.statements.match import Filter, Visibility
from lrs.statements.record import Append, Arrival, Draft, Place, Position, Record, StatementId
from lrs.statements.transit import Packed, unpacked
from lrs.xapi.equivalent import equivalent
from lrs.xapi.timestamps import format_us

FIRST_STORED_US = 1_790_000_000_000_000


class MemoryLog:
    """``failure``: raised by every read while set. ``reads``: how often it was read by question, and not followed.
    ``deaf``: no hints.
    """

    def __init__(self, *, epoch: bytes = b"epoch1") -> None:
        self.cursors = Cursors(b"s" * 32, epoch)
        self.failure: LrsError | None = None
        self.reads = 0
        self.deaf = False
        self._drafts: list[Draft] = []
        self._records: list[Record] = []
        self._arrivals: list[Arrival] = []
        self._voided: set[StatementId] = set()
        self._now_us = FIRST_STORED_US
        self._lock = threading.RLock()
        self._wakes: list[Callable[[], None]] = []
        self._changed = True

    async def append(self, job: Append | Packed) -> Sequence[Position]:
        return self.append_now(unpacked(job))

    def append_soon(self, job: Append, tell: Callable[[Sequence[Position] | Exception], None]) -> bool:
        try:
            outcome: Sequence[Position] | Exception = self.append_now(job)
        except Conflict as conflict:
            outcome = conflict
        asyncio.get_running_loop().call_soon(tell, outcome)
        return True

    def append_now(self, job: Append) -> Sequence[Position]:
        assert not job.lenient
        with self._lock:
            before = list(self._records), list(self._arrivals), list(self._drafts)
            try:
                positions = [self._append_one(draft) for draft in job.drafts]
            except Conflict:
                self._records, self._arrivals, self._drafts = before
                self._settle()
                raise
            self._changed = True
        for wake in [] if self.deaf else list(self._wakes):
            wake()
        return positions

    def head(self) -> Position:
        self._check()
        return Position(len(self._records))

    def read(self, selection: Selection, visibility: Visibility) -> Page:
        self._check()
        self.reads += 1
        with self._lock:
            records = list(self._records)
            voided, end = set(self._voided), Place(len(self._arrivals))
        beyond, since, until = selection.beyond, selection.since_us, selection.until_us
        if not selection.ascending:
            records.reverse()
        found = [
            record
            for record in records
            if record.id not in voided
            and (beyond is None or (record.position > beyond if selection.ascending else record.position < beyond))
            and (since is None or record.stored_us > since)
            and (until is None or record.stored_us <= until)
            and selection.filter.matches(record)
            and visibility.permits(record)
        ]
        last = Position(len(records)) if selection.ascending else Position(0)
        return _page(found, selection.limit, selection.bytes_max, last, end)

    def find(self, statement_id: StatementId, visibility: Visibility, *, voided: bool = False) -> Record | None:
        self._check()
        for record in self._records:
            if record.id == statement_id and (record.id in self._voided) is voided and visibility.permits(record):
                return record
        return None

    def end(self) -> Place:
        self._check()
        return Place(len(self._arrivals))

    def changes(self, filter_: Filter, visibility: Visibility, *, after: Place, limit: int, bytes_max: int) -> Changes:
        self._check()
        self.reads += 1

        def matches(record: Record | None) -> bool:
            return record is not None and filter_.matches(record) and visibility.permits(record)

        with self._lock:
            found = [
                (arrival.place, self._records[arrival.record.position - 1])
                for arrival in self._arrivals[after:]
                if matches(arrival.record) and not matches(arrival.earlier) and arrival.record.id not in self._voided
            ]
            last = len(self._arrivals)
        found = [(place, record) for place, record in found if visibility.permits(record)]
        page = _page([record for _, record in found], limit, bytes_max, Position(0), Place(last))
        through = Place(last) if not page.more else found[len(page.records) - 1][0]
        return Changes(page.records, page.more, through)

    def newest(self, after: Place, limit: int, bytes_max: int) -> Arrivals:
        self._check()
        with self._lock:
            arrivals, voided = self._arrivals[after:], set(self._voided)
        page = _page([arrival.record for arrival in arrivals], limit, bytes_max, Position(0), after)
        through = Place(after + len(page.records))
        shown = [arrival for arrival in arrivals[: len(page.records)] if arrival.record.id not in voided]
        return Arrivals(shown, page.more, through)

    def erased(self, after: int, limit: int) -> Sequence[tuple[int, Record]]:
        return []

    def place_of(self, stored_us: int) -> Place:
        self._check()
        last = max((r.position for r in self._records if r.stored_us <= stored_us), default=0)
        return Place(sum(self._at(arrival) <= last for arrival in self._arrivals))

    def consistent_through_us(self) -> int:
        self._check()
        return self._now_us

    def on_commit(self, wake: Callable[[], None]) -> Callable[[], None]:
        self._wakes.append(wake)
        return lambda: self._wakes.remove(wake)

    def revision(self) -> int:
        with self._lock:
            return len(self._records)

    def changed(self) -> bool:
        self._check()
        changed, self._changed = self._changed, False
        return changed

    def close(self) -> None:
        self._wakes.clear()

    def _check(self) -> None:
        if self.failure is not None:
            raise self.failure

    def _append_one(self, draft: Draft) -> Position:
        for record in self._records:
            if record.id == draft.id:
                if not equivalent(orjson.loads(draft.body + b"}"), orjson.loads(record.payload)):
                    raise Conflict("the id is taken")
                return record.position
        self._now_us += 1_000
        stored = format_us(self._now_us).encode()
        timestamp = b',"timestamp":"%b"' % stored if draft.lacks_timestamp else b""
        payload = draft.body + timestamp + b',"stored":"%b"}' % stored
        position = Position(len(self._records) + 1)
        self._drafts.append(draft)
        self._records.append(Record(position, draft.id, self._now_us, draft.keys, draft.courses, payload))
        before = list(self._records)
        self._settle()
        self._arrive(self._records[-1], None)
        for earlier, record in zip(before[:-1], self._records, strict=False):
            if record != earlier:
                self._arrive(record, earlier)
        return position

    def _arrive(self, record: Record, earlier: Record | None) -> None:
        self._arrivals.append(Arrival(Place(len(self._arrivals) + 1), record, earlier))

    def _at(self, arrival: Arrival) -> Position:
        """Position of the record that ``arrival`` came with."""
        return max(one.record.position for one in self._arrivals[: arrival.place])

    def _settle(self) -> None:
        """Pass keys on along references until nothing changes any more, and see what is voided."""
        place = {record.id: index for index, record in enumerate(self._records)}
        voiding = {draft.id for draft in self._drafts if draft.voids}
        self._voided = {d.refers_to for d in self._drafts if d.voids and d.refers_to and d.refers_to not in voiding}
        moved = True
        while moved:
            moved = False
            for index, draft in enumerate(self._drafts):
                if draft.refers_to is None or draft.refers_to not in place:
                    continue
                target, own = self._records[place[draft.refers_to]], self._records[index]
                keys = own.keys | {key for key in target.keys if key[0] in INHERITED_KINDS}
                courses = own.courses | target.courses
                if (keys, courses) != (own.keys, own.courses):
                    self._records[index] = own._replace(keys=keys, courses=courses)
                    moved = True


def _page(found: Sequence[Record], limit: int, bytes_max: int, last: Position, end: Place) -> Page:
    """The first of ``found`` within the bounds; ``last`` is how far was looked when all of them fit."""
    records: list[Record] = []
    size = 0
    for record in found:
        size += len(record.payload)
        if len(records) == limit or (records and size > bytes_max):
            return Page(records, more=True, through=records[-1].position, end=end)
        records.append(record)
    return Page(records, more=False, through=last, end=end)
