"""The fast decoder refuses and accepts exactly what the strict one does."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lrs.errors import MalformedJson
from lrs.xapi import decode
from lrs.xapi.decode import decode_json
from lrs.xapi.decode_strict import decode_json_strictly

DEPTH_MAX = 8

# Letters that matter to the short cuts of the decoder, and a few that do not.
LETTERS = 'a:{}[]",\\/0123456789eE.-+ \n\t\x00\x7fé¥€😀'

spaces = st.sampled_from(["", "", "", " ", "\n", "\t ", "\r\n"])


@st.composite
def strings(draw: st.DrawFn) -> str:
    """A JSON string in one of its many spellings."""
    value = draw(st.text(LETTERS, max_size=8))
    spelling = draw(st.sampled_from(["plain", "ascii", "codes", "CODES"]))
    if spelling in ("plain", "ascii"):
        return json.dumps(value, ensure_ascii=spelling == "ascii")
    codes = value.encode("utf-16-be").hex()
    codes = codes.upper() if spelling == "CODES" else codes
    return '"' + "".join(f"\\u{codes[at : at + 4]}" for at in range(0, len(codes), 4)) + '"'


digits = st.text("0123456789", min_size=1, max_size=24)
numbers = st.one_of(
    st.integers(-(2**66), 2**66).map(str),
    st.sampled_from([2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64 - 1, 2**64]).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.builds("{}.{}".format, st.integers(-(2**66), 2**66), digits),
    st.builds("{}e{}".format, st.integers(-(2**66), 2**66), st.integers(-400, 400)),
    st.builds(
        "{}{}{}{}".format, st.sampled_from(["", "-", "+", "0"]), digits, st.sampled_from(["", ".", "E", "e+"]), digits
    ),
)
scalars = st.one_of(strings(), numbers, st.sampled_from(["true", "false", "null", "NaN", "-Infinity", "tru"]))


@st.composite
def containers(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    items = draw(st.lists(values, max_size=4))
    comma = draw(spaces) + "," + draw(spaces)
    if draw(st.booleans()):
        return f"[{draw(spaces)}{comma.join(items)}{draw(spaces)}]"
    names = [draw(strings()) for _ in items]
    pairs = (f"{name}{draw(spaces)}:{draw(spaces)}{item}" for name, item in zip(names, items, strict=True))
    return "{" + draw(spaces) + comma.join(pairs) + draw(spaces) + "}"


@st.composite
def nested(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    levels = draw(st.lists(st.sampled_from([("[", "]"), ('{"a":', "}"), ('["]",', "]")]), max_size=DEPTH_MAX + 2))
    text = draw(values)
    for start, end in levels:
        text = start + text + end
    return text


texts = st.recursive(scalars, lambda values: st.one_of(containers(values), nested(values)), max_leaves=12)


@st.composite
def damaged_texts(draw: st.DrawFn) -> bytes:
    """A text in which one byte was cut out or put in."""
    raw = draw(texts).encode()
    at = draw(st.integers(0, len(raw)))
    if draw(st.booleans()):
        return raw[:at] + raw[at + 1 :]
    return (
        raw[:at]
        + draw(st.sampled_from([b":", b",", b"[", b"}", b'"', b"\\", b"\x00", b"\xff", b"\xed\xa0\x80", b"1"]))
        + raw[at:]
    )


def outcome(read: Any, raw: bytes) -> str:
    try:
        return f"value {read(raw, depth_max=DEPTH_MAX)!r}"
    except MalformedJson as error:
        return f"refused {error.message}"


@given(texts.map(str.encode))
@example(b'{"a":1,"a":2}')
@example(b'{"a":1,"\\u0061":2}')
@example(b'{"a":":","a":"\\u003a\\u003A"}')
@example(b'{"\\u003a":1,"a":2,"a":3}')
@example(b'["\\\\u003a", {"a":1}]')
@example(b'["\\\\u0000"]')
@example(b'["\\u0000"]')
@example(b"[9223372036854775807, -9223372036854775808]")
@example(b"[9223372036854775808]")
@example(b"[-9223372036854775809]")
@example(b"[1234567890123456789, 12345678901234567890]")
@example(b"[12345678901234567890.5, 12345678901234567890e0]")
@example(b'["9223372036854775808", "\\"9223372036854775808"]')
@example(b'[[[[[[[["[[[["]]]]]]]]')
@example(b'[[[[[[[["]",[1]]]]]]]]]')
@example(b'["\\"", [[[[[[[1]]]]]]], "[", "]"]')
@example(b'["\\"", [[[[[[[[1]]]]]]]], "[", "]"]')
def test_fast_and_strict_agree_on_json(raw: bytes) -> None:
    assert outcome(decode_json, raw) == outcome(decode_json_strictly, raw)


@given(damaged_texts())
def test_fast_and_strict_agree_on_damaged_json(raw: bytes) -> None:
    assert outcome(decode_json, raw) == outcome(decode_json_strictly, raw)


@given(st.binary(max_size=12))
def test_fast_and_strict_agree_on_bytes_that_are_hardly_ever_json(raw: bytes) -> None:
    assert outcome(decode_json, raw) == outcome(decode_json_strictly, raw)


@given(texts.map(str.encode))
def test_short_cuts_need_no_strict_decoder(raw: bytes) -> None:
    """What orjson accepts is judged right before the strict decoder is asked."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return
    refused = outcome(decode_json_strictly, raw).startswith("refused")
    assert (decode._broken_rule(raw, value, DEPTH_MAX) is not None) == refused


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (b'{"a":1,"a":2}', "duplicate-name"),
        (b'"\\u0000"', "nul"),
        (b"9223372036854775808", "number-range"),
        (b"1e400", "number-range"),
        (b"[[[[[[[[[]]]]]]]]]", "depth"),
        (b'"\\ud800"', "lone-surrogate"),
        (b"\xef\xbb\xbf{}", "byte-order-mark"),
        (b'"\xff"', "utf-8"),
        (b"NaN", "syntax"),
        (b"", "syntax"),
    ],
)
def test_the_broken_rule_is_named(raw: bytes, rule: str) -> None:
    with pytest.raises(MalformedJson) as caught:
        decode_json(raw, depth_max=DEPTH_MAX)
    assert [problem.rule for problem in caught.value.problems] == [rule]


def test_the_place_is_named() -> None:
    with pytest.raises(MalformedJson, match=r"\$\.b\[1\]\.c \(line 2, column 17\)"):
        decode_json(b'{"a": 1,\n"b": [0, {"c":1,"c":2}]}', depth_max=DEPTH_MAX)


def test_a_text_of_very_many_tokens_is_refused_without_its_place() -> None:
    """Naming a place may not cost seconds."""
    raw = b"[" + b"1," * decode.LOCATED_TOKENS_MAX + b'{"a":1,"a":2}]'
    with pytest.raises(MalformedJson) as caught:
        decode_json(raw, depth_max=DEPTH_MAX)
    assert caught.value.problems[0].rule == "duplicate-name"
    assert "line" not in caught.value.message


def test_floats_keep_their_value() -> None:
    assert decode_json(b"[0.12123434, 1e300, -0.0, 5e-324]", depth_max=1) == [0.12123434, 1e300, -0.0, 5e-324]


def test_depth_counts_containers() -> None:
    assert decode_json(b"[[[[[[[[1]]]]]]]]", depth_max=DEPTH_MAX) == [[[[[[[[1]]]]]]]]
