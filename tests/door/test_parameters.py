"""Parameters from text to what they mean."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.door import parameters
from lrs.errors import InvalidParameter


@given(st.lists(st.tuples(st.text(min_size=1, max_size=4), st.text(max_size=4)), max_size=5))
def test_pairs_are_read_as_they_were_written(written: list[tuple[str, str]]) -> None:
    assert parameters.pairs(urlencode(written).encode(), "it") == written


def test_letters_that_were_not_encoded_are_utf_8() -> None:
    assert parameters.pairs("a=ü".encode(), "it") == [("a", "ü")]


@pytest.mark.parametrize("raw", [b"a=%FF", b"a=\xff", b"%C3=1", b"a=%ED%A0%80"])
def test_what_is_not_utf_8_is_refused(raw: bytes) -> None:
    """Rather than replaced: two ids would become one."""
    with pytest.raises(InvalidParameter, match="it is not UTF-8"):
        parameters.pairs(raw, "it")


def test_the_number_of_pairs_is_bounded() -> None:
    """Invariant 7."""
    assert len(parameters.pairs(b"a&" * (parameters.PAIRS_MAX - 1) + b"a", "it")) == parameters.PAIRS_MAX
    with pytest.raises(InvalidParameter, match="more than"):
        parameters.pairs(b"a&" * parameters.PAIRS_MAX + b"a", "it")


def test_only_what_is_known_may_be_given_and_only_once() -> None:
    """Communication 3.2."""
    assert parameters.once([("a", "1"), ("b", "")], {"a", "b", "c"}) == {"a": "1", "b": ""}
    for bad in ([("A", "1")], [("a", "1"), ("a", "1")], [("", "")]):
        with pytest.raises(InvalidParameter):
            parameters.once(bad, {"a"})
