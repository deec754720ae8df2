"""Pages of a list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.admin.paging import Asked, asked, page
from lrs.errors import CursorInvalid, InvalidParameter

keys = st.lists(st.tuples(st.integers(-100, 100), st.text(max_size=3)), unique=True).map(sorted)


@given(keys, st.integers(1, 10))
def test_pages_hold_every_item_once_and_in_order(items: list[tuple[int, str]], limit: int) -> None:
    found: list[tuple[int, str]] = []
    parameters = {"limit": str(limit)}
    for _ in range(len(items) + 1):
        shown, following = page(items, lambda one: one, asked(parameters, (int, str), 500))
        found += shown
        assert len(shown) <= limit
        if following is None:
            break
        parameters["after"] = following
    assert found == items


@given(st.text())
def test_whatever_is_sent_is_a_cursor_or_refused(text: str) -> None:
    try:
        found = asked({"after": text}, (int, str), 500)
    except CursorInvalid:
        return
    assert found.after is not None
    assert [type(part) for part in found.after] == [int, str]


def test_a_cursor_of_another_list_is_refused() -> None:
    _, following = page([("a",), ("b",)], lambda one: one, Asked(1, None))
    assert following is not None
    assert asked({"after": following}, (str,), 500).after == ("a",)
    with pytest.raises(CursorInvalid):
        asked({"after": following}, (int,), 500)


def test_the_default_stays_within_the_limit() -> None:
    assert asked({}, (), 500).limit == 100
    assert asked({}, (), 7).limit == 7
    with pytest.raises(InvalidParameter):
        asked({"limit": "8"}, (), 7)
