"""What a reader gets by asking is what a reader without limits gets, less what the model hides (invariant 4)."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.authorisation.making import LEARNERS, LMS, REGISTRATIONS, UNKNOWN, VERBS, VOIDED, block
from tests.authorisation.matrix import CONSUMERS, OWNER, Matrix, expected, found, ids, parameters
from tests.authorisation.stated import COURSES, FOREIGN, GRANTS, A, Asked, B, Reader
from tests.statements.attached import read

READING = (("statements/read",), ("all/read",), ("statements/read/mine",), ("statements/write", "statements/read/mine"))
ACTIVITIES = (FOREIGN, f"{LMS}/xblock/anywhere", f"{LMS}/course/{A}", f"{LMS}/courses/{B}", block(A, 1))

readers = st.builds(Reader, st.sampled_from(CONSUMERS), st.sampled_from(READING), st.sampled_from(list(GRANTS)))


def one_of(name: str, values: Iterable[str]) -> st.SearchStrategy[Asked]:
    return st.just(()) | st.sampled_from([((name, value),) for value in values])


agents = one_of("agent", (*LEARNERS, "team", "nobody")) | one_of("related_agents", (*LEARNERS, "team"))
activities = one_of("activity", ACTIVITIES) | one_of("related_activities", ACTIVITIES)
courses = st.lists(st.sampled_from([one for one in COURSES if one != FOREIGN]), max_size=2, unique=True).map(
    lambda keys: tuple(("course", key) for key in keys)
)
verbs = one_of("verb", (*VERBS, VOIDED))
registrations = one_of("registration", REGISTRATIONS)
questions: st.SearchStrategy[Asked] = st.one_of(
    st.sampled_from([agents, activities, courses, verbs, registrations, st.just(())]).flatmap(lambda one: one),
    st.tuples(agents, activities, courses, verbs, registrations).map(lambda parts: sum(parts, ())),
)


def test_a_writer_stores_what_it_may_and_nothing_else(matrix: Matrix) -> None:
    """The model's answer for each attempt to store, with what the statement referred to at that time."""
    wrong = [one for one in matrix.attempts if one.status != (200 if one.allowed else 403)]
    assert wrong == []
    assert {one.allowed for one in matrix.attempts} == {True, False}


def test_the_world_is_worth_asking(matrix: Matrix) -> None:
    """Every case that the matrix is about stands in it."""
    world = matrix.world
    stored = list(world.stored.values())
    own, whole = [one.stated.courses for one in stored], [world.courses(one.stated) for one in stored]
    assert {frozenset(), frozenset({A}), frozenset({FOREIGN})} <= set(own)
    assert any(len(courses) > 1 for courses in own)
    assert any(mine != every for mine, every in zip(own, whole, strict=True))
    place = {statement_id: number for number, statement_id in enumerate(world.stored)}
    voids = [one.stated for one in stored if one.stated.voids and world.voided(one.stated.refers_to or "")]
    assert {place[one.id] > place[one.refers_to or ""] for one in voids} == {True, False}
    assert any(len(world.chain(one.stated)) > 2 for one in stored)


@pytest.mark.parametrize("name", [name for name, grant in GRANTS.items() if grant.limits])
def test_restrictions_hide_something_but_not_everything(matrix: Matrix, name: str) -> None:
    seen = len(matrix.world.seen(Reader("lms", ("all/read",), name)))
    assert seen < len(matrix.world.seen(OWNER))
    assert (seen > 0) is all(GRANTS[name].limits.values())


@settings(max_examples=120, deadline=None)
@given(reader=readers, asked=questions, ascending=st.booleans(), limit=st.sampled_from(["", "0", "7", "40"]))
def test_a_query_finds_what_the_model_finds(
    matrix: Matrix, reader: Reader, asked: Asked, ascending: bool, limit: str
) -> None:
    """Whatever is asked for, on every page."""
    query = [*parameters(asked), ("ascending", str(ascending).lower()), *([("limit", limit)] if limit else [])]
    order = slice(None, None, 1 if ascending else -1)
    everything = list(found(matrix.client(OWNER), query))
    assert ids(everything) == expected(matrix.world.seen(OWNER, asked))[order]
    got = list(found(matrix.client(reader), query))
    assert ids(got) == expected(matrix.world.seen(reader, asked))[order]
    assert got == [one for one in everything if matrix.world.permits(reader, matrix.world.stored[one["id"]])]


