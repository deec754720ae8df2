"""Bodies that are too large, too slow, or not what their headers say."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.hardening.conftest import MIB, Target, refused
from tests.hardening.wire import Wire, head, wire
from tests.samples import statement
from tests.system.access import STATEMENTS

POST = f"POST {STATEMENTS} HTTP/1.1"
POST_AS_GET = f"POST {STATEMENTS}?method=GET"


def sent(target: Target, headers: dict[str, str], *pieces: bytes, authorised: bool = True) -> Iterator[Wire]:
    """A connection on which a POST with these headers and this body has been sent."""
    usual = {"X-Experience-API-Version": "1.0.3", "Content-Type": "application/json"}
    if authorised:
        usual |= target.headers
    with wire(target.port) as made:
        made.send(head(POST, usual | headers))
        for piece in pieces:
            made.send(piece)
        yield made


def status(target: Target, headers: dict[str, str], *pieces: bytes, authorised: bool = True) -> int:
    """The status of the answer to such a POST."""
    for made in sent(target, headers, *pieces, authorised=authorised):
        return made.status()
    raise AssertionError


def good() -> bytes:
    return json.dumps(statement()).encode()


def test_a_body_of_a_gigabyte_is_refused_by_its_length(target: Target) -> None:
    """Nothing of it is read."""
    assert status(target, {"Content-Length": str(1024 * MIB)}) == 413


@pytest.mark.parametrize("length", ["9" * 19, "9" * 20, "9" * 5_000])
def test_a_length_beyond_64_bits(target: Target, length: str) -> None:
    """Overflow a counter, or int() with more than 4,300 digits."""
    assert status(target, {"Content-Length": length}) in (400, 413)


def test_a_body_over_the_limit_is_refused_as_it_comes(target: Target) -> None:
    """Chunked, so that no header tells the size; two hundred megabytes are never held."""

    def pieces() -> Iterator[bytes]:
        for _ in range(200):
            yield b" " * MIB

    try:
        answer = target.request("POST", content=pieces(), headers={"Content-Type": "application/json"})
    except httpx.TransportError:
        # The server has answered and closed while the client was still sending.
        return
    assert refused(answer, 413) == "too_large"


def test_more_statements_than_allowed(target: Target) -> None:
    """Ten thousand and one of them, in few bytes."""
    assert refused(target.post(b"[" + b",".join([b"{}"] * 10_001) + b"]"), 413) == "too_large"


@pytest.mark.parametrize("authorised", [True, False])
def test_a_body_that_stops_coming(target: Target, authorised: bool) -> None:
    """Slowloris with the body: who has no credential is refused at once, who has one after the time for a piece."""
    assert status(target, {"Content-Length": "1000"}, b"{", authorised=authorised) == (400 if authorised else 401)


def test_many_bodies_that_never_come(target: Target) -> None:
    """Two hundred at once hold up nobody."""
    waiting = [sent(target, {"Content-Length": "1000"}, b"{") for _ in range(200)]
    wires = [next(one) for one in waiting]
    assert target.post(good()).status_code == 200
    assert {one.status() for one in wires} == {400}


def test_many_forms_that_never_come(target: Target) -> None:
    """A form of the alternate syntax may bring its own credential, so it is read from anybody: but only so many."""
    form = {"Content-Type": "application/x-www-form-urlencoded", "X-Experience-API-Version": "1.0.3"}
    with ExitStack() as stack:
        wires = [stack.enter_context(wire(target.port)) for _ in range(50)]
        for one in wires:
            one.send(head(f"{POST_AS_GET} HTTP/1.1", form | {"Content-Length": str(MIB)}) + b"x" * 100_000)
        assert sorted(one.status() for one in wires) == [400] * 5 + [503] * 45
    answer = target.anonymous("POST", f"{STATEMENTS}?method=GET", data=target.headers | {"limit": "1"}, headers=form)
    assert answer.status_code == 200


def test_a_client_that_goes_away_in_the_middle(target: Target) -> None:
    """Cut off in the body, a hundred times."""
    for _ in range(100):
        for made in sent(target, {"Content-Length": "1000"}, b'[{"id":'):
            made.socket.close()


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Length": "-1"},
        {"Content-Length": "abc"},
        {"Content-Length": "0x10"},
        {"Content-Length": "1 0"},
        {"Content-Length": "10, 11"},
        {"Content-Length": "10", "content-length": "11"},
        {"Transfer-Encoding": "chunked", "Content-Length": "10"},
        {"Transfer-Encoding": "chunked, identity"},
        {"Transfer-Encoding": "xchunked"},
        {"Transfer-Encoding": "gzip, chunked, chunked"},
    ],
    ids=str,
)
def test_headers_that_contradict_themselves(target: Target, headers: dict[str, str]) -> None:
    """Request smuggling: a proxy before the server believes one of them, the server another (RFC 9112 6.3)."""
    assert status(target, headers, b"0\r\n\r\n" + good()) in (400, 501)


def test_a_body_longer_than_its_length(target: Target) -> None:
    """What lies beyond must not be taken for a part of the body: it is the next request, and none that is known."""
    body = good()
    for made in sent(target, {"Content-Length": str(len(body))}, body):
        assert made.status() == 200
        made.send(b"X" * 100 + b"\r\n\r\n")
        assert made.status() == 400


@pytest.mark.parametrize(
    "chunks",
    [
        b"zz\r\n{}\r\n0\r\n\r\n",
        b"-1\r\n{}\r\n0\r\n\r\n",
        b"FFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n",
        b"2\r\n{}XX0\r\n\r\n",
        b"2\n{}\n0\n\n",
        b"0x2\r\n{}\r\n0\r\n\r\n",
        b"\r\n\r\n",
        b"1;" + b"x" * 100 + b"\x00\r\n{\r\n0\r\n\r\n",
    ],
)
def test_garbage_instead_of_chunks(target: Target, chunks: bytes) -> None:
    """Sizes that are none, negative or beyond 64 bits, and chunks that end elsewhere (RFC 9112 7.1)."""
    assert status(target, {"Transfer-Encoding": "chunked"}, chunks) == 400


def test_a_body_in_chunks_of_one_byte(target: Target) -> None:
    """The dearest way to send a statement; it is stored."""
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in good()) + b"0\r\n\r\n"
    assert status(target, {"Transfer-Encoding": "chunked"}, chunks) == 200


@pytest.mark.parametrize(
    "head_of_flood",
    [b"X-Flood: x\r\n" * 100_000, b"X-Flood: " + b"x" * MIB],
    ids=["headers", "one header"],
)
def test_a_head_without_end(target: Target, head_of_flood: bytes) -> None:
    """Twenty-five megabytes of headers, before any credential is asked for."""
    with wire(target.port) as made:
        made.send(f"GET {STATEMENTS} HTTP/1.1\r\n".encode())
        for _ in range(25):
            made.send(head_of_flood)
        assert made.status() in (0, 431)


def test_trailers_without_end(target: Target) -> None:
    """Headers behind the body are kept by nobody."""
    with wire(target.port) as made:
        made.send(head(POST, {**target.headers, "Transfer-Encoding": "chunked"}) + b"0\r\n")
        for _ in range(200):
            made.send(b"X-Flood: x\r\n" * 100_000)
        assert made.status() == 400
    assert target.memory_bytes("VmHWM") - target.memory_bytes("VmRSS") < 100 * MIB


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress])
@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "identity, gzip"])
def test_a_compressed_body(target: Target, compress: object, name: str) -> None:
    """A bomb: sixteen kilobytes become sixteen megabytes for a server that inflates. This one does not."""
    assert callable(compress)
    body = compress(b" " * 16 * MIB)
    answer = target.request(
        "POST", content=body, headers={"Content-Type": "application/json", "Content-Encoding": name}
    )
    refused(answer, 400, 415)


@pytest.mark.parametrize(
    "content_type",
    [
        "text/html",
        "application/xml",
        "application/json, text/html",
        "application/json/x",
        "",
        "x" * 10_000,
        "multipart/mixed",
    ],
)
def test_another_content_type(target: Target, content_type: str) -> None:
    """Also what browsers send across origins without asking first (CSRF)."""
    answer = target.request("POST", content=good(), headers={"Content-Type": content_type})
    refused(answer, 400, 415)


def test_a_body_that_is_not_read_is_no_next_request(target: Target) -> None:
    """Refused before its body: what it holds is not taken for a request (RFC 9112 9.3)."""
    inner = head("GET /xapi/about HTTP/1.1")
    for made in sent(target, {"Content-Length": str(len(inner))}, inner, authorised=False):
        assert made.status() == 401
        made.end_sending()
        assert made.rest() == b""
