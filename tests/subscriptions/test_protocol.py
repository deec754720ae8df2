from __future__ import annotations

from typing import Any

import pytest

from lrs.errors import (
    ConnectionLimit,
    CursorInvalid,
    EpochChanged,
    Forbidden,
    InvalidParameter,
    LrsError,
    TokenExpired,
    TokenRevoked,
    Unauthenticated,
)
from lrs.limits import Limits
from lrs.statements.match import visibility
from lrs.subscriptions import closing
from lrs.subscriptions.client_frames import Acknowledge
from lrs.subscriptions.effects import CheckToken, Open, Send, Stop
from lrs.subscriptions.filters import parse_filter
from lrs.subscriptions.openings import Opening
from lrs.subscriptions.protocol import TRANSITIONS, Event, State
from lrs.subscriptions.starts import After
from tests.samples import COURSE_A, COURSE_B, principal
from tests.subscriptions.talk import LIMITS, READER, at, closed, opened, say, sent, waiting

# The credential.


def test_an_accepted_client_is_told_hello() -> None:
    connection = waiting()
    (hello,) = sent(connection.accepted(READER, at(0), head="c9"))
    assert (hello["type"], hello["connection"], hello["head"]) == ("hello", "n1", "c9")
    assert connection.state is State.OPEN


def test_a_stranger_gives_its_token_in_the_first_frame() -> None:
    connection = waiting()
    assert say(connection, type="auth", id=1, token="t") == [CheckToken(1, "t")]
    (hello,) = sent(connection.accepted(READER, at(1), head="c9", re=1))
    assert (hello["type"], hello["re"]) == ("hello", 1)


@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"subscribe","sub":"s1"}',
        '{"type":"auth"}',
        "{",
        "",
        "[]",
        '{"type":"auth","token":"%s"}' % ("t" * 20_000),
    ],
)
def test_a_first_frame_that_is_no_token_closes_4502(frame: str) -> None:
    assert closed(waiting().receive(frame, at(0))) is closing.AUTH_TIMEOUT


def test_a_stranger_who_says_nothing_is_closed_4502_at_the_deadline() -> None:
    connection = waiting()
    assert connection.tick(at(4.99)) == []
    assert connection.due_s(at(0)) == 5
    assert closed(connection.tick(at(5))) is closing.AUTH_TIMEOUT


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Unauthenticated("no"), closing.INVALID_TOKEN),
        (TokenExpired("no"), closing.TOKEN_EXPIRED),
        (TokenRevoked("no"), closing.TOKEN_REVOKED),
        (ConnectionLimit("no"), closing.CONNECTION_LIMIT),
        (Forbidden("no"), closing.FORBIDDEN),
    ],
)
def test_a_stranger_who_is_refused_is_closed_with_the_code_of_the_reason(
    error: LrsError, expected: closing.Closing
) -> None:
    assert closed(waiting().refused(error)) is expected


def test_the_scope_stream_is_required() -> None:
    with pytest.raises(Forbidden, match="stream"):
        waiting().require_acceptable(principal("engine", scopes=("statements/read",)))
    waiting().require_acceptable(principal("engine", scopes=("all/read",)))


# Frames.


def test_a_subscription_is_opened_with_the_sight_of_its_reader() -> None:
    who = principal("engine", scopes=("stream",), courses=(COURSE_A,))
    effects = say(opened(who), type="subscribe", id=1, sub="s1", filter={"course": [COURSE_A]}, after="c1")
    asked = parse_filter({"course": [COURSE_A]}, LIMITS)
    assert effects == [Open(1, "s1", Opening(asked, After("c1")), visibility(who))]


def test_a_name_is_used_once_at_a_time() -> None:
    connection = opened()
    say(connection, type="subscribe", sub="s1")
    (error,) = sent(say(connection, type="subscribe", id=2, sub="s1"))
    assert (error["re"], error["code"]) == (2, "invalid_request")
    assert say(connection, type="unsubscribe", id=3, sub="s1") == [Stop(3, "s1")]
    assert isinstance(say(connection, type="subscribe", sub="s1")[0], Open)


def test_a_connection_has_a_bounded_number_of_subscriptions() -> None:
    connection = opened()
    for number in range(16):
        assert isinstance(say(connection, type="subscribe", sub=f"s{number}")[0], Open)
    (error,) = sent(say(connection, type="subscribe", sub="one-more"))
    assert "16" in error["message"]
    say(connection, type="unsubscribe", sub="s0")
    assert isinstance(say(connection, type="subscribe", sub="one-more")[0], Open)


def test_a_course_outside_the_grant_is_forbidden_not_silent() -> None:
    connection = opened(principal("engine", scopes=("stream",), courses=(COURSE_A,)))
    (error,) = sent(say(connection, type="subscribe", id=1, sub="s1", filter={"course": [COURSE_A, COURSE_B]}))
    assert (error["re"], error["code"]) == (1, "forbidden")
    assert connection.state is State.OPEN
    assert isinstance(say(connection, type="subscribe", sub="s1", filter={"course": [COURSE_A]})[0], Open)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"type": "publish", "id": 5}, "invalid_request"),
        ({"id": 5}, "invalid_request"),
        ({"type": "subscribe", "id": 5, "sub": "s1", "width": 5}, "invalid_request"),
        ({"type": "subscribe", "id": 5, "sub": "s1", "window": 0}, "invalid_parameter"),
        ({"type": "ack", "id": 5, "sub": "s1", "cursor": "c1"}, "invalid_request"),
        ({"type": "subscribe", "id": 5, "sub": "s1", "filter": {"verb": []}}, "invalid_parameter"),
        ({"type": "subscribe", "id": 5, "sub": "s1", "from": "noon"}, "invalid_parameter"),
        ({"type": "unsubscribe", "id": 5, "sub": "s1"}, "invalid_request"),
    ],
)
def test_a_request_that_is_not_understood_is_answered_and_the_connection_goes_on(
    frame: dict[str, Any], code: str
) -> None:
    connection = opened()
    (error,) = sent(say(connection, **frame))
    assert (error["type"], error["re"], error["code"]) == ("error", 5, code)
    assert connection.state is State.OPEN


