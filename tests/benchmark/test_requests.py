"""The requests of a benchmark are those that an LRS expects."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from lrs.benchmark.requests import Target, writings, written
from lrs.simulation.mix import statements

TARGET = Target.of("http://127.0.0.1:8080/xapi/", "Basic eA==")


def parts(request: bytes) -> tuple[str, dict[str, str], bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return first, dict(line.split(": ", 1) for line in lines), body


def test_a_request_names_what_the_standard_wants() -> None:
    first, headers, body = parts(TARGET.request("GET", "statements?limit=1"))
    assert first == "GET /xapi/statements?limit=1 HTTP/1.1"
    assert headers == {
        "Host": "127.0.0.1:8080",
        "Accept-Encoding": "identity",
        "X-Experience-API-Version": "1.0.3",
        "Authorization": "Basic eA==",
    }
    assert body == b""


def test_without_a_credential_none_is_sent() -> None:
    assert b"Authorization" not in Target.of("http://localhost", "").request("GET", "about")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8080/xapi/", "http://127.0.0.1:8080/xapi"),
        ("http://localhost", "http://localhost:80"),
        ("https://lrs.example.com/data/xAPI", "https://lrs.example.com:443/data/xAPI"),
        ("http://[::1]:8080/xapi", "http://[::1]:8080/xapi"),
        ("http://localhost/a%20b", "http://localhost:80/a%20b"),
    ],
)
def test_a_target_is_an_endpoint(url: str, expected: str) -> None:
    assert Target.of(url, "").url == expected


@pytest.mark.parametrize(
    "url", ["", "localhost:8080", "ftp://localhost/", "http://", "http://me:secret@localhost/", "http://localhost/?a=b"]
)
def test_what_is_no_endpoint_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="such as"):
        Target.of(url, "")


def test_a_url_can_not_bring_headers_of_its_own() -> None:
    made = Target.of("http://localhost/x HTTP/1.1\r\nEvil: yes", "").request("GET", "about")
    assert b"\r\nEvil" not in made


def test_each_way_of_writing_takes_all_statements() -> None:
    for way in writings(5):
        made = list(statements(20, seed=1))
        sent = [parts(request) for request in written(TARGET, way, iter(made))]
        bodies = [json.loads(body) for _, _, body in sent]
        assert bodies == ([made[at : at + 5] for at in range(0, 20, 5)] if way.batch else made)
        assert all(int(headers["Content-Length"]) == len(body) for _, headers, body in sent)


def test_a_put_names_the_statement() -> None:
    way = writings(2)[0]
    (made,) = statements(1, seed=1)
    first, _, _ = parts(next(written(TARGET, way, iter([made]))))
    assert first == f"PUT /xapi/statements?statementId={made['id']} HTTP/1.1"


def test_an_incomplete_batch_is_not_sent() -> None:
    assert len(list(written(TARGET, writings(5)[2], statements(9, seed=1)))) == 1


def test_a_statement_is_of_the_version_that_is_spoken() -> None:
    target = replace(TARGET, version="2.0.0")
    _, headers, body = parts(next(written(target, writings(2)[1], statements(1, seed=1))))
    assert headers["X-Experience-API-Version"] == json.loads(body)["version"] == "2.0.0"
