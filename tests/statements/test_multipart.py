"""multipart/mixed: every body that is one is read alike however it is cut, and no other body gets through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.errors import MalformedMultipart
from lrs.statements.multipart import Event, MultipartParser, PartEnd, PartHead, boundary_in, closing, part_head

BOUNDARY = "-------314159265358979323846"
Part = tuple[dict[str, str], bytes]


def parser(boundary: str = BOUNDARY, *, header_bytes_max: int = 1000, parts_max: int = 100) -> MultipartParser:
    return MultipartParser(boundary, header_bytes_max=header_bytes_max, parts_max=parts_max)


def parse(chunks: Iterable[bytes], using: MultipartParser | None = None) -> list[Part]:
    reader = using or parser()
    events = [event for chunk in chunks for event in reader.feed(chunk)]
    reader.finish()
    return list(parts_of(events))


def parts_of(events: Iterable[Event]) -> Iterator[Part]:
    headers: dict[str, str] = {}
    pieces: list[bytes] = []
    for event in events:
        if isinstance(event, PartHead):
            headers, pieces = dict(event.headers), []
        elif isinstance(event, PartEnd):
            yield headers, b"".join(pieces)
        else:
            assert event, "no piece is empty"
            pieces.append(event)


def write(parts: Iterable[Part], boundary: str = BOUNDARY) -> bytes:
    written = [part_head(boundary, head, first=not number) + data for number, (head, data) in enumerate(parts)]
    return b"".join(written) + closing(boundary)


def body(*lines: str) -> bytes:
    return "\r\n".join(lines).encode()


TWO = body(
    f"--{BOUNDARY}",
    "Content-Type:application/json",
    "",
    "{}",
    f"--{BOUNDARY}",
    "X-Experience-API-Hash:ab",
    "",
    "here is",
    "a text",
    f"--{BOUNDARY}--",
)
PARSED = [({"content-type": "application/json"}, b"{}"), ({"x-experience-api-hash": "ab"}, b"here is\r\na text")]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 31, 1000])
def test_a_body_is_read_alike_in_pieces_of_any_size(size: int) -> None:
    assert parse(TWO[at : at + size] for at in range(0, len(TWO), size)) == PARSED


@pytest.mark.parametrize("ending", [b"", b"\r\n", b" \t\r\n", b"\r\nan epilogue\r\n--" + BOUNDARY.encode() + b"\r\n"])
def test_what_stands_after_the_closing_boundary_is_ignored(ending: bytes) -> None:
    assert parse([TWO + ending]) == PARSED


@pytest.mark.parametrize("beginning", [b"\r\n", b"\r\n\r\n"])
def test_blank_lines_may_stand_before_the_first_boundary(beginning: bytes) -> None:
    assert parse([beginning + TWO]) == PARSED


def test_blanks_may_stand_after_a_boundary() -> None:
    assert parse([TWO.replace(BOUNDARY.encode() + b"\r\n", BOUNDARY.encode() + b" \t\r\n")]) == PARSED


def test_a_part_may_have_no_headers_and_no_data() -> None:
    assert parse([body(f"--{BOUNDARY}", "", "x", f"--{BOUNDARY}", "", "", f"--{BOUNDARY}--")]) == [
        ({}, b"x"),
        ({}, b""),
    ]


def test_a_part_without_data_may_leave_out_the_end_of_its_empty_line() -> None:
    """RFC 2046 5.1.1, body-part: the line that would separate the data is optional with them."""
    assert parse([body(f"--{BOUNDARY}", "A: b", "", f"--{BOUNDARY}--")]) == [({"a": "b"}, b"")]


def test_a_header_may_be_folded_and_its_name_has_no_case() -> None:
    assert parse([body(f"--{BOUNDARY}", "CONTENT-Type:  a/b;", "  c=d ", "", "x", f"--{BOUNDARY}--")]) == [
        ({"content-type": "a/b;  c=d"}, b"x")
    ]


def test_the_beginning_of_a_boundary_is_data() -> None:
    text = f"\r\n--{BOUNDARY[:-1]}\r\n-\r\n--\r\r\n\n--{BOUNDARY}".encode()
    assert parse([write([({}, text)])]) == [({}, text)]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (b"", "before the first boundary"),
        (b"\r\n" * 1000, "before the first boundary"),
        (b"Content-Type: application/json\r\n\r\n{}\r\n" + TWO, "must begin with the boundary"),
        (b" " + TWO, "must begin with the boundary"),
        (TWO[:-2], "in a boundary"),
        (TWO[:-3], "in the data"),
        (TWO[:-40], "in the data"),
        (TWO[:40], "in the headers"),
        (body(f"--{BOUNDARY}", "A: b", "", ""), "before the data"),
        (TWO.replace(b"\r\n", b"\n"), "begin|boundary"),
        (TWO.replace(b"{}", f"{{}}\r\n--{BOUNDARY}x".encode()), "no boundary"),
        (TWO.replace(b"{}", f"{{}}\r\n--{BOUNDARY}{' ' * 1000}".encode()), "no boundary"),
        (TWO.replace(b"{}", f"{{}}\r\n--{BOUNDARY}-".encode()), "no boundary"),
        (TWO.replace(b":application", b" application"), "can't be read"),
        (TWO.replace(b"Content-Type", b"Content Type"), "can't be read"),
        (TWO.replace(b"Content-Type", b""), "can't be read"),
        (TWO.replace(b"/json", b"/json\0"), "can't be read"),
        (TWO.replace(b"/json", b"/json\rA: b"), "can't be read"),
        (TWO.replace(b"/json", b"/json\nA: b"), "can't be read"),
        (TWO.replace(b"/json", b"/json\r\nCONTENT-TYPE: b/c"), "two headers content-type"),
        (body(f"--{BOUNDARY}", "A: b", f"--{BOUNDARY}--"), "in the headers"),
    ],
)
@pytest.mark.parametrize("size", [1, 10_000])
def test_a_broken_body_is_refused(broken: bytes, reason: str, size: int) -> None:
    with pytest.raises(MalformedMultipart, match=reason):
        parse(broken[at : at + size] for at in range(0, len(broken), size))


@pytest.mark.parametrize("size", [1, 10_000])
def test_headers_beyond_their_bound_are_refused_before_they_end(size: int) -> None:
    """Attack: a header that never ends."""
    reader = parser(header_bytes_max=200)
    endless = f"--{BOUNDARY}\r\nA: ".encode() + b"x" * 300
    with pytest.raises(MalformedMultipart, match="more than 200 bytes"):
        parse((endless[at : at + size] for at in range(0, len(endless), size)), reader)


def test_more_parts_than_allowed_are_refused() -> None:
    """Attack: a body of nothing but parts."""
    parts: list[Part] = [({}, b"")] * 100
    assert len(parse([write(parts)], parser(parts_max=100))) == 100
    with pytest.raises(MalformedMultipart, match="more than 100 parts"):
        parse([write([*parts, ({}, b"")])], parser(parts_max=100))


@pytest.mark.parametrize("filler", [b"\r", b"\n", b"\r\n", b"-", b"\r\n--", b"\r\n--" + BOUNDARY[:-1].encode(), b"\0"])
def test_what_is_held_back_never_grows(filler: bytes) -> None:
    """Attack: data of which every byte may begin a boundary."""
    reader = parser()
    reader.feed(f"--{BOUNDARY}\r\n\r\nx".encode())
    for _ in range(200):
        reader.feed(filler * 100)
        assert len(reader._buffer) <= len(BOUNDARY) + 4


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/mixed; boundary=-------314159265358979323846", BOUNDARY),
        ("multipart/mixed;boundary=a", "a"),
        ("multipart/mixed; charset=utf-8 ; BOUNDARY=a;", "a"),
        ('multipart/mixed; boundary="abcABC0123\'()+_,-./:=?"', "abcABC0123'()+_,-./:=?"),
        ('multipart/mixed; boundary="a b"', "a b"),
        (r'multipart/mixed; boundary="a\b"', "ab"),
        ('multipart/mixed; x="; boundary=b"; boundary=a', "a"),
        ("multipart/mixed; boundary=" + "a" * 70, "a" * 70),
    ],
)
def test_the_boundary_is_found_quoted_or_not(content_type: str, boundary: str) -> None:
    assert boundary_in(content_type) == boundary


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/mixed",
        "multipart/mixed;",
        "multipart/mixed; boundary",
        "multipart/mixed; boundary=",
        'multipart/mixed; boundary=""',
        'multipart/mixed; boundary="a',
        'multipart/mixed; boundary="a "',
        "multipart/mixed; boundary=ä",
        "multipart/mixed; boundary=a*b",
        'multipart/mixed; boundary="a\r\nb"',
        "multipart/mixed; boundary=a; boundary=a",
        "multipart/mixed; boundary=a b",
        "multipart/mixed; boundary=" + "a" * 71,
        "multipart/mixed; " + "a=b;" * 10_000 + "=",
    ],
)
def test_a_content_type_without_a_usable_boundary_is_refused(content_type: str) -> None:
    with pytest.raises(MalformedMultipart):
        boundary_in(content_type)


_NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)
_VALUES = st.from_regex(r"([!-~]([ -~]{0,30}[!-~])?)?", fullmatch=True)
_TRICKY = st.lists(
    st.sampled_from([b"\r\n", b"\r", b"\n", b"--", b"-", BOUNDARY[:-1].encode(), b"\r\n--" + BOUNDARY[:9].encode()])
    | st.binary(max_size=20)
).map(b"".join)
_DATA = _TRICKY.filter(lambda data: f"--{BOUNDARY}".encode() not in data)
_PARTS = st.lists(st.tuples(st.dictionaries(_NAMES, _VALUES, max_size=4), _DATA), min_size=1, max_size=5)


@given(_PARTS, st.data())
def test_what_is_written_is_read_again_however_it_is_cut(parts: list[Part], data: st.DataObject) -> None:
    text = write(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=20)))
    assert parse(text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)) == parts


@given(st.lists(_TRICKY | st.just(f"\r\n--{BOUNDARY}\r\n".encode()) | st.just(b"A: b\r\n\r\n"), max_size=10))
def test_any_bytes_are_read_alike_in_one_piece_and_in_single_bytes(pieces: list[bytes]) -> None:
    text = f"--{BOUNDARY}".encode() + b"".join(pieces)

    def outcome(chunks: Iterable[bytes]) -> list[Part] | str:
        try:
            return parse(chunks)
        except MalformedMultipart as error:
            return error.message

    assert outcome([text]) == outcome(text[at : at + 1] for at in range(len(text)))


def test_a_header_that_would_end_its_line_is_not_written() -> None:
    """Attack: a content type that brings headers of its own."""
    with pytest.raises(AssertionError):
        part_head(BOUNDARY, {"Content-Type": "text/plain\r\nX-Experience-API-Hash: ab"})
