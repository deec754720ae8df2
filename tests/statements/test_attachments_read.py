"""Readers get the data of attachments with ``attachments=true``, and only through statements that they may see."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest

from tests.door.client import Client, Server
from tests.samples import COURSE_A, COURSE_B, statement, voiding
from tests.statements.attached import (
    FILE_URL,
    attachment,
    body_of,
    carrying,
    fresh,
    get,
    part,
    read,
    send,
    sha2,
    statements_part,
    stored,
)


@pytest.fixture(scope="module", params=["1.0.3", "2.0.0"])
def lms(request: pytest.FixtureRequest, server: Server) -> Client:
    return server.client(f"lms of {request.param}", "all", version=request.param)


def one(lms: Client, data: bytes | None = None, **members: Any) -> tuple[dict[str, Any], bytes]:
    """A stored statement with data."""
    data = fresh() if data is None else data
    made = carrying(attachment(data), **members)
    stored(lms, made, data)
    return made, data


@pytest.mark.parametrize("query", ["statementId={id}", "verb={verb}", "verb={verb}&format=ids", "verb={verb}&limit=1"])
def test_with_attachments_the_answer_is_multipart_and_without_it_is_json(lms: Client, query: str) -> None:
    verb = f"http://example.com/{uuid4()}"
    made, data = one(lms, verb=verb)
    asked = query.format(id=made["id"], verb=verb)
    for plain in (asked, f"{asked}&attachments=false"):
        answer = lms.get(f"statements?{plain}")
        assert answer.headers["content-type"] == "application/json"
        assert data not in answer.content
    found = get(lms, f"{asked}&attachments=true")
    assert found.value == lms.get(f"statements?{asked}").json()
    assert found.data == {sha2(data): ("text/plain", data)}


def test_an_answer_without_any_data_is_multipart_too(lms: Client) -> None:
    made = statement()
    assert lms.post("statements", json=made).status_code == 200
    assert get(lms, f"statementId={made['id']}&attachments=true").data == {}
    nothing = get(lms, f"verb=http://example.com/{uuid4()}&attachments=true")
    assert nothing == ({"statements": [], "more": ""}, {})


def test_the_form_is_that_of_the_standard(lms: Client) -> None:
    """Boundary as the first parameter, lines end with CRLF, each hash twice: in the statement and with its data."""
    made, data = one(lms)
    answer = lms.get(f"statements?statementId={made['id']}&attachments=true")
    boundary = re.fullmatch(r"multipart/mixed; boundary=([0-9a-z-]+)", answer.headers["content-type"])
    assert boundary is not None
    before, first, second, after = answer.content.split(b"--" + boundary[1].encode())
    assert (before, after) == (b"", b"--\r\n")
    assert first.startswith(b"\r\nContent-Type: application/json\r\n\r\n{")
    assert second == (
        b"\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\n"
        b"X-Experience-API-Hash: %b\r\n\r\n%b\r\n" % (sha2(data).encode(), data)
    )
    assert answer.content.count(sha2(data).encode()) == 2
    assert answer.headers["content-length"] == str(len(answer.content))


def test_data_of_several_statements_comes_once(lms: Client) -> None:
    verb, data, other = f"http://example.com/{uuid4()}", fresh(), fresh()
    entries = [attachment(data), attachment(data), attachment(other)]
    stored(lms, [carrying(*entries, verb=verb), carrying(*entries, verb=verb)], data, other)
    answer = lms.get(f"statements?verb={verb}&attachments=true")
    assert read(answer).data.keys() == {sha2(data), sha2(other)}
    assert answer.content.count(data) == 1


def test_more_goes_on_with_attachments(lms: Client) -> None:
    verb = f"http://example.com/{uuid4()}"
    expected = [one(lms, verb=verb)[1] for _ in range(3)][::-1]
    found = get(lms, f"verb={verb}&limit=1&attachments=true")
    seen = [found]
    while found.value["more"]:
        url = urlsplit(found.value["more"])
        found = get(lms, url.query)
        seen.append(found)
    assert [[data for _, data in page.data.values()] for page in seen] == [[data] for data in expected]


def test_a_voided_statement_keeps_its_data_for_who_asks_for_it(lms: Client) -> None:
    verb = f"http://example.com/{uuid4()}"
    made, data = one(lms, verb=verb)
    assert lms.post("statements", json=voiding(made["id"])).status_code == 200
    found = get(lms, f"voidedStatementId={made['id']}&attachments=true")
    assert found.data == {sha2(data): ("text/plain", data)}
    assert get(lms, f"verb={verb}&attachments=true").data == {}
    assert lms.get(f"statements?statementId={made['id']}&attachments=true").status_code == 404


def test_head_answers_as_get_without_a_body(lms: Client) -> None:
    made, _ = one(lms)
    path = f"statements?statementId={made['id']}&attachments=true"
    answer, head = lms.get(path), lms.request("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "last-modified", "x-experience-api-version"):
        assert head.headers[name] == answer.headers[name]
    assert head.headers["content-type"].startswith("multipart/mixed; boundary=")
    assert "x-experience-api-consistent-through" in answer.headers


@pytest.mark.parametrize(
    ("content_type", "served"),
    [
        ("image/jpeg", "image/jpeg"),
        ('text/plain; charset="utf-8"', 'text/plain; charset="utf-8"'),
        ("text/plain; name=ä", "application/octet-stream"),
        ("text/plain;\tname=a", "application/octet-stream"),
        ("text/plain; name=" + "a" * 10_000, "application/octet-stream"),
    ],
)
def test_a_content_type_that_no_header_should_have_is_not_passed_on(
    lms: Client, content_type: str, served: str
) -> None:
    data = fresh()
    made = carrying(attachment(data, contentType=content_type))
    stored(lms, made, data)
    assert get(lms, f"statementId={made['id']}&attachments=true").data == {sha2(data): (served, data)}


@pytest.mark.parametrize("content_type", ["text/plain\r\nX-Evil: 1", "text/plain\nX-Evil: 1", "text/plain;\0"])
def test_a_content_type_can_not_bring_headers_of_its_own(lms: Client, content_type: str) -> None:
    """Attack: response splitting by what a statement says."""
    data = fresh()
    content = body_of(statements_part(carrying(attachment(data, contentType=content_type))), part(data))
    assert send(lms, content).status_code == 400


def test_data_of_a_statement_outside_the_grant_is_not_reachable_through_another(server: Server, lms: Client) -> None:
    """Invariant 4. Attack: naming the hash of data that one may not see."""
    data = fresh("the secret essay")
    hidden, _ = one(lms, data, course=COURSE_B)
    reader = server.client(f"engine {uuid4()}", "statements/read", "statements/write", courses=(COURSE_A,))
    bait = carrying(attachment(data, fileUrl=FILE_URL), course=COURSE_A)
    assert reader.post("statements", json=bait).status_code == 200
    assert reader.post("statements", json=carrying(attachment(data), course=COURSE_A)).status_code == 400
    assert get(reader, f"statementId={bait['id']}&attachments=true").data == {}
    assert sha2(data) not in get(reader, "attachments=true&limit=500").data
    assert reader.get(f"statements?statementId={hidden['id']}&attachments=true").status_code == 404
    shown, _ = one(lms, data, course=COURSE_A)
    assert get(reader, f"statementId={shown['id']}&attachments=true").data == {sha2(data): ("text/plain", data)}


def test_what_others_wrote_is_not_reachable_for_who_reads_its_own(server: Server, lms: Client) -> None:
    made, _ = one(lms)
    own = server.client(f"own {uuid4()}", "statements/read/mine", "statements/write")
    _, data = one(own)
    assert get(own, "attachments=true").data == {sha2(data): ("text/plain", data)}
    assert own.get(f"statements?statementId={made['id']}&attachments=true").status_code == 404


def test_a_statement_that_refers_to_another_does_not_bring_its_data(lms: Client) -> None:
    verb = f"http://example.com/{uuid4()}"
    made, _ = one(lms)
    comment = statement(verb=verb, object={"objectType": "StatementRef", "id": made["id"]})
    assert lms.post("statements", json=comment).status_code == 200
    assert get(lms, f"verb={verb}&attachments=true").data == {}


def test_data_that_is_lost_is_told_before_the_answer_begins(server: Server, lms: Client) -> None:
    made, data = one(lms)
    path = server.engine.statements.files.path(sha2(data))
    path.unlink()
    answer = lms.get(f"statements?statementId={made['id']}&attachments=true")
    assert (answer.status_code, answer.json()["code"]) == (500, "store_corrupt")
    assert lms.get(f"statements?statementId={made['id']}").status_code == 200
    path.write_bytes(data)


def test_large_data_goes_out_in_small_pieces(server: Server, lms: Client) -> None:
    """However large the data, little of it is held."""
    data = fresh() * 50_000
    made, _ = one(lms, data)
    sizes: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async def noting(message: Any) -> None:
            sizes.append(len(message.get("body", b"")))
            await send(message)

        await server._app(scope, receive, noting)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://lrs") as client:
            headers = {"X-Experience-API-Version": lms.version, "Authorization": str(lms.authorization)}
            return await client.get(
                f"/xapi/statements?statementId={made['id']}&attachments=true", headers=headers, timeout=60
            )

    answer = server._run(ask())
    assert read(answer).data[sha2(data)][1] == data
    assert max(sizes) <= 128 * 1024


def test_the_files_are_those_of_their_names(server: Server, lms: Client) -> None:
    _, data = one(lms)
    found: Path = server.engine.statements.files.path(sha2(data))
    assert found.read_bytes() == data
