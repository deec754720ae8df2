"""The Statement Resource as those see it who read."""

from __future__ import annotations

import json

import pytest

from tests.door.client import Client
from tests.samples import COURSE_A, COURSE_B, agent, statement, voiding
from tests.statements.client import following, ids, one, store


def test_the_newest_comes_first_unless_ascending_is_asked(lms: Client) -> None:
    made = [statement() for _ in range(3)]
    store(lms, *made)
    order = [one["id"] for one in made]
    assert ids(lms) == order[::-1]
    assert ids(lms, ascending="true") == order


def test_pages_are_followed_by_more_without_gap_or_repetition_under_writes(lms: Client) -> None:
    made = [statement() for _ in range(11)]
    lms.post("statements", json=made)
    found, path = [], "statements?limit=4"
    while path:
        answer = lms.get(path).json()
        found += [one["id"] for one in answer["statements"]]
        path = following(answer["more"]) if answer["more"] else ""
        store(lms, statement())
    assert found == [one["id"] for one in made[::-1]]


def test_more_keeps_the_conditions_of_the_first_query(lms: Client) -> None:
    made = [statement(learner="ann" if number % 2 else "bob", course=COURSE_A) for number in range(8)]
    lms.post("statements", json=made)
    query: dict[str, str | int] = {"agent": json.dumps(agent("ann")), "limit": 3, "course": COURSE_A}
    first = lms.get("statements", params=query).json()
    second = lms.get(following(first["more"])).json()
    found = [one["id"] for one in first["statements"] + second["statements"]]
    assert found == [one["id"] for one in made[::-1] if one["actor"] == agent("ann")]
    assert second["more"] == ""


def test_damaged_more_is_refused(shared: Client) -> None:
    store(shared, *(statement() for _ in range(3)))
    more = following(shared.get("statements", params={"limit": 1}).json()["more"])
    assert shared.get(more[:-4] + "AAAA").status_code == 400
    assert shared.get(more + "&limit=2").status_code == 400


SOME_ID = "6b1d2e0c-7f0e-4a52-9a55-0d1f0c2b3a4d"


@pytest.mark.parametrize(
    "query",
    [
        "StatementId=x", "Limit=1", "unknown=1", "limit=-1", "limit=x", "limit=1.5", "limit=1&limit=2", "ascending=yes",
        "since=yesterday", "until=2026-13-01T00:00:00Z", "format=pretty", "verb=noscheme", "activity=noscheme",
        "agent=notjson", 'agent={"name":"x"}', 'agent={"mbox":"x"}', "registration=1", "related_agents=1",
        "statementId=x", f"statementId={SOME_ID}&limit=1", f"statementId={SOME_ID}&voidedStatementId={SOME_ID}",
        f"statementId={SOME_ID}&course={COURSE_A}", "course=nonsense", "attachments=maybe",
    ],
)  # fmt: skip
def test_a_parameter_that_is_unknown_malformed_or_out_of_place_is_refused(shared: Client, query: str) -> None:
    answer = shared.get(f"statements?{query}")
    assert answer.status_code == 400
    assert "X-Experience-API-Consistent-Through" in answer.headers


def test_a_voided_statement_is_absent_but_found_by_voided_statement_id(lms: Client) -> None:
    made = statement()
    void = voiding(made["id"])
    store(lms, made, void)
    assert lms.get("statements", params={"statementId": made["id"]}).status_code == 404
    assert lms.get("statements", params={"voidedStatementId": made["id"]}).json()["id"] == made["id"]
    assert ids(lms) == [void["id"]]


def test_course_finds_the_statements_of_a_course_also_when_its_plus_signs_became_blanks(lms: Client) -> None:
    wanted = statement(course=COURSE_A)
    store(lms, wanted, statement(course=COURSE_B), statement(course=None))
    unencoded = lms.get(f"statements?course={COURSE_A}")
    assert ids(lms, course=COURSE_A) == [wanted["id"]]
    assert [one["id"] for one in unencoded.json()["statements"]] == [wanted["id"]]


def test_head_answers_as_get_without_a_body(shared: Client) -> None:
    """Communication 1.1."""
    store(shared, statement())
    get, head = (shared.request(method, "statements") for method in ("GET", "HEAD"))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(get.content))


def test_another_method_is_told_which_are_allowed(shared: Client) -> None:
    answer = shared.request("PATCH", "statements", json={})
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, POST, PUT")


def test_every_answer_names_its_version_and_get_how_far_the_log_is_complete(shared: Client) -> None:
    for answer in (
        shared.get("statements"),
        shared.server.stranger().get("statements"),
        shared.get("statements?bad=1"),
    ):
        assert answer.headers["X-Experience-API-Version"] == "1.0.3"
        assert "X-Experience-API-Consistent-Through" in answer.headers


def test_one_statement_has_an_etag_and_the_time_of_its_storing(shared: Client) -> None:
    made = statement()
    store(shared, made)
    answer = shared.get("statements", params={"statementId": made["id"]})
    assert answer.headers["ETag"].startswith('"')
    assert answer.headers["Last-Modified"].endswith("GMT")


def test_ids_format_leaves_only_what_identifies(shared: Client) -> None:
    made = statement()
    store(shared, made)
    found = one(shared, made["id"], format="ids")
    assert found["verb"] == {"id": made["verb"]["id"]}
    assert found["object"] == {"id": made["object"]["id"]}
    assert found["context"]["contextActivities"]["parent"] == [{"id": "https://lms.example.com/course/" + COURSE_A}]
    assert found["actor"] == made["actor"]


def test_canonical_format_answers_in_the_language_asked_for(shared: Client) -> None:
    display = {"en-GB": "colour", "fr-FR": "couleur"}
    made = statement() | {"verb": {"id": "http://example.com/v", "display": display}}
    store(shared, made)
    query = {"statementId": made["id"], "format": "canonical"}
    answer = shared.get("statements", params=query, headers={"Accept-Language": "fr"})
    assert answer.json()["verb"]["display"] == {"fr-FR": "couleur"}
