from __future__ import annotations

from typing import Any

import orjson
import pytest

from lrs.errors import InvalidParameter, MalformedJson, RequestError
from lrs.limits import Limits
from lrs.subscriptions.client_frames import (
    Acknowledge,
    Subscribe,
    TokenGiven,
    Unsubscribe,
    decode_frame,
    parse_request,
    request_id,
)
from lrs.subscriptions.filters import parse_filter
from lrs.subscriptions.openings import Opening
from lrs.subscriptions.starts import After

LIMITS = Limits()


@pytest.mark.parametrize(
    ("frame", "request_"),
    [
        ({"type": "auth", "token": "t"}, TokenGiven(None, "t")),
        ({"type": "auth", "id": 2, "token": "t"}, TokenGiven(2, "t")),
        ({"type": "unsubscribe", "id": "x", "sub": "s1"}, Unsubscribe("x", "s1")),
        ({"type": "subscribe", "sub": "s1"}, Subscribe(None, "s1", Opening(parse_filter({}, LIMITS), "now"))),
        ({"type": "ack", "sub": "s1", "cursor": "c1"}, Acknowledge(None, "s1", "c1")),
        (
            {"type": "subscribe", "id": 1, "sub": "s:1.a_b-c", "filter": {"verb": ["x:y"]}, "after": "c1"},
            Subscribe(1, "s:1.a_b-c", Opening(parse_filter({"verb": ["x:y"]}, LIMITS), After("c1"))),
        ),
    ],
)
def test_a_request_is_read(frame: dict[str, Any], request_: object) -> None:
    assert parse_request(frame, LIMITS) == request_


@pytest.mark.parametrize(
    ("frame", "named"),
    [
        ({}, "type"),
        ({"type": None}, "type"),
        ({"type": ["auth"]}, "type"),
        ({"type": "publish"}, "'publish'"),
        ({"type": "auth"}, "token"),
        ({"type": "auth", "token": 7}, "token"),
        ({"type": "auth", "token": "t", "scope": "x"}, "'scope'"),
        ({"type": "subscribe"}, "sub"),
        ({"type": "subscribe", "sub": ""}, "sub"),
        ({"type": "subscribe", "sub": "a b"}, "sub"),
        ({"type": "subscribe", "sub": "a" * 65}, "sub"),
        ({"type": "subscribe", "sub": 'a"'}, "sub"),
        ({"type": "subscribe", "sub": "s1", "filters": {}}, "'filters'"),
        ({"type": "subscribe", "sub": "s1", "token": "t"}, "'token'"),
        ({"type": "ack", "sub": "s1"}, "cursor"),
        ({"type": "ack", "sub": "s1", "cursor": 7}, "cursor"),
        ({"type": "ack", "cursor": "c1"}, "sub"),
        ({"type": "ack", "sub": "s1", "cursor": "c1", "window": 5}, "'window'"),
        ({"type": "unsubscribe"}, "sub"),
        ({"type": "unsubscribe", "sub": "s1", "filter": {}}, "'filter'"),
    ],
)
def test_an_unknown_type_or_member_or_a_missing_one_is_an_error_that_names_it(
    frame: dict[str, Any], named: str
) -> None:
    with pytest.raises(RequestError) as caught:
        parse_request(frame, LIMITS)
    assert named in caught.value.message


def test_a_bad_filter_is_an_error() -> None:
    with pytest.raises(InvalidParameter):
        parse_request({"type": "subscribe", "sub": "s1", "filter": {"verb": []}}, LIMITS)


@pytest.mark.parametrize("id_", [0, -1, 2**53 - 1, "", "a" * 64])
def test_an_id_is_a_number_or_a_short_text(id_: object) -> None:
    assert request_id({"id": id_}) == id_


@pytest.mark.parametrize("id_", [None, True, 1.5, 2**53, "a" * 65, [], {}])
def test_another_id_is_an_error_and_is_not_echoed(id_: object) -> None:
    assert request_id({"id": id_}) is None
    with pytest.raises(RequestError, match="id must be"):
        parse_request({"type": "unsubscribe", "sub": "s1", "id": id_}, LIMITS)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"7", b"null", b'"auth"', b'{"a":1,"a":2}', b'{"a":NaN}', b"\xff"])
def test_a_frame_is_one_strict_json_object(raw: bytes) -> None:
    with pytest.raises(MalformedJson):
        decode_frame(raw, LIMITS)


def test_a_frame_is_nested_to_a_bounded_depth() -> None:
    """An attack on the decoder's stack ends at the limit."""

    def nested(levels: int) -> bytes:
        return b'{"a":' * levels + b"1" + b"}" * levels

    assert decode_frame(nested(16), LIMITS) == orjson.loads(nested(16))
    for levels in (17, 30_000):
        with pytest.raises(MalformedJson):
            decode_frame(nested(levels), LIMITS)
