"""What a subscription asks for is what the server understands, and mistakes are told before anything is sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest

from lrs.client.asking import SUBSCRIPTION, Asking, acknowledgement, renewal, stream_url
from lrs.limits import Limits
from lrs.subscriptions.client_frames import Acknowledge, Subscribe, TokenGiven, parse_request
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


def subscribing(after: str | None = None, *, again: bool = False, **options: Any) -> Opening:
    asking = Asking(URL, {}, after=None, start="beginning", **options)
    request = parse_request(orjson.loads(asking.subscribe(after, again=again)), Limits())
    assert isinstance(request, Subscribe)
    return request.opening


def test_a_durable_cursor_has_a_name_and_a_place_for_the_first_time() -> None:
    opening = subscribing(durable="knowledge")
    assert (opening.durable, opening.reset, opening.start) == ("knowledge", False, "beginning")


def test_a_durable_cursor_may_be_reset() -> None:
    assert subscribing("c", durable="knowledge", reset=True) == subscribing("c", durable="knowledge", again=True)
    assert subscribing("c", durable="knowledge", reset=True).reset


def test_coming_again_brings_what_was_acknowledged_along() -> None:
    """The server may have been killed before it was on disk."""
    opening = subscribing("c7", durable="knowledge", again=True)
    assert (opening.durable, opening.reset, opening.start) == ("knowledge", True, After("c7"))


def test_without_a_durable_cursor_nothing_is_reset() -> None:
    assert not subscribing("c7", again=True).reset


def test_a_window_may_be_asked_for() -> None:
    assert subscribing(window=500).window == 500


@pytest.mark.parametrize(("options", "acknowledged"), [({}, False), ({"durable": "k"}, True), ({"window": 1}, True)])
def test_the_server_is_told_what_is_finished_where_it_wants_to_know(
    options: dict[str, Any], acknowledged: bool
) -> None:
    assert Asking(URL, {}, after=None, start="now", **options).acknowledged is acknowledged


def test_an_acknowledgement_is_shown_as_the_server_takes_it() -> None:
    request = parse_request(orjson.loads(acknowledgement("c1")), Limits())
    assert request == Acknowledge(None, SUBSCRIPTION, "c1")


@pytest.mark.parametrize(
    "options",
    [
        {"durable": ""},
        {"durable": "a name"},
        {"durable": "x" * 65},
        {"window": 0},
        {"window": True},
        {"window": "500"},
        {"reset": True},
    ],
)
def test_what_the_server_could_not_keep_is_a_mistake(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="|".join(options)):
        Asking(URL, {}, after=None, start="now", **options)


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
