"""What every adapter of ``StatementLog`` must do for those who follow it. An adapter's tests give ``log``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
import pytest

from lrs.statements import keys
from lrs.statements.log import StatementLog
from lrs.statements.match import EVERYTHING, Filter, Visibility
from lrs.statements.record import Append, Place, Record
from tests.samples import COURSE_A, COURSE_B, EVERYONE, draft, principal, sees, statement, voiding

START = Place(0)


def append(log: StatementLog, *made: dict[str, Any]) -> list[str]:
    log.append_now(Append([draft(one) for one in made]))
    return [one["id"] for one in made]


def ids_of(records: Sequence[Record]) -> list[str]:
    return [str(UUID(bytes=record.id)) for record in records]


def changed(
    log: StatementLog, filter_: Filter = EVERYTHING, visibility: Visibility = EVERYONE, after: Place = START
) -> list[str]:
    return ids_of(log.changes(filter_, visibility, after=after, limit=1000, bytes_max=10**9).records)


def verb(iri: str) -> Filter:
    return Filter.of(frozenset({keys.VERB + iri}))


def about(target: str, iri: str = "http://example.com/commented", **members: Any) -> dict[str, Any]:
    """A statement in no course that refers to another."""
    return statement(course=None, verb=iri, object={"objectType": "StatementRef", "id": target}, **members)


def test_places_are_positions_as_long_as_targets_come_first(log: StatementLog) -> None:
    made = [statement(course=COURSE_A), statement(course=COURSE_B), statement(course=None)]
    append(log, *made, about(made[0]["id"]))
    page = log.newest(Place(1), 10, 10**6)
    assert [(one.place, one.record.position, one.earlier) for one in page.arrivals] == [
        (2, 2, None),
        (3, 3, None),
        (4, 4, None),
    ]
    assert page.arrivals[0].record.keys == draft(made[1]).keys
    assert [one.record.courses for one in page.arrivals] == [{COURSE_B}, frozenset(), {COURSE_A}]
    assert (page.more, page.through, log.end()) == (False, 4, 4)


def test_an_empty_log_ends_at_zero(log: StatementLog) -> None:
    assert log.end() == 0
    assert log.newest(START, 10, 10**6).through == 0
    assert changed(log) == []


@pytest.mark.parametrize(("limit", "bytes_max"), [(2, 10**6), (10, 1)])
def test_what_is_new_comes_in_bounded_pieces(log: StatementLog, limit: int, bytes_max: int) -> None:
    append(log, *(statement() for _ in range(5)))
    through, sizes = START, []
    while through < log.end():
        page = log.newest(through, limit, bytes_max)
        sizes.append(len(page.arrivals))
        assert page.more is (page.through < 5)
        through = page.through
    assert sizes == ([2, 2, 1] if limit == 2 else [1] * 5)


def test_changes_follow_each_other_without_gap_or_repetition(log: StatementLog) -> None:
    made = [append(log, statement(course=course))[0] for course in [COURSE_A, COURSE_B] * 4]
    found, through = [], START
    while True:
        page = log.changes(EVERYTHING, sees(COURSE_A), after=through, limit=3, bytes_max=10**6)
        found += ids_of(page.records)
        through = page.through
        if not page.more:
            break
    assert found == made[::2]
    assert through == log.end() == 8
    assert changed(log, after=Place(6)) == made[6:]


def test_changes_end_early_at_their_size_but_hold_one_statement(log: StatementLog) -> None:
    append(log, statement(), statement())
    page = log.changes(EVERYTHING, EVERYONE, after=START, limit=10, bytes_max=1)
    assert (len(page.records), page.more, page.through) == (1, True, 1)


def test_what_cannot_match_is_passed_over_at_once(log: StatementLog) -> None:
    append(log, statement(), statement())
    page = log.changes(verb("http://example.com/unknown"), EVERYONE, after=START, limit=10, bytes_max=10**6)
    assert (page.records, page.more, page.through) == ([], False, 2)


def test_what_was_voided_before_it_came_never_shows_and_its_voiding_comes_in_its_place(log: StatementLog) -> None:
    made = statement(course=COURSE_A)
    void = voiding(made["id"])
    append(log, void)
    before = log.end()
    assert changed(log, EVERYTHING, sees(COURSE_A)) == []
    append(log, made, statement(course=COURSE_B))
    assert changed(log, EVERYTHING, sees(COURSE_A)) == [void["id"]]
    assert changed(log, EVERYTHING, sees(COURSE_A), before) == [void["id"]]
    assert changed(log, EVERYTHING, sees(COURSE_B), before) != [void["id"]]
    first, *_ = log.newest(before, 10, 10**6).arrivals
    assert orjson.loads(first.record.payload)["id"] == void["id"]


def test_what_was_voided_in_the_same_batch_never_shows(log: StatementLog) -> None:
    made = statement(course=COURSE_A)
    void = voiding(made["id"])
    append(log, made, void)
    assert changed(log, EVERYTHING, sees(COURSE_A)) == [void["id"]]
    arrivals = log.newest(START, 10, 10**6)
    assert ([one.place for one in arrivals.arrivals], arrivals.through) == ([2], 2)


@pytest.mark.parametrize("together", [True, False])
def test_statements_that_come_before_what_they_refer_to_are_shown_right_after_it(
    log: StatementLog, together: bool
) -> None:
    """In a chain too, and each of them once: it does not matter whether they came in one commit."""
    made = statement(verb="http://example.com/first")
    comment = about(made["id"], "http://example.com/second")
    reply = about(comment["id"], "http://example.com/third")
    between, last = statement(), statement(verb="http://example.com/first")
    order = [reply, between, comment, made, last]
    for batch in [order] if together else [[one] for one in order]:
        append(log, *batch)
    first = [made["id"], reply["id"], comment["id"], last["id"]]
    assert changed(log, verb("http://example.com/first")) == first
    assert changed(log, verb("http://example.com/second")) == [comment["id"], reply["id"]]
    assert changed(log, verb("http://example.com/third")) == [reply["id"]]
    assert changed(log) == [one["id"] for one in order]
    everything = log.newest(START, 100, 10**6).arrivals
    assert [one.place for one in everything] == list(range(1, 9))
    assert [(one.record.position, one.earlier is not None) for one in everything] == [
        (1, False), (2, False), (3, False), (1, True), (4, False), (1, True), (3, True), (5, False)
    ]  # fmt: skip


def test_a_cursor_may_stand_between_what_one_arrival_brings(log: StatementLog) -> None:
    """So that even a thousand comments that came too early need no page larger than others."""
    made = statement(verb="http://example.com/first")
    early = append(log, *(about(made["id"]) for _ in range(5)))
    append(log, made)
    found: list[str] = []
    through = Place(5)
    while through < log.end():
        page = log.changes(verb("http://example.com/first"), EVERYONE, after=through, limit=2, bytes_max=10**6)
        assert len(page.records) <= 2
        found += ids_of(page.records)
        through = page.through
    assert found == [made["id"], *early]
    pieces = [log.newest(Place(place), 1, 10**6).arrivals for place in range(5, 11)]
    assert [one.record.position for piece in pieces for one in piece] == [6, 1, 2, 3, 4, 5]


def test_a_statement_that_turns_out_to_be_of_another_course_is_not_shown_again_and_not_to_all(
    log: StatementLog,
) -> None:
    """A statement is for those who may see all courses that it names and inherits."""
    made = statement(course=COURSE_B)
    comment = about(made["id"]) | {"context": statement(course=COURSE_A)["context"]}
    append(log, comment)
    assert changed(log, EVERYTHING, sees(COURSE_A)) == [comment["id"]]
    append(log, made)
    assert changed(log, EVERYTHING, sees(COURSE_A)) == []
    assert changed(log, EVERYTHING, sees(COURSE_B)) == [made["id"]]
    assert changed(log, EVERYTHING, sees(COURSE_A, COURSE_B)) == [comment["id"], made["id"]]


def test_who_wrote_a_statement_does_not_pass_on_late_either(log: StatementLog) -> None:
    made = statement()
    log.append_now(Append([draft(voiding(made["id"]), principal("you", number=8))]))
    log.append_now(Append([draft(made, principal("me", number=7))]))
    assert changed(log, EVERYTHING, Visibility(EVERYONE.grant, writer=7)) == []
    assert len(changed(log, EVERYTHING, Visibility(EVERYONE.grant, writer=8))) == 1


def test_the_place_of_a_time_takes_in_all_that_arrived_by_then(log: StatementLog) -> None:
    made = statement()
    append(log, about(made["id"]))
    append(log, made)
    append(log, statement())
    stored = [one.record.stored_us for one in log.newest(START, 10, 10**6).arrivals]
    assert log.place_of(stored[0] - 1) == 0
    assert log.place_of(stored[0]) == 1
    assert log.place_of(stored[1]) == 3
    assert log.place_of(stored[3] + 10**9) == 4
