"""Merging by POST."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.documents.documents import Content
from lrs.documents.merge import check_json, merged
from lrs.errors import InvalidDocument, MalformedJson

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("aß\n", max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=2),
    max_leaves=5,
)
objects = st.dictionaries(st.sampled_from(["a", "b", "c", "", "ä"]), values, max_size=4)


def content(value: Any, content_type: str = "application/json") -> Content:
    return Content(content_type, json.dumps(value).encode())


@given(objects, objects)
def test_top_level_members_are_replaced_as_a_whole_and_the_others_stay(
    present: dict[str, Any], posted: dict[str, Any]
) -> None:
    """Communication 2.2: as the standard's procedure has it, member by member."""
    expected = json.loads(json.dumps(present))
    for name, value in posted.items():
        expected[name] = value
    result = merged(content(present), content(posted), depth_max=64)
    assert json.loads(result.body) == expected


@pytest.mark.parametrize("present", [None, content({"a": 1})])
@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "Application/JSON", "application/json ;x=y"]
)
def test_parameters_and_case_of_the_type_change_nothing(present: Content | None, content_type: str) -> None:
    result = merged(present, content({"b": 2}, content_type), depth_max=64)
    assert json.loads(result.body)["b"] == 2
    assert result.content_type == content_type


@pytest.mark.parametrize(
    "new",
    [content([1]), content({"a": 1}), content("text"), Content("image/png", b"\x89PNG"), Content("text/plain", b"")],
    ids=str,
)
def test_what_is_posted_where_nothing_is_stays_byte_for_byte(new: Content) -> None:
    assert merged(None, new, depth_max=64) is new


OBJECT = content({"a": 1})


@pytest.mark.parametrize(
    ("present", "posted"),
    [
        (content({"a": 1}, "text/plain"), OBJECT),
        (OBJECT, content({"a": 1}, "text/plain")),
        (OBJECT, content({"a": 1}, "application/json-patch+json")),
        (OBJECT, content({"a": 1}, "application/jsonx")),
        (OBJECT, content([1])),
        (content([1]), OBJECT),
        (OBJECT, content(None)),
        (OBJECT, Content("application/json", b"")),
        (OBJECT, Content("application/json", b'{"a":1}{')),
        (OBJECT, Content("application/json", b'{"a":1,"a":2}')),
        (OBJECT, Content("application/json", '{"a":1}'.encode("utf-16"))),
        (OBJECT, content({"a": [[[[1]]]]})),
        (Content("application/json", b"{"), OBJECT),
    ],
    ids=str,
)
def test_only_json_objects_are_merged(present: Content, posted: Content) -> None:
    with pytest.raises(InvalidDocument):
        merged(present, posted, depth_max=4)


@pytest.mark.parametrize("body", [b"", b"{", b"abc", b'{"a":NaN}', b"\xff"])
def test_what_calls_itself_json_must_be_json(body: bytes) -> None:
    check_json(Content("application/octet-stream", body), depth_max=64)
    for attempt in (check_json, lambda new, depth_max: merged(None, new, depth_max=depth_max)):
        with pytest.raises(MalformedJson):
            attempt(Content("application/json", body), depth_max=64)


def test_numbers_keep_their_value() -> None:
    present = Content("application/json", b'{"a":9223372036854775807,"b":0.1,"c":1e300,"d":-0.0,"e":1.0}')
    result = merged(present, content({"z": 1}), depth_max=64)
    assert json.loads(result.body) == json.loads(present.body) | {"z": 1}
    assert b"9223372036854775807" in result.body
