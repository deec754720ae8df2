"""Statements that come with data (Communication 1.5.2): what is taken, what is refused, and what is left of it."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from lrs.limits import Limits
from lrs.statements.deviations import ATTACHMENT_MISSING
from lrs.statements.keys import DEVIATION
from lrs.statements.log import Selection
from lrs.statements.match import Filter
from lrs.xapi.equivalent import SIGNATURE
from tests.door.client import Client, Server, serving
from tests.samples import COURSE_A, COURSE_B, EVERYONE, statement
from tests.statements.attached import (
    BOUNDARY,
    FILE_URL,
    MIXED,
    attachment,
    body,
    body_of,
    carrying,
    fresh,
    get,
    part,
    send,
    sha2,
    statements_part,
    stored,
)

OCTETS = "application/octet-stream"


@pytest.fixture(scope="module", params=["1.0.3", "2.0.0"])
def lms(request: pytest.FixtureRequest, server: Server) -> Client:
    return server.client(f"lms of {request.param}", "all", version=request.param)


def lying_about(server: Server) -> list[Path]:
    """What neither belongs to a statement nor is going to."""
    incoming = server.engine.statements.files.incoming
    return list(incoming.iterdir()) if incoming.is_dir() else []


def cleared(server: Server) -> int:
    """How many files are cleared away, as at a start."""
    return server.engine.statements.files.clear(server.engine.statements.attachments.referred)


def test_data_in_a_part_is_stored_with_its_statement(lms: Client) -> None:
    data = fresh()
    made = carrying(attachment(data))
    answer = send(lms, body(made, data))
    assert (answer.status_code, answer.json()) == (200, [made["id"]])
    found = get(lms, f"statementId={made['id']}&attachments=true")
    assert found.value["attachments"] == made["attachments"]
    assert found.data == {sha2(data): ("text/plain", data)}


def test_put_takes_data_too(lms: Client) -> None:
    data, statement_id = fresh(), str(uuid4())
    made = carrying(attachment(data))
    del made["id"]
    headers = {"Content-Type": MIXED}
    answer = lms.put(f"statements?statementId={statement_id}", content=body(made, data), headers=headers)
    assert answer.status_code == 204
    assert get(lms, f"statementId={statement_id}&attachments=true").data == {sha2(data): ("text/plain", data)}
    other = body(statement(), b"")
    assert lms.put(f"statements?statementId={statement_id}", content=other, headers=headers).status_code == 400


@pytest.mark.parametrize("data", [b"", b"\r\n", b"--", bytes(range(256)) * 1000, b"\r\n--" + BOUNDARY[:-1].encode()])
def test_data_of_any_bytes_comes_back_the_same(lms: Client, data: bytes) -> None:
    made = carrying(attachment(data))
    stored(lms, made, data)
    assert get(lms, f"statementId={made['id']}&attachments=true").data[sha2(data)][1] == data


@pytest.mark.parametrize("algorithm", ["sha224", "sha256", "sha384", "sha512"])
def test_every_hash_of_the_family_is_known_by_its_length(lms: Client, algorithm: str) -> None:
    data = fresh()
    name = sha2(data, algorithm)
    made = carrying(attachment(data, sha2=name))
    assert send(lms, body_of(statements_part(made), part(data, X_Experience_API_Hash=name))).status_code == 200
    assert get(lms, f"statementId={made['id']}&attachments=true").data == {name: ("text/plain", data)}


def test_hashes_have_no_case(lms: Client) -> None:
    data = fresh()
    made = carrying(attachment(data, sha2=sha2(data).upper()))
    stored(lms, made, data)
    assert get(lms, f"statementId={made['id']}&attachments=true").data == {sha2(data).upper(): ("text/plain", data)}


def test_statements_of_one_batch_share_a_part(lms: Client) -> None:
    data = fresh()
    made = [carrying(attachment(data)) for _ in range(3)]
    stored(lms, made, data)
    for one in made:
        assert get(lms, f"statementId={one['id']}&attachments=true").data == {sha2(data): ("text/plain", data)}


def test_a_part_may_come_twice(lms: Client) -> None:
    """Communication 1.5.2 says that it SHOULD come once."""
    data = fresh()
    stored(lms, carrying(attachment(data)), data, data)


def test_data_may_come_although_there_is_a_file_url(lms: Client) -> None:
    data = fresh()
    made = carrying(attachment(data, fileUrl=FILE_URL))
    stored(lms, made, data)
    assert get(lms, f"statementId={made['id']}&attachments=true").data == {sha2(data): ("text/plain", data)}


@pytest.mark.parametrize(
    "made",
    [carrying(attachment(b"far away", fileUrl=FILE_URL)), statement(), carrying()],
    ids=["fileUrl only", "no attachments", "an empty list"],
)
def test_multipart_may_come_without_data(lms: Client, made: dict[str, Any]) -> None:
    assert send(lms, body(made | {"id": str(uuid4())})).status_code == 200


def test_json_is_enough_for_attachments_with_a_file_url(lms: Client) -> None:
    assert lms.post("statements", json=carrying(attachment(b"x", fileUrl=FILE_URL))).status_code == 200


def test_data_of_a_substatement_is_taken(lms: Client) -> None:
    data = fresh()
    inner = {**carrying(attachment(data)), "objectType": "SubStatement"}
    del inner["id"]
    made = statement(object=inner)
    stored(lms, made, data)
    assert get(lms, f"statementId={made['id']}&attachments=true").data == {sha2(data): ("text/plain", data)}
    answer = lms.post("statements", json=made | {"id": str(uuid4())})
    assert answer.json()["errors"][0]["path"] == "$.object.attachments[0]"


def test_the_length_of_an_attachment_is_not_held_against_it(lms: Client) -> None:
    data = fresh()
    stored(lms, carrying(attachment(data, length=7)), data)


def test_bodies_as_the_conformance_suite_signs_them_are_read(lms: Client) -> None:
    """CRLF before the first boundary, no blank after the colon, nothing after the closing boundary."""
    data = fresh()
    made = carrying(attachment(data))
    content = b"\r\n" + body(made, data).replace(b": ", b":").removesuffix(b"\r\n")
    assert send(lms, content).status_code == 200


@pytest.mark.parametrize("quoted", [True, False])
def test_a_boundary_may_be_quoted(lms: Client, quoted: bool) -> None:
    content_type = f'multipart/mixed; boundary="{BOUNDARY}"' if quoted else f"Multipart/Mixed;boundary={BOUNDARY}; x=y"
    assert send(lms, body(statement()), content_type=content_type).status_code == 200


DATA = b"here is a simple attachment"
MADE = carrying(attachment(DATA))
FIRST = statements_part(MADE)


@pytest.mark.parametrize(
    ("content", "content_type", "reason"),
    [
        (body(MADE, DATA), "multipart/mixed", "boundary"),
        (body(MADE, DATA), "multipart/mixed;", "boundary"),
        (body(MADE, DATA), f"multipart/form-data; boundary={BOUNDARY}", "not taken here"),
        (body(MADE, DATA), f"multipart/related; boundary={BOUNDARY}", "not taken here"),
        (b"", MIXED, "before the first boundary"),
        (body(MADE, DATA).removeprefix(f"--{BOUNDARY}\r\n".encode()), MIXED, "begin with the boundary"),
        (body(MADE, DATA)[:-10], MIXED, "closing boundary is missing"),
        (f"--{BOUNDARY}--\r\n".encode(), MIXED, "no part with statements"),
        (body_of(statements_part(MADE, "text/plain"), part(DATA)), MIXED, "the first part"),
        (body_of(statements_part(MADE, None), part(DATA)), MIXED, "the first part"),
        (body_of(part(DATA), FIRST), MIXED, "the first part"),
        (body_of(FIRST + b"\r\n" + part(DATA)), MIXED, "JSON"),
        (body_of(FIRST, FIRST, part(DATA)), MIXED, "X-Experience-API-Hash"),
        (body_of(FIRST, part(DATA, X_Experience_API_Hash=None)), MIXED, "X-Experience-API-Hash"),
        (body_of(FIRST, part(DATA, X_Experience_API_Hash=sha2(b"other"))), MIXED, "no attachment in the statements"),
        (body_of(FIRST, part(DATA), part(b"other")), MIXED, "no attachment in the statements"),
        (body_of(FIRST, part(b"other", X_Experience_API_Hash=sha2(DATA))), MIXED, "another hash"),
        (body_of(FIRST, part(DATA, Content_Transfer_Encoding="base64")), MIXED, "Content-Transfer-Encoding"),
        (body_of(FIRST, part(DATA, Content_Transfer_Encoding=None)), MIXED, "Content-Transfer-Encoding"),
        (body(MADE), MIXED, "has no fileUrl"),
        (body(carrying(attachment(DATA), attachment(b"other")), DATA), MIXED, r"attachments\[1\]: has no fileUrl"),
        (body([statement(), MADE]), MIXED, r"\$\[1\].attachments\[0\]: has no fileUrl"),
        (body(MADE | {"actor": {}}, DATA), MIXED, "not a valid Statement"),
        (body_of(b"Content-Type: application/json\r\n\r\n{", part(DATA)), MIXED, "JSON"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_and_leaves_nothing(
    server: Server, lms: Client, content: bytes, content_type: str, reason: str
) -> None:
    head = server.engine.log.head()
    answer = send(lms, content, content_type=content_type)
    assert answer.status_code == 400
    assert re.search(reason, answer.json()["detail"])
    assert server.engine.log.head() == head
    assert lying_about(server) == []


def test_json_can_not_bring_an_attachment_without_a_file_url(lms: Client) -> None:
    answer = lms.post("statements", json=[statement(), MADE])
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_attachment"
    assert answer.json()["errors"][0]["path"] == "$[1].attachments[0]"


def test_a_conflict_refuses_the_data_with_its_statement(server: Server, lms: Client) -> None:
    data, made = fresh(), statement()
    assert lms.post("statements", json=made).status_code == 200
    other = carrying(attachment(data), statement_id=made["id"], verb="http://example.com/other")
    assert send(lms, body([carrying(attachment(data)), other], data)).status_code == 409
    found = get(lms, "attachments=true&limit=500")
    assert sha2(data) not in found.data
    assert cleared(server) == 1
    assert not server.engine.statements.files.path(sha2(data)).exists()


def test_a_statement_stored_without_data_does_not_get_it_later(server: Server, lms: Client) -> None:
    """Communication 2.1.1: nothing changes because of a statement whose id is stored already."""
    data = fresh()
    made = carrying(attachment(data, fileUrl=FILE_URL))
    assert lms.post("statements", json=made).status_code == 200
    stored(lms, made, data)
    assert get(lms, f"statementId={made['id']}&attachments=true").data == {}
    assert cleared(server) == 1


def test_a_writer_sends_data_within_its_grant_only(server: Server, lms: Client) -> None:
    data = fresh()
    writer = server.client(f"author {uuid4()}", "statements/write", courses=(COURSE_A,))
    for course, status in ((COURSE_A, 200), (COURSE_B, 403), (None, 403)):
        assert send(writer, body(carrying(attachment(data), course=course), data)).status_code == status
    assert lying_about(server) == []


def test_who_may_not_write_is_refused_before_the_body_is_read(server: Server) -> None:
    reader = server.client(f"reader {uuid4()}", "all/read")
    assert send(reader, b"not multipart at all").status_code == 403


@pytest.fixture(scope="module")
def trusted(server: Server) -> Client:
    server.engine.issuer.add_consumer("trusted", scopes=frozenset({"all"}), trusted=True)
    key = server.engine.issuer.add_key("trusted")
    return Client(server, "Basic " + base64.b64encode(f"{key.key}:{key.secret}".encode()).decode(), "1.0.3")


def test_a_trusted_writer_may_leave_out_data_and_its_statements_are_marked(server: Server, trusted: Client) -> None:
    """As when statements are imported from a file that has no room for data."""
    made = carrying(attachment(b"elsewhere"), attachment(b"x", usageType=SIGNATURE, contentType=OCTETS))
    assert trusted.post("statements", json=made).json() == [made["id"]]
    marked = Filter.of(frozenset({DEVIATION + ATTACHMENT_MISSING}))
    (record,) = server.engine.log.read(Selection(filter=marked, limit=1), EVERYONE).records
    assert get(trusted, f"statementId={made['id']}&attachments=true") == (json.loads(record.payload), {})


def test_multipart_of_a_trusted_writer_must_fit_as_a_whole(server: Server, trusted: Client) -> None:
    data, head = fresh(), server.engine.log.head()
    assert send(trusted, body([statement(), carrying(attachment(data))], data, b"too much")).status_code == 400
    assert send(trusted, body([statement(actor={}), carrying(attachment(b"other"))], data)).status_code == 400
    assert server.engine.log.head() == head
    stored(trusted, [statement(), carrying(attachment(data))], data)


@pytest.mark.parametrize(
    ("limits", "sizes"),
    [
        ({"attachment_bytes_max": 1024}, (1024, 1025)),
        ({"attachment_bytes_max": 1024, "attachments_bytes_max": 4096, "body_bytes_max": 4096}, (900, 3900)),
        ({"attachments_max": 2}, ([1, 2], [1, 2, 3])),
        ({"part_header_bytes_max": 256}, (1, None)),
        ({"body_bytes_max": 2000}, (1, -3000)),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_every_bound_is_held(tmp_path: Path, limits: dict[str, int], sizes: tuple[Any, Any]) -> None:
    """Invariant 7."""

    def content(size: Any) -> bytes:
        if size is None:
            return body_of(FIRST, part(DATA, X="x" * 300))
        if isinstance(size, int) and size < 0:
            return body(statement(result={"response": "x" * -size}))
        pieces = [bytes([one % 256]) * one for one in (size if isinstance(size, list) else [size])]
        return body(carrying(*map(attachment, pieces)), *pieces)

    with serving(tmp_path, limits=Limits(**limits)) as server:
        lms = server.client("lms", "all")
        good, bad = (send(lms, content(size)) for size in sizes)
    assert good.status_code == 200, good.text
    assert bad.status_code in (400, 413)
    assert any(str(limit) in bad.json()["detail"] for limit in limits.values()) or "parts" in bad.json()["detail"]
