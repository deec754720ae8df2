"""Signed statements over HTTP (Data 2.6): a false signature is refused with its statement."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.door.client import Client, Server
from tests.samples import agent, statement
from tests.statements.attached import FILE_URL, attachment, body, fresh, get, send, sha2
from tests.statements.test_signatures import certificate, rsa_key, signed

SIGNATURE = "http://adlnet.gov/expapi/attachments/signature"


@pytest.fixture(scope="module", params=["1.0.3", "2.0.0"])
def lms(request: pytest.FixtureRequest, server: Server) -> Client:
    return server.client(f"lms of {request.param}", "all", version=request.param)


def signature(jws: bytes, **members: Any) -> dict[str, Any]:
    return attachment(jws, usageType=SIGNATURE, contentType="application/octet-stream", **members)


def with_signature(made: dict[str, Any], jws: bytes, *others: dict[str, Any], **members: Any) -> dict[str, Any]:
    return made | {"attachments": [*others, signature(jws, **members)]}


@pytest.mark.parametrize("certified", [True, False])
def test_a_signed_statement_is_stored_and_its_signature_served(lms: Client, certified: bool) -> None:
    made = statement(context={"contextActivities": {"parent": {"id": "http://example.com/single"}}})
    header: dict[str, Any] = {"x5c": [certificate(rsa_key())]} if certified else {}
    jws = signed(made, **header)
    assert send(lms, body(with_signature(made, jws), jws)).status_code == 200
    found = get(lms, f"statementId={made['id']}&attachments=true")
    assert found.data == {sha2(jws): ("application/octet-stream", jws)}


def test_a_statement_may_be_signed_before_it_has_an_id(lms: Client) -> None:
    made = statement()
    del made["id"], made["timestamp"]
    jws = signed(made, x5c=[certificate(rsa_key())])
    assert send(lms, body(with_signature(made, jws), jws)).status_code == 200


def test_other_attachments_may_be_part_of_what_was_signed(lms: Client) -> None:
    essay, other = attachment(fresh(), fileUrl=FILE_URL), attachment(fresh(), fileUrl=FILE_URL)
    made = statement(attachments=[essay])
    jws = signed(made)
    assert send(lms, body(with_signature(made, jws, essay), jws)).status_code == 200
    again = made | {"id": str(uuid4())}
    assert send(lms, body(with_signature(again, jws, other), jws)).status_code == 400


def test_a_signature_of_another_statement_is_refused(lms: Client) -> None:
    made = statement()
    jws = signed(made | {"actor": agent("bob")}, x5c=[certificate(rsa_key())])
    answer = send(lms, body([statement(), with_signature(made, jws)], jws))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_attachment")
    assert answer.json()["errors"] == [
        {
            "path": "$[1].attachments[0]",
            "rule": "attachment",
            "reason": "the JWS signs another statement than this one",
        }
    ]
    assert lms.get(f"statements?statementId={made['id']}").status_code == 404


def test_a_signature_by_another_key_is_refused(lms: Client) -> None:
    made = statement()
    jws = signed(made, rsa_key(number=1), x5c=[certificate(rsa_key())])
    answer = send(lms, body(with_signature(made, jws), jws))
    assert answer.status_code == 400
    assert "the signature is false" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("jws", "members"),
    [
        (b"not a signature", {}),
        (b"", {}),
        (signed(b"{'actor'"), {}),
        (signed(statement(), alg="HS256"), {}),
        (signed(statement()), {"contentType": "text/plain"}),
    ],
)
def test_what_is_no_signature_is_refused(lms: Client, jws: bytes, members: dict[str, Any]) -> None:
    answer = send(lms, body(with_signature(statement(), jws), jws))
    assert answer.status_code == 400
    entry = signature(jws) | members
    assert send(lms, body(statement(attachments=[entry]), jws)).status_code == 400


def test_a_signature_must_come_along_and_is_never_fetched(lms: Client) -> None:
    made = statement()
    jws = signed(made)
    entry = with_signature(made, jws, fileUrl=FILE_URL)
    answers = [lms.post("statements", json=entry), send(lms, body(entry))]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert "the signature must come along" in answers[0].json()["detail"]


def test_a_signature_larger_than_any_statement_is_refused(server: Server, lms: Client) -> None:
    jws = b"x" * (2 * server.engine.settings.limits.body_bytes_max + 1)
    answer = send(lms, body(with_signature(statement(), jws), jws))
    assert (answer.status_code, "larger than any statement" in answer.json()["detail"]) == (400, True)


def test_each_of_several_signatures_must_be_good(lms: Client) -> None:
    made = statement()
    good, other = signed(made), signed(made, rsa_key(number=1), alg="RS512")
    both = made | {"attachments": [signature(good), signature(other)]}
    assert send(lms, body(both, good, other)).status_code == 200
    false = signed(statement())
    made = made | {"id": str(uuid4())}
    good = signed(made)
    assert send(lms, body(made | {"attachments": [signature(good), signature(false)]}, good, false)).status_code == 400
