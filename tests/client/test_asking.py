"""What a subscription asks for is what the server understands, and mistakes are told before anything is sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest

from lrs.client.asking import Asking, renewal, stream_url
from lrs.limits import Limits
from lrs.subscriptions.client_frames import Subscribe, TokenGiven, parse_request
from lrs.subscriptions.filters import FILTER_MEMBERS
from lrs.subscriptions.openings import Opening
from lrs.subscriptions.starts import After, Stored
from tests.samples import ANSWERED, COURSE_A, agent

URL = "wss://lrs.example.com/xapi/stream"


def asked(after: str | None = None, *, start: Any = "now", **members: Any) -> Opening:
    """What the server reads in the frame."""
    frame = orjson.loads(Asking(URL, members, after=None, start=start).subscribe(after))  # type: ignore[arg-type]
    request = parse_request(frame, Limits())
    assert isinstance(request, Subscribe)
    return request.opening


def test_it_begins_now_unless_told_otherwise() -> None:
    assert asked().start == "now"
    assert asked(start="beginning").start == "beginning"


def test_a_cursor_goes_before_the_start() -> None:
    assert asked("c", start="beginning").start == After("c")


def test_a_time_is_told_in_utc() -> None:
    noon = datetime(2026, 11, 22, 12, tzinfo=timezone(timedelta(hours=2)))
    start = asked(start=noon).start
    assert start == Stored(int(datetime(2026, 11, 22, 10, tzinfo=UTC).timestamp()) * 1_000_000)


def test_every_member_of_the_filter_is_understood() -> None:
    members: dict[str, Any] = {name: ["https://example.com/one"] for name in FILTER_MEMBERS}
    members |= {
        "course": (COURSE_A,),
        "verb": {ANSWERED},
        "actor": [agent("ann")],
        "registration": ["7c0ec9f1-1f0a-4a9d-9d6b-6a6f2c3b1a55"],
    }
    assert asked(**members).asked.courses == {COURSE_A}


@pytest.mark.parametrize("value", [COURSE_A, agent("ann")], ids=["text", "object"])
def test_a_member_that_is_no_list_is_a_mistake(value: Any) -> None:
    with pytest.raises(TypeError, match="course must be a list"):
        asked(course=value)


@pytest.mark.parametrize("start", ["yesterday", "", None, datetime(2026, 11, 22)])  # noqa: DTZ001
def test_a_start_that_is_no_place_in_time_is_a_mistake(start: Any) -> None:
    with pytest.raises(ValueError, match="start must"):
        asked(start=start)


def test_a_new_token_is_shown_as_the_server_takes_it() -> None:
    request = parse_request(orjson.loads(renewal("t")), Limits())
    assert isinstance(request, TokenGiven)
    assert request.token == "t"


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        (URL, URL),
        ("ws://127.0.0.1:8080/xapi/stream", "ws://127.0.0.1:8080/xapi/stream"),
        ("https://lrs.example.com/xapi/stream", URL),
        ("http://[::1]:8080/xapi/stream", "ws://[::1]:8080/xapi/stream"),
    ],
)
def test_addresses_of_http_are_taken_for_websockets(url: str, meant: str) -> None:
    assert stream_url(url) == meant


@pytest.mark.parametrize(
    "url",
    [
        "",
        "lrs.example.com/xapi/stream",
        "ftp://lrs.example.com/",
        f"{URL}?course=x",
        f"{URL}#x",
        "wss://a:b@lrs.example.com/xapi/stream",
        "wss:///xapi/stream",
    ],
)
def test_other_addresses_are_mistakes(url: str) -> None:
    with pytest.raises(ValueError, match="address of a stream"):
        stream_url(url)