def test_an_acknowledgement_is_handed_on_and_news_costs_nothing() -> None:
    connection = opened(limits=Limits(client_frames_burst=3))
    say(connection, type="subscribe", sub="s1", window=5)
    for _ in range(100):
        assert say(connection, type="ack", sub="s1", cursor="c1") == [Acknowledge(None, "s1", "c1")]
        connection.acknowledged()
    for _ in range(2):
        say(connection, type="ack", sub="s1", cursor="c1")
    assert closed(say(connection, type="ack", sub="s1", cursor="c1")) is closing.RATE_LIMITED


@pytest.mark.parametrize("text", ["", "{", "[]", "hello", '{"a":1,"a":1}', "\udcff", '{"a":' * 17 + "1" + "}" * 17])
def test_a_frame_that_can_not_be_read_is_answered_and_closes_4501(text: str) -> None:
    effects = opened().receive(text, at(0))
    assert sent(effects)[0]["code"] == "malformed_json"
    assert closed(effects) is closing.INVALID_REQUEST


def test_a_binary_frame_closes_1003() -> None:
    assert closed(opened().receive(b"{}", at(0))) is closing.NOT_TEXT


def test_a_frame_over_the_limit_closes_1009() -> None:
    text = '{"type":"unsubscribe","sub":"%s"}'
    assert closed(opened().receive(text % ("é" * 33_000), at(0))) is closing.TOO_LARGE
    assert isinstance(opened().receive(text % ("x" * 65_000), at(0))[0], Send)


def test_a_burst_of_frames_is_taken_and_then_a_steady_rate() -> None:
    connection = opened()
    for _ in range(50):
        say(connection, type="unsubscribe", sub="s1")
    for second in range(1, 5):
        for _ in range(10):
            say(connection, second, type="unsubscribe", sub="s1")
    assert connection.state is State.OPEN
    assert closed(say(connection, 4, type="unsubscribe", sub="s1")) is closing.RATE_LIMITED


def test_nothing_is_taken_after_the_end() -> None:
    connection = opened()
    connection.end(closing.DISCONNECTED)
    assert say(connection, type="subscribe", sub="s1") == []
    assert connection.tick(at(100)) == []
    assert connection.end(closing.INTERNAL) == []
    assert connection.accepted(READER, at(0), head="c9") == []
    assert connection.refused(Forbidden("no")) == []
    assert connection.changed(principal("engine", scopes=())) == []
    assert connection.lost(TokenRevoked("no"), at(0)) == []
    assert connection.due_s(at(0)) == float("inf")


# Starts.


def test_parameters_of_the_url_open_main_at_once() -> None:
    asked = parse_filter({"verb": ["x:y"]}, LIMITS)
    connection = waiting(opening=Opening(asked, After("c1")))
    hello, main = connection.accepted(READER, at(0), head="c9")
    assert isinstance(hello, Send)
    assert main == Open(None, "main", Opening(asked, After("c1")), visibility(READER), by_url=True)


@pytest.mark.parametrize(
    ("opening", "code", "expected"),
    [
        (InvalidParameter("bad"), "invalid_parameter", closing.INVALID_REQUEST),
        (Opening(parse_filter({"course": [COURSE_B]}, LIMITS), "now"), "forbidden", closing.FORBIDDEN),
    ],
)
def test_a_url_that_can_not_be_followed_is_answered_and_closes(
    opening: Opening | LrsError, code: str, expected: closing.Closing
) -> None:
    connection = waiting(opening=opening)
    effects = connection.accepted(principal("engine", scopes=("stream",), courses=(COURSE_A,)), at(0), head="c9")
    hello, error = sent(effects)
    assert (hello["type"], error["sub"], error["code"]) == ("hello", "main", code)
    assert closed(effects) is expected


def test_a_start_that_is_not_in_the_log_is_answered_and_frees_the_name() -> None:
    connection = opened()
    (asked,) = say(connection, type="subscribe", id=1, sub="s1", after="c1")
    assert isinstance(asked, Open)
    (error,) = sent(connection.not_opened(asked, EpochChanged("gone")))
    assert (error["re"], error["sub"], error["code"]) == (1, "s1", "epoch_changed")
    assert isinstance(say(connection, type="subscribe", sub="s1")[0], Open)


def test_the_same_in_the_url_closes() -> None:
    connection = waiting(opening=Opening(parse_filter({}, LIMITS), After("c1")))
    _, asked = connection.accepted(READER, at(0), head="c9")
    assert isinstance(asked, Open)
    effects = connection.not_opened(asked, CursorInvalid("what"))
    assert sent(effects)[0]["code"] == "cursor_invalid"
    assert closed(effects) is closing.INVALID_REQUEST


# The table.


def test_every_state_can_end_and_nothing_follows_the_end() -> None:
    for state in State:
        assert ((state, Event.END) in TRANSITIONS) is (state is not State.CLOSED)
    assert all(state is not State.CLOSED for state, _ in TRANSITIONS)


def test_every_state_is_reached() -> None:
    assert {State.WAITING, *TRANSITIONS.values()} == set(State)
