"""Following the log agrees with the model and with the query, whatever refers to what and in whatever order it comes.

Invariant 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from lrs.limits import DEFAULT_LIMITS, Limits
from lrs.statements.log import Selection, StatementLog
from lrs.statements.match import EVERYTHING, Filter, Visibility
from lrs.statements.record import Append, Arrival, Place, Record
from lrs.statements.sqlite import SqliteStatementLog
from lrs.storage.sqlite import open_store
from tests.contracts.following import about, verb
from tests.samples import COURSE_A, COURSE_B, EVERYONE, draft, principal, sees, statement, voiding
from tests.subscriptions.memory_log import MemoryLog
from tests.subscriptions.served import wait_until

IDS = [str(UUID(int=number)) for number in range(1, 9)]
VERBS = [f"http://example.com/verbs/{number}" for number in range(2)]
FILTERS = [EVERYTHING, verb(VERBS[0])]
SIGHTS = [EVERYONE, sees(COURSE_A), sees(COURSE_B), sees(COURSE_A, COURSE_B), Visibility(EVERYONE.grant, writer=2)]
QUESTIONS = list(product(FILTERS, SIGHTS))

MADE = st.one_of(
    st.builds(
        lambda course, iri: lambda own: statement(statement_id=own, course=course, verb=iri),
        st.sampled_from([COURSE_A, COURSE_B, None]),
        st.sampled_from(VERBS),
    ),
    st.builds(
        lambda target, course, iri: (
            lambda own: (
                about(target, iri, statement_id=own)
                | ({"context": statement(course=course)["context"]} if course else {})
            )
        ),
        st.sampled_from(IDS),
        st.sampled_from([COURSE_A, COURSE_B, None]),
        st.sampled_from(VERBS),
    ),
    st.builds(lambda target: lambda own: voiding(target, statement_id=own), st.sampled_from(IDS)),
)
SIZES = st.lists(st.integers(1, 3), min_size=8, max_size=8)


def batches(making: list[Any], order: list[str], sizes: list[int], author: int) -> Iterator[Append]:
    drafts = [
        draft(make(own), principal(number=1 + (author >> number & 1)))
        for number, (make, own) in enumerate(zip(making, order, strict=False))
    ]
    for size in sizes:
        part, drafts = drafts[:size], drafts[size:]
        if part:
            yield Append(part)


@contextmanager
def sqlite_log(limits: Limits = DEFAULT_LIMITS) -> Iterator[SqliteStatementLog]:
    with TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "lrs.sqlite3")
        log = SqliteStatementLog(store, limits=limits)
        yield log
        log.close()
        store.close()


def changes(log: StatementLog, filter_: Filter, sight: Visibility, *, after: int) -> list[int]:
    """Positions of what comes after the place ``after``, read one by one."""
    found: list[int] = []
    through, more = Place(after), True
    while more:
        page = log.changes(filter_, sight, after=through, limit=1, bytes_max=10**6)
        assert page.through > through or not page.more
        through, more = page.through, page.more
        found += (record.position for record in page.records)
    assert through == log.end()
    return found


def said(arrivals: list[Arrival]) -> list[tuple[Any, ...]]:
    def state(record: Record | None) -> Any:
        return record and (record.position, sorted(record.keys), sorted(record.courses))

    return [(one.place, state(one.record), state(one.earlier)) for one in arrivals]


@settings(max_examples=60, deadline=None)
@given(st.lists(MADE, min_size=2, max_size=8), st.permutations(IDS), SIZES, st.integers(0, 255))
def test_following_agrees_with_the_model_and_with_the_query(
    making: list[Any], order: list[str], sizes: list[int], author: int
) -> None:
    model = MemoryLog()
    live: list[list[int]] = [[] for _ in QUESTIONS]
    with sqlite_log() as log:
        for job in batches(making, order, sizes, author):
            end = log.end()
            assert log.append_now(job) == model.append_now(job)
            for (filter_, sight), seen in zip(QUESTIONS, live, strict=True):
                seen.extend(changes(log, filter_, sight, after=end))
        assert log.end() == model.end()
        for after in range(log.end()):
            one, other = log.newest(Place(after), 3, 10**6), model.newest(Place(after), 3, 10**6)
            assert said([*one.arrivals]) == said([*other.arrivals])
            assert (one.more, one.through) == (other.more, other.through)
        for (filter_, sight), seen in zip(QUESTIONS, live, strict=True):
            query = {one.position for one in log.read(Selection(filter=filter_, ascending=True), sight).records}
            each = changes(log, filter_, sight, after=0)
            assert set(each) == query
            assert len(each) == len(query)
            assert len(seen) == len(set(seen))
            assert [position for position in seen if position in query] == each
            for after in range(log.end() + 1):
                rest = changes(log, filter_, sight, after=after)
                assert rest == each[len(each) - len(rest) :] == changes(model, filter_, sight, after=after)
            assert rest == []


@settings(max_examples=25, deadline=None)
@given(st.lists(MADE, min_size=2, max_size=8), st.permutations(IDS), SIZES, st.integers(0, 255))
def test_what_is_passed_on_by_later_commits_is_the_same_in_the_end(
    making: list[Any], order: list[str], sizes: list[int], author: int
) -> None:
    """Two in a commit, while others append; each who follows is told once of all that a query finds."""
    model = MemoryLog()
    with sqlite_log(Limits(late_inheritance_max=2)) as log:
        for job in batches(making, order, sizes, author):
            assert log.append_now(job) == model.append_now(job)
        wait_until(lambda: not log.unfinished)
        for filter_, sight in QUESTIONS:
            selection = Selection(filter=filter_, ascending=True)
            query = [one.position for one in log.read(selection, sight).records]
            assert query == [one.position for one in model.read(selection, sight).records]
            assert sorted(changes(log, filter_, sight, after=0)) == query
