"""What every adapter of ``StatementLog`` must do. An adapter's tests import all of it and give ``log``."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from lrs.errors import Conflict
from lrs.statements import keys
from lrs.statements.log import Selection, StatementLog
from lrs.statements.match import Filter, Visibility
from lrs.statements.record import Append, Position, StatementId
from tests.samples import (
    ANSWERED,
    COURSE_A,
    COURSE_B,
    COURSE_C,
    EVERYONE,
    VOIDED,
    course_activity,
    draft,
    principal,
    sees,
    statement,
    voiding,
)

OLDEST_FIRST = Selection(ascending=True, limit=1000)


def put(log: StatementLog, *made: dict[str, Any]) -> Sequence[Position]:
    return log.append_now(Append([draft(one) for one in made]))


def ids(log: StatementLog, selection: Selection = OLDEST_FIRST, visibility: Visibility = EVERYONE) -> list[str]:
    return [str(UUID(bytes=record.id)) for record in log.read(selection, visibility).records]


def by(*members: str) -> Selection:
    return replace(OLDEST_FIRST, filter=Filter.of(*(frozenset({member}) for member in members)))


def identity(made: dict[str, Any]) -> StatementId:
    return StatementId(UUID(made["id"]).bytes)


def test_positions_count_from_one_without_gaps(log: StatementLog) -> None:
    """Invariant 1."""
    assert [*put(log, statement(), statement()), *put(log, statement())] == [1, 2, 3]
    assert log.head() == 3


def test_an_empty_log_has_its_head_at_zero(log: StatementLog) -> None:
    assert log.head() == 0
    assert ids(log) == []


def test_the_payload_is_the_statement_with_stored_and_authority(log: StatementLog) -> None:
    made = statement()
    put(log, made)
    record = log.read(OLDEST_FIRST, EVERYONE).records[0]
    payload = orjson.loads(record.payload)
    assert payload.pop("authority") == principal().authority
    assert payload.pop("stored").endswith("Z")
    assert payload.pop("version") == "1.0.0"
    assert payload == made


def test_a_statement_without_timestamp_gets_the_time_of_storing(log: StatementLog) -> None:
    made = statement()
    del made["timestamp"]
    put(log, made)
    payload = orjson.loads(log.read(OLDEST_FIRST, EVERYONE).records[0].payload)
    assert payload["timestamp"] == payload["stored"]


def test_stored_never_decreases_with_position(log: StatementLog) -> None:
    """Invariant 9."""
    for _ in range(20):
        put(log, statement())
    stored = [record.stored_us for record in log.read(OLDEST_FIRST, EVERYONE).records]
    assert stored == sorted(stored)


def test_the_same_statement_again_is_stored_once(log: StatementLog) -> None:
    made = statement()
    assert put(log, made) == put(log, made) == [1]
    assert log.head() == 1


def test_the_same_statement_twice_in_one_append_is_stored_once(log: StatementLog) -> None:
    made = statement()
    assert put(log, made, made) == [1, 1]


def test_an_id_with_another_content_refuses_the_whole_append(log: StatementLog) -> None:
    made = statement()
    put(log, made)
    with pytest.raises(Conflict):
        put(log, statement(), made | {"verb": {"id": "http://example.com/other"}}, statement())
    assert ids(log) == [made["id"]]


def test_appends_at_the_same_time_do_not_harm_each_other(log: StatementLog) -> None:
    """Invariant 10."""
    taken = statement()
    put(log, taken)
    good = [statement() for _ in range(20)]
    bad = taken | {"verb": {"id": "http://example.com/other"}}

    async def together() -> list[Any]:
        jobs = [log.append(Append([draft(one)])) for one in (*good[:10], bad, *good[10:])]
        return await asyncio.gather(*jobs, return_exceptions=True)

    outcomes = asyncio.run(together())
    assert isinstance(outcomes[10], Conflict)
    assert sorted(ids(log)) == sorted(one["id"] for one in (taken, *good))


def test_records_are_found_by_each_kind_of_key(log: StatementLog) -> None:
    made = statement(context={"registration": str(uuid4()), "contextActivities": {"other": [{"id": "http://x.org/o"}]}})
    put(log, statement(verb="http://example.com/v", learner="bob", block="b2"), made)
    for name in draft(made).keys - draft(statement(verb="http://example.com/v", learner="bob", block="b2")).keys:
        assert ids(log, by(name)) == [made["id"]]


def test_conditions_are_joined_by_and_values_by_or(log: StatementLog) -> None:
    first, second, third = statement(learner="ann"), statement(learner="bob"), statement(learner="bob", verb="x:y")
    put(log, first, second, third)
    bob, ann = (next(k for k in draft(one).keys if k[0] == keys.AGENT) for one in (second, first))
    assert ids(log, by(bob, keys.VERB + ANSWERED)) == [second["id"]]
    either = replace(OLDEST_FIRST, filter=Filter.of(frozenset({ann, bob}), frozenset({keys.VERB + ANSWERED})))
    assert ids(log, either) == [first["id"], second["id"]]


def test_a_key_that_nobody_has_finds_nothing(log: StatementLog) -> None:
    put(log, statement())
    assert ids(log, by(keys.VERB + "http://example.com/unknown")) == []


def test_pages_follow_each_other_without_gap_or_repetition_in_both_directions(log: StatementLog) -> None:
    made = [statement() for _ in range(23)]
    put(log, *made)
    for ascending in (True, False):
        found: list[str] = []
        beyond = None
        while True:
            page = log.read(Selection(ascending=ascending, limit=5, beyond=beyond), EVERYONE)
            found += [str(UUID(bytes=record.id)) for record in page.records]
            beyond = page.through
            if not page.more:
                break
            put(log, statement(verb="http://example.com/written/between"))
        written = [one["id"] for one in (made if ascending else made[::-1])]
        assert [one for one in found if one in set(written)] == written
        assert len(found) == len(set(found))


def test_a_page_ends_early_at_its_size_but_holds_one_statement(log: StatementLog) -> None:
    put(log, statement(), statement())
    page = log.read(replace(OLDEST_FIRST, bytes_max=1), EVERYONE)
    assert (len(page.records), page.more, page.through) == (1, True, 1)


def test_a_page_that_holds_the_last_record_says_that_there_is_no_more(log: StatementLog) -> None:
    put(log, statement(), statement())
    assert not log.read(replace(OLDEST_FIRST, limit=2), EVERYONE).more


def test_since_is_exclusive_and_until_inclusive(log: StatementLog) -> None:
    for _ in range(3):
        put(log, statement())
    first, second, third = log.read(OLDEST_FIRST, EVERYONE).records
    since = log.read(replace(OLDEST_FIRST, since_us=first.stored_us), EVERYONE).records
    until = log.read(replace(OLDEST_FIRST, until_us=second.stored_us), EVERYONE).records
    assert [record.position for record in since] == [second.position, third.position]
    assert [record.position for record in until] == [first.position, second.position]


@pytest.mark.parametrize(
    ("visibility", "expected"),
    [
        (EVERYONE, ["a", "b", "ab", "c", "none"]),
        (sees(COURSE_A), ["a"]),
        (sees(COURSE_A, COURSE_B), ["a", "b", "ab"]),
        (sees("course-v1:Org+*"), ["a", "b", "ab"]),
        (sees("course-v1:Or+*"), []),
        (sees(COURSE_C, "course-v1:Unknown+X+1"), ["c"]),
        (sees(), []),
    ],
)
def test_a_reader_sees_the_courses_of_its_grant_and_nothing_else(
    log: StatementLog, visibility: Visibility, expected: list[str]
) -> None:
    """Invariant 4."""
    both = {"contextActivities": {"parent": [course_activity(COURSE_A), course_activity(COURSE_B)]}}
    made = {
        "a": statement(course=COURSE_A),
        "b": statement(course=COURSE_B),
        "ab": statement(context=both),
        "c": statement(course=COURSE_C),
        "none": statement(course=None),
    }
    put(log, *made.values())
    names = {one["id"]: name for name, one in made.items()}
    assert [names[one] for one in ids(log, visibility=visibility)] == expected
    found = [name for name, one in made.items() if log.find(identity(one), visibility) is not None]
    assert found == expected


def test_a_reader_of_its_own_sees_only_what_it_wrote(log: StatementLog) -> None:
    mine, other = statement(), statement()
    log.append_now(Append([draft(mine, principal("me", number=7)), draft(other, principal("you", number=8))]))
    assert ids(log, visibility=Visibility(EVERYONE.grant, writer=7)) == [mine["id"]]


def test_a_voided_statement_is_found_only_as_voided(log: StatementLog) -> None:
    made = statement()
    void = voiding(made["id"])
    put(log, made)
    put(log, void)
    assert ids(log) == [void["id"]]
    assert log.find(identity(made), EVERYONE) is None
    assert log.find(identity(made), EVERYONE, voided=True) is not None
    assert log.find(identity(void), EVERYONE, voided=True) is None


def test_a_statement_that_comes_after_its_voiding_is_voided(log: StatementLog) -> None:
    made = statement()
    put(log, voiding(made["id"]))
    put(log, made)
    assert log.find(identity(made), EVERYONE) is None


@pytest.mark.parametrize("voiding_first", [True, False])
def test_a_voiding_statement_can_not_be_voided(log: StatementLog, voiding_first: bool) -> None:
    """Data 2.3.2."""
    made = statement()
    void = voiding(made["id"])
    second = voiding(void["id"])
    put(log, made)
    for one in (void, second) if voiding_first else (second, void):
        put(log, one)
    assert log.find(identity(void), EVERYONE) is not None
    assert log.find(identity(made), EVERYONE) is None


def test_voiding_something_unknown_voids_nothing_else(log: StatementLog) -> None:
    made = statement()
    put(log, made, voiding(str(uuid4())))
    assert log.find(identity(made), EVERYONE) is not None


@pytest.mark.parametrize("target_first", [True, False])
def test_a_query_finds_statements_that_refer_to_a_match_in_chains(log: StatementLog, target_first: bool) -> None:
    """Communication 2.1.3, StatementRefs; also when the target comes later."""
    made = statement(verb="http://example.com/first")
    comment = statement(
        course=None, verb="http://example.com/second", object={"objectType": "StatementRef", "id": made["id"]}
    )
    reply = statement(
        course=None, verb="http://example.com/third", object={"objectType": "StatementRef", "id": comment["id"]}
    )
    order = [made, comment, reply] if target_first else [reply, comment, made]
    for one in order:
        put(log, one)
    expected = [one["id"] for one in order]
    assert ids(log, by(keys.VERB + "http://example.com/first")) == expected
    assert set(ids(log, by(keys.VERB + "http://example.com/second"))) == {comment["id"], reply["id"]}
    assert ids(log, by(keys.VERB + "http://example.com/third")) == [reply["id"]]


@pytest.mark.parametrize("target_first", [True, False])
def test_a_voiding_statement_reaches_the_course_of_what_it_voids_and_no_other(
    log: StatementLog, target_first: bool
) -> None:
    made = statement(course=COURSE_A)
    void = voiding(made["id"])
    for one in (made, void) if target_first else (void, made):
        put(log, one)
    assert ids(log, visibility=sees(COURSE_A)) == [void["id"]]
    assert ids(log, visibility=sees(COURSE_B)) == []
    assert ids(log, by(keys.VERB + VOIDED), sees(COURSE_A)) == [void["id"]]


def test_who_wrote_a_statement_does_not_pass_to_what_refers_to_it(log: StatementLog) -> None:
    made = statement()
    void = voiding(made["id"])
    log.append_now(Append([draft(made, principal("me", number=7))]))
    log.append_now(Append([draft(void, principal("you", number=8))]))
    assert ids(log, visibility=Visibility(EVERYONE.grant, writer=7)) == []


def test_statements_that_refer_to_each_other_do_no_harm(log: StatementLog) -> None:
    first, second = str(uuid4()), str(uuid4())
    ring = [
        statement(statement_id=one, course=None, object={"objectType": "StatementRef", "id": other})
        for one, other in ((first, second), (second, first))
    ]
    itself = str(uuid4())
    ring.append(statement(statement_id=itself, course=None, object={"objectType": "StatementRef", "id": itself}))
    put(log, *ring)
    assert len(ids(log)) == 3


def test_everything_stored_by_the_promised_time_is_visible_and_nothing_is_stored_before_it_later(
    log: StatementLog,
) -> None:
    """Invariant 9."""
    for _ in range(10):
        promised = log.consistent_through_us()
        before = log.read(replace(OLDEST_FIRST, until_us=promised), EVERYONE).records
        put(log, statement())
        assert len(log.read(replace(OLDEST_FIRST, until_us=promised), EVERYONE).records) == len(before)
    assert log.consistent_through_us() >= log.read(OLDEST_FIRST, EVERYONE).records[-1].stored_us


def test_a_commit_wakes_whoever_asked_and_shows_as_a_change(log: StatementLog) -> None:
    woken: list[bool] = []
    log.changed()
    stop = log.on_commit(lambda: woken.append(True))
    put(log, statement())
    assert woken
    assert log.changed()
    assert not log.changed()
    stop()


async def test_an_append_that_nobody_waits_for_tells_its_positions(log: StatementLog) -> None:
    told: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    assert log.append_soon(Append([draft(statement())]), told.set_result)
    assert await asyncio.wait_for(told, 10) == [1]


async def test_an_append_that_nobody_waits_for_tells_its_refusal(log: StatementLog) -> None:
    made = statement()
    put(log, made)
    told: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    assert log.append_soon(Append([draft(made | {"verb": {"id": VOIDED + "-not"}})]), told.set_result)
    assert isinstance(await asyncio.wait_for(told, 10), Conflict)


def test_a_write_makes_another_revision(log: StatementLog) -> None:
    before = log.revision()
    assert log.revision() == before
    put(log, statement())
    assert log.revision() != before


def test_one_that_is_larger_than_a_page_and_has_none_after_it_is_the_end(log: StatementLog) -> None:
    put(log, statement())
    page = log.read(replace(OLDEST_FIRST, bytes_max=1), EVERYONE)
    assert (len(page.records), page.more) == (1, False)


def test_a_page_tells_up_to_where_all_was_there_to_be_found(log: StatementLog) -> None:
    assert log.read(OLDEST_FIRST, EVERYONE).end == 0
    first, later = statement(), statement()
    put(log, first, later)
    for asked in (OLDEST_FIRST, Selection(limit=1), by("v" + "http://example.com/unknown")):
        assert log.read(asked, EVERYONE).end == log.end() == 2