@settings(max_examples=30, deadline=None)
@given(reader=readers, asked=questions, form=st.sampled_from(["ids", "exact", "canonical"]))
def test_no_format_shows_more(matrix: Matrix, reader: Reader, asked: Asked, form: str) -> None:
    query = [*parameters(asked), ("format", form)]
    everything = found(matrix.client(OWNER), query)
    got = list(found(matrix.client(reader), query))
    assert got == [one for one in everything if matrix.world.permits(reader, matrix.world.stored[one["id"]])]


@settings(max_examples=30, deadline=None)
@given(reader=readers, asked=questions, edges=st.tuples(*[st.integers(0, 10**6)] * 2))
def test_since_and_until_cut_the_same_for_all(
    matrix: Matrix, reader: Reader, asked: Asked, edges: tuple[int, int]
) -> None:
    everything = list(found(matrix.client(OWNER), [("ascending", "true")]))
    since, until = (everything[edge % len(everything)]["stored"] for edge in edges)
    query = [*parameters(asked), ("since", since), ("until", until), ("ascending", "true")]
    within = {one["id"] for one in everything if since < one["stored"] <= until}
    seen = [one for one in expected(matrix.world.seen(reader, asked)) if one in within]
    assert ids(found(matrix.client(reader), query)) == seen


@settings(max_examples=200, deadline=None)
@given(reader=readers, which=st.integers(0, 10**6))
def test_one_statement_is_found_voided_or_not_by_who_may_see_it(matrix: Matrix, reader: Reader, which: int) -> None:
    """And for all others it is as absent as one that was never stored."""
    one = list(matrix.world.stored.values())[which % len(matrix.world.stored)]
    client = matrix.client(reader)
    for name, voided in (("statementId", False), ("voidedStatementId", True)):
        answer = client.get("statements", params={name: one.stated.id})
        if matrix.world.permits(reader, one) and matrix.world.voided(one.stated.id) is voided:
            assert (answer.status_code, answer.json()["id"]) == (200, one.stated.id)
        else:
            absent = client.get("statements", params={name: UNKNOWN})
            assert (answer.status_code, answer.content) == (404, absent.content)


@settings(max_examples=40, deadline=None)
@given(reader=readers, asked=questions)
def test_data_comes_with_the_statements_that_are_shown_and_with_no_others(
    matrix: Matrix, reader: Reader, asked: Asked
) -> None:
    query = [*parameters(asked), ("attachments", "true"), ("limit", "0")]
    value, data = read(matrix.client(reader).get("statements", params=query))
    seen = matrix.world.seen(reader, asked)
    assert value["more"] == ""
    assert ids(value["statements"]) == expected(seen)[::-1]
    assert {one for _, one in data.values()} == {one.stated.data for one in seen if one.stated.data}


@settings(max_examples=40, deadline=None)
@given(reader=readers, which=st.integers(0, 10**6))
def test_data_of_one_statement_comes_to_who_may_see_it(matrix: Matrix, reader: Reader, which: int) -> None:
    attached = [one for one in matrix.world.stored.values() if one.stated.data]
    one = attached[which % len(attached)]
    name = "voidedStatementId" if matrix.world.voided(one.stated.id) else "statementId"
    answer = matrix.client(reader).get("statements", params={name: one.stated.id, "attachments": "true"})
    if matrix.world.permits(reader, one):
        assert [data for _, data in read(answer).data.values()] == [one.stated.data]
    else:
        assert answer.status_code == 404
        assert (one.stated.data or b"") not in answer.content


def test_more_is_bound_to_the_sight_of_who_asked(matrix: Matrix) -> None:
    """A reader can't go on where one with a wider grant, or another author's sight, has begun."""
    more = matrix.client(OWNER).get("statements", params={"limit": 1}).json()["more"].removeprefix("/xapi/")
    for grant in GRANTS:
        for scopes in READING:
            reader = Reader("quiz", scopes, grant)
            assert matrix.client(reader).get(more).status_code == 400
