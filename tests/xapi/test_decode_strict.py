"""The strict decoder names what is wrong, and where."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.errors import MalformedJson, Problem
from lrs.xapi.decode_strict import decode_json_strictly

strings = st.text(st.characters(exclude_characters="\x00", codec="utf-8"))
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | strings,
    lambda values: st.lists(values) | st.dictionaries(strings, values),
)


@given(json_values, st.booleans(), st.sampled_from([None, 2]))
def test_what_python_writes_is_read_back(value: Any, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert repr(decode_json_strictly(text.encode(), depth_max=100)) == repr(value)


def problem(raw: bytes) -> Problem:
    with pytest.raises(MalformedJson) as caught:
        decode_json_strictly(raw, depth_max=4)
    (found,) = caught.value.problems
    return found


@pytest.mark.parametrize(
    ("raw", "path", "reason"),
    [
        (b"", "$", "the text ends where a value should stand"),
        (b"[1", "$[1]", "',' or ']' is missing"),
        (b'{"a":1', "$.a", "',' or '}' is missing"),
        (b"[1,]", "$[1]", "a comma may not stand at the end"),
        (b"{,}", "$", "a name in double quotes is missing"),
        (b"{'a':1}", "$", "a name in double quotes is missing"),
        (b'{"a" 1}', "$.a", "':' is missing after a name"),
        (b'{"a":}', "$.a", 'a value can\'t start with "}"'),
        (b"[] []", "$", "more text follows after the end of the value"),
        (b"[01]", "$[1]", "',' or ']' is missing"),
        (b'["a\nb"]', "$[0]", "a control character stands unescaped in a string"),
        (b'["ab', "$[0]", "a string does not end"),
        (b'["ab\\', "$[0]", "a string does not end"),
        (b'["\\x"]', "$[0]", "unknown escape in a string"),
        (b"[-Infinity]", "$[0]", "-Infinity is not JSON"),
    ],
)
def test_syntax_errors_name_path_and_reason(raw: bytes, path: str, reason: str) -> None:
    found = problem(raw)
    assert (found.rule, found.path, found.reason) == ("syntax", path, reason)


def test_a_name_that_is_not_plain_is_quoted_in_the_path() -> None:
    assert problem(b'{"https://example.org/x":{"b":[{},"\\u0000"]}}').path == '$["https://example.org/x"].b[1]'


def test_a_name_may_not_hold_nul() -> None:
    assert problem(b'{"a\\u0000":1}').rule == "nul"


def test_a_name_may_not_hold_half_a_surrogate_pair() -> None:
    assert problem(b'{"\\udc00":1}').rule == "lone-surrogate"


def test_a_surrogate_pair_is_one_character() -> None:
    assert decode_json_strictly(b'"\\ud83d\\ude00"', depth_max=1) == "\N{GRINNING FACE}"


def test_endless_nesting_is_refused_without_recursion() -> None:
    assert problem(b"[" * 100_000).rule == "depth"


def test_invalid_utf_8_is_told_by_byte() -> None:
    assert problem(b'["ab\xff"]').reason == "invalid start byte at byte 4"
