"""The Statement Resource as those see it who may not do everything."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.door.client import Client
from tests.samples import COURSE_A, COURSE_B, statement, voiding
from tests.statements.client import following, ids, store


def test_a_stranger_is_asked_for_credentials(shared: Client) -> None:
    answer = shared.server.stranger().post("statements", json=statement())
    schemes = [value.split()[0] for value in answer.headers.get_list("WWW-Authenticate")]
    assert (answer.status_code, schemes) == (401, ["Bearer", "Basic"])


def test_more_is_of_no_use_to_another_reader(lms: Client) -> None:
    store(lms, *(statement() for _ in range(3)))
    more = following(lms.get("statements", params={"limit": 1}).json()["more"])
    other = lms.server.client("other", "all/read")
    assert (other.get(more).status_code, lms.get(more).status_code) == (400, 200)


def test_what_is_outside_the_grant_is_as_absent_as_what_does_not_exist(lms: Client) -> None:
    """Invariant 4."""
    other = statement(course=COURSE_B)
    store(lms, statement(course=COURSE_A), other)
    reader = lms.server.client("engine", "statements/read", courses=(COURSE_A,))
    forbidden, unknown = (reader.get("statements", params={"statementId": one}) for one in (other["id"], uuid4()))
    assert (forbidden.status_code, forbidden.content) == (404, unknown.content)
    assert len(ids(reader)) == 1


def test_a_restricted_writer_may_void_in_its_course_and_not_elsewhere(lms: Client) -> None:
    mine, other = statement(course=COURSE_A), statement(course=COURSE_B)
    store(lms, mine, other)
    writer = lms.server.client("author", "statements/write", courses=(COURSE_A,))
    answers = [writer.post("statements", json=voiding(one)) for one in (mine["id"], other["id"], str(uuid4()))]
    assert [answer.status_code for answer in answers] == [200, 403, 403]


def test_a_restricted_writer_can_not_void_what_is_not_there_yet(lms: Client) -> None:
    """It might turn out to be of another course; but what comes in the same batch is known."""
    writer = lms.server.client("author", "statements/write", courses=(COURSE_A,))
    made, later = statement(course=COURSE_A), str(uuid4())
    within = statement(course=COURSE_A)["context"]
    assert writer.post("statements", json=voiding(later, context=within)).status_code == 403
    assert writer.post("statements", json=[made, voiding(made["id"])]).status_code == 200
    store(lms, statement(course=COURSE_B, statement_id=later))
    assert later in ids(lms)
    assert made["id"] not in ids(lms)


def test_a_refusal_does_not_tell_the_course_of_what_a_statement_refers_to(lms: Client) -> None:
    """Invariant 4."""
    other = statement(course=COURSE_B)
    store(lms, other)
    writer = lms.server.client("author", "statements/write", courses=(COURSE_A,))
    for made in (voiding(other["id"]), statement(course=COURSE_A, object=voiding(other["id"])["object"])):
        answer = writer.post("statements", json=made)
        assert (answer.status_code, COURSE_B in answer.text) == (403, False)


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [
        (("statements/write",), (200, 403)),
        (("statements/read",), (403, 200)),
        (("statements/read/mine",), (403, 200)),
        (("all/read",), (403, 200)),
        (("all",), (200, 200)),
        (("admin",), (403, 403)),
        (("stream",), (403, 403)),
    ],
)
def test_each_scope_allows_what_it_says(shared: Client, scopes: tuple[str, ...], expected: tuple[int, int]) -> None:
    other = shared.server.client(" ".join(scopes), *scopes)
    assert (other.post("statements", json=statement()).status_code, other.get("statements").status_code) == expected


def test_who_may_read_its_own_sees_nothing_of_others(lms: Client) -> None:
    store(lms, statement())
    other = lms.server.client("other", "statements/write", "statements/read/mine")
    mine = statement()
    store(other, mine)
    assert ids(other) == [mine["id"]]
