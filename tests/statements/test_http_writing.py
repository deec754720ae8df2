"""The Statement Resource as those see it who write."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from lrs.limits import Limits
from tests.door.client import Client, serving
from tests.samples import agent, statement
from tests.statements.client import ids, one, store


def test_post_of_one_answers_its_id_in_an_array(shared: Client) -> None:
    made = statement()
    answer = shared.post("statements", json=made)
    assert (answer.status_code, answer.json()) == (200, [made["id"]])


def test_post_of_many_answers_their_ids_in_order(shared: Client) -> None:
    made = [statement() for _ in range(120)]
    assert shared.post("statements", json=made).json() == [one["id"] for one in made]


def test_post_as_erb_does_it_with_a_bare_question_mark(shared: Client) -> None:
    assert shared.post("statements?", json=[statement()]).status_code == 200


def test_an_empty_array_stores_nothing_and_answers_no_ids(shared: Client) -> None:
    answer = shared.post("statements", json=[])
    assert (answer.status_code, answer.json()) == (200, [])


def test_put_answers_204_and_gives_the_id_of_the_url(shared: Client) -> None:
    made = statement()
    statement_id = made.pop("id")
    answer = shared.put("statements", params={"statementId": statement_id}, json=made)
    assert (answer.status_code, answer.content) == (204, b"")
    assert one(shared, statement_id)["id"] == statement_id


def test_put_takes_an_id_in_another_case_for_the_same(shared: Client) -> None:
    made = statement()
    assert shared.put("statements", params={"statementId": made["id"].upper()}, json=made).status_code == 204


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"statementId": "not-a-uuid"},
        {"statementId": str(uuid4())},
        {"statementid": str(uuid4())},
        {"statementId": str(uuid4()), "format": "exact"},
    ],
)
def test_put_with_a_missing_bad_or_differing_id_is_refused(shared: Client, parameters: dict[str, str]) -> None:
    assert shared.put("statements", params=parameters, json=statement()).status_code == 400


def test_the_same_statement_again_succeeds_and_changes_nothing(shared: Client) -> None:
    made = statement()
    named = {"statementId": made["id"]}
    store(shared, made)
    before = shared.get("statements", params=named).content
    assert shared.post("statements", json=made).status_code == 200
    assert shared.put("statements", params=named, json=made).status_code == 204
    assert shared.get("statements", params=named).content == before


def test_another_content_under_a_taken_id_is_a_conflict_and_nothing_of_the_batch_is_stored(lms: Client) -> None:
    made = statement()
    store(lms, made)
    answer = lms.post("statements", json=[statement(), made | {"verb": {"id": "http://example.com/other"}}])
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert ids(lms) == [made["id"]]


def test_one_bad_statement_refuses_the_batch_and_the_answer_says_where(lms: Client) -> None:
    bad = statement(actor={"objectType": "Agent", "mbox": "ann@example.com"})
    answer = lms.post("statements", json=[statement(), bad])
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, "$[1].actor.mbox")
    assert ids(lms) == []


def test_what_the_client_says_of_authority_and_stored_is_replaced(lms: Client) -> None:
    """Invariant 8."""
    claimed = statement(authority=agent("somebody else"), stored="2001-01-01T00:00:00.000Z")
    store(lms, claimed)
    found = one(lms, claimed["id"])
    assert found["authority"]["account"]["name"] == "lms"
    assert found["stored"] > "2026"


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json; charset=utf-8", 200),
        ("text/plain", 400),
        ("application/x-www-form-urlencoded", 400),
        ("multipart/form-data; boundary=x", 400),
    ],
)
def test_statements_are_taken_as_json_only(shared: Client, content_type: str, status: int) -> None:
    """Beside multipart/mixed (Communication 3.2)."""
    body = json.dumps(statement())
    answer = shared.post("statements", content=body, headers={"Content-Type": content_type})
    assert answer.status_code == status


def test_a_body_beyond_the_limit_is_refused_also_when_its_length_is_not_told(tmp_path: Path) -> None:
    """Invariant 7."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield b" " * 1000

    with serving(tmp_path, limits=Limits(body_bytes_max=10_000)) as server:
        client = server.client("lms", "all")
        assert client.post("statements", content=b" " * 20_000).status_code == 413
        assert client.post("statements", content=chunks()).status_code == 413
        assert client.post("statements", json=statement()).status_code == 200


def test_more_statements_than_allowed_are_refused(tmp_path: Path) -> None:
    """Invariant 7."""
    with serving(tmp_path, limits=Limits(batch_statements_max=2)) as server:
        client = server.client("lms", "all")

        def sent(count: int) -> httpx.Response:
            return client.post("statements", json=[statement() for _ in range(count)])

        assert [sent(count).status_code for count in (2, 3)] == [200, 413]


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"id":"x"}', b'{"id":"00000000-0000-4000-8000-000000000000"}'])
def test_put_from_a_trusted_writer_always_succeeds_and_loses_nothing(lms: Client, body: bytes) -> None:
    """Invariant 11."""
    trusted = lms.server.client("openedx", "statements/write", trusted=True)
    answer = trusted.put("statements", params={"statementId": str(uuid4())}, content=body)
    assert answer.status_code == 204
    assert [one.body for one in lms.server.engine.aside.quarantined()] == [body]
