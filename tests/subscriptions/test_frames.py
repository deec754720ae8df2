from __future__ import annotations

from dataclasses import replace

import orjson
import pytest
import websockets.frames
from websockets.frames import Opcode

from lrs.errors import Forbidden, InvalidParameter, Problem
from lrs.limits import Limits
from lrs.subscriptions import frames
from lrs.subscriptions.frames import Frame, FrameCache
from tests.samples import COURSE_A, COURSE_B, principal


def test_statements_are_joined_from_their_stored_bytes() -> None:
    """They are never parsed again: these bytes would not come out the same."""
    payloads = [b'{"a": 1.50}', '{"b":"\u00e9\\u00e9"}'.encode()]
    frame = frames.statements("s1", prev="c0", cursor="c2", payloads=payloads)
    assert frame.data == (
        b'{"type":"statements","sub":"s1","prev":"c0","cursor":"c2","statements":[' + b",".join(payloads) + b"]}"
    )
    assert orjson.loads(frame.text)["statements"][1] == {"b": "éé"}


def test_a_frame_gives_its_text_once_for_all() -> None:
    frame = Frame(b"{}")
    assert frame.text is frame.text


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536])
def test_a_frame_on_the_wire_is_what_the_library_makes_of_it(length: int) -> None:
    frame = Frame(b"x" * length)
    assert frame.wire == websockets.frames.Frame(Opcode.TEXT, frame.data).serialize(mask=False, extensions=[])
    assert frame.wire is frame.wire


@pytest.mark.parametrize(("re", "expected"), [(None, {}), (7, {"re": 7}), ("x", {"re": "x"}), (0, {"re": 0})])
def test_the_id_of_a_request_is_echoed_if_it_had_one(re: int | str | None, expected: dict[str, object]) -> None:
    frame = orjson.loads(frames.unsubscribed(re, "s1", "c1").data)
    assert frame == {"type": "unsubscribed", "sub": "s1", "cursor": "c1"} | expected


def test_hello_tells_rights_limits_and_the_head() -> None:
    who = replace(principal(courses=(COURSE_B, COURSE_A)), expires_at_us=1_790_000_000_000_000)
    hello = orjson.loads(frames.hello(None, connection="n", head="c9", principal=who, limits=Limits()).data)
    limits = hello.pop("limits")
    assert hello == {
        "type": "hello",
        "protocol": "xapi-stream.v1",
        "connection": "n",
        "head": "c9",
        "expires_at": "2026-09-21T14:13:20.000000Z",
        "courses": [COURSE_A, COURSE_B],
        "heartbeat_s": 20,
    }
    assert limits["subscriptions_max"] == 16


def test_null_stands_for_every_course_and_for_no_end() -> None:
    authed = orjson.loads(frames.authed(1, principal()).data)
    assert authed == {"type": "authed", "re": 1, "expires_at": None, "courses": None}


def test_an_error_has_code_and_message_and_the_subscription_that_it_ends() -> None:
    assert orjson.loads(frames.failure(3, Forbidden("no"), name="s1").data) == {
        "type": "error",
        "re": 3,
        "sub": "s1",
        "code": "forbidden",
        "message": "no",
    }


def test_an_error_lists_each_problem_of_the_input() -> None:
    error = InvalidParameter("bad", problems=(Problem("$.mbox", "pattern", "no mailto"),))
    assert orjson.loads(frames.failure(None, error).data)["problems"] == [
        {"path": "$.mbox", "rule": "pattern", "reason": "no mailto"}
    ]


def test_the_cache_gives_the_frame_that_it_has() -> None:
    cache, frame = FrameCache(1_000), Frame(b"x")
    assert cache.get("k") is None
    cache.put("k", frame)
    assert cache.get("k") is frame


def test_the_cache_is_bounded_and_lets_go_of_what_was_used_longest_ago() -> None:
    """Invariant 7."""
    cache = FrameCache(1_000)
    kept = Frame(b"x" * 100)
    cache.put(0, kept)
    for key in range(1, 100):
        cache.put(key, Frame(b"x" * 100))
        assert cache.get(0) is kept
    assert sum(len(frame.data) for frame in cache._frames.values()) <= 1_000


def test_a_frame_larger_than_the_cache_is_kept_until_the_next() -> None:
    cache = FrameCache(10)
    large = Frame(b"x" * 100)
    cache.put(0, large)
    assert cache.get(0) is large
    cache.put(1, Frame(b"x"))
    assert cache._bytes == 1
