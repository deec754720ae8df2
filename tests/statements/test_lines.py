from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.errors import MalformedJson
from lrs.statements.lines import in_array, in_line

VALUES = st.recursive(
    st.dictionaries(st.text(max_size=5), st.text(max_size=8), max_size=3),
    lambda inner: st.dictionaries(st.text(max_size=5), inner | st.lists(inner, max_size=3), max_size=3),
    max_leaves=6,
)


@given(st.lists(VALUES, max_size=6), st.integers(1, 40), st.booleans(), st.sampled_from([None, 1]))
def test_an_array_is_split_into_its_elements_however_it_is_cut(
    values: list[object], size: int, ascii_only: bool, indent: int | None
) -> None:
    text = json.dumps(values, ensure_ascii=ascii_only, indent=indent).encode()
    chunks = [text[start : start + size] for start in range(0, len(text), size)]
    assert [json.loads(element) for element, _ in in_array(chunks)] == values


@given(st.lists(VALUES, min_size=1, max_size=4))
def test_what_lies_behind_an_element_ends_with_it(values: list[object]) -> None:
    text = json.dumps(values, ensure_ascii=False).encode()
    for element, behind in in_array([text]):
        assert text[:behind].endswith(element)


@pytest.mark.parametrize("text", [b"[{}", b"", b'[{"a":1} {"b"', b"[1,,", b'["\xc3', b'["\xff"]'])
def test_what_is_no_array_is_told(text: bytes) -> None:
    with pytest.raises(MalformedJson):
        list(in_array([text, b""]))


def test_the_prefix_of_a_logger_is_cut_off() -> None:
    line = b'2026-11-22 10:00:00,000 INFO 8 [xapi_tracking] [user None] [ip None] logger.py:41 - {"id": "a{b"}\n'
    assert in_line(line) == b'{"id": "a{b"}'


def test_a_line_of_json_is_taken_as_it_is() -> None:
    assert in_line(b' {"id":1} \r\n') == b'{"id":1}'
    assert in_line(b'[{"id":1}]\n') == b'[{"id":1}]'


def test_a_blank_line_holds_nothing() -> None:
    assert in_line(b" \r\n") is None
