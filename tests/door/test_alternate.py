"""Unpacking the alternate request syntax (Communication 1.3)."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.door.alternate import HEADERS, METHODS, RawHeaders, intended_method, unpack
from lrs.errors import InvalidParameter

OUTER: RawHeaders = [
    (b"host", b"lrs"),
    (b"content-type", b"application/x-www-form-urlencoded"),
    (b"content-length", b"745"),
    (b"transfer-encoding", b"chunked"),
    (b"accept-language", b"de"),
]

names = st.text("abcXYZ é&=+%", min_size=1, max_size=6).filter(lambda name: name != "content")
visible = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=10)


def test_a_post_without_method_stands_for_itself() -> None:
    assert intended_method([]) is None
    assert intended_method([("statementId", "x"), ("Method", "PUT")]) is None


@pytest.mark.parametrize("method", sorted(METHODS))
def test_the_method_is_in_the_query_string(method: str) -> None:
    assert intended_method([("method", method)]) == method


@pytest.mark.parametrize(
    "parameters",
    [
        [("method", "PUT"), ("statementId", "x")],
        [("x", ""), ("method", "PUT")],
        [("method", "PUT"), ("method", "PUT")],
        [("method", "")],
        [("method", "put")],
        [("method", "PATCH")],
        [("method", "OPTIONS")],
    ],
    ids=str,
)
def test_nothing_else_may_stand_in_the_query_string(parameters: list[tuple[str, str]]) -> None:
    with pytest.raises(InvalidParameter):
        intended_method(parameters)


@given(
    st.sampled_from(["PUT", "POST"]),
    st.lists(st.tuples(names, st.text(max_size=5)), max_size=4),
    st.dictionaries(st.sampled_from(sorted(HEADERS - {"content-length"})), visible, max_size=4),
    st.text(max_size=20),
)
def test_every_field_becomes_what_it_stands_for(
    method: str, parameters: list[tuple[str, str]], headers: dict[str, str], content: str
) -> None:
    """A plain model: fields are headers, the body, or parameters, and nothing else of the form is left."""
    inner = unpack(method, OUTER, [*parameters, *headers.items(), ("content", content)])
    assert inner.method == method
    assert parse_qsl(inner.query_string.decode(), keep_blank_values=True) == parameters
    assert inner.body == content.encode()
    expected = {name.encode(): value.encode() for name, value in headers.items()}
    expected |= {b"host": b"lrs", b"accept-language": b"de", b"content-length": str(len(inner.body)).encode()}
    assert dict(inner.headers) == expected
    assert len(inner.headers) == len(expected)


@pytest.mark.parametrize("name", sorted(HEADERS))
def test_a_header_in_the_form_is_known_in_any_case_and_takes_the_place_of_the_real_one(name: str) -> None:
    if name in ("authorization", "content-length"):
        return
    for written in (name.title(), name.upper(), name):
        inner = unpack("GET", [(name.encode(), b"old")], [(written, "new")])
        assert [value for key, value in inner.headers if key == name.encode()] == [b"new"]


def test_the_length_is_that_of_the_content_whatever_the_form_says() -> None:
    inner = unpack("PUT", OUTER, [("Content-Length", "7"), ("content", "ü")])
    assert dict(inner.headers)[b"content-length"] == b"2"


def test_two_different_credentials_both_stay_and_so_are_refused() -> None:
    """A proxy that judges the header, and a server that takes the form."""
    for value, expected in (("Basic a", [b"Basic a"]), ("Basic b", [b"Basic a", b"Basic b"])):
        inner = unpack("GET", [(b"authorization", b"Basic a")], [("Authorization", value)])
        assert [value for name, value in inner.headers if name == b"authorization"] == expected


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "\x00", "ä", "\u2028"])
def test_no_value_can_add_a_header(value: str) -> None:
    for name in HEADERS:
        with pytest.raises(InvalidParameter, match="can't be a header"):
            unpack("GET", OUTER, [(name, value)])


@pytest.mark.parametrize(
    "fields", [[("content", "a"), ("content", "a")], [("If-Match", "a"), ("if-match", "a")]], ids=str
)
def test_what_may_stand_there_once_is_refused_twice(fields: list[tuple[str, str]]) -> None:
    with pytest.raises(InvalidParameter, match="twice"):
        unpack("GET", OUTER, fields)


def test_put_and_post_need_content_and_the_others_do_not() -> None:
    for method in METHODS:
        if method in ("PUT", "POST"):
            with pytest.raises(InvalidParameter, match="content"):
                unpack(method, OUTER, [("Content", "x")])
        else:
            assert unpack(method, OUTER, []).body == b""
