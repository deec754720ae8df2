"""One reader's way over many connections, step by step."""

from __future__ import annotations

from typing import Any

import pytest

from lrs.client.asking import PROTOCOL
from lrs.client.batches import Batch
from lrs.client.errors import CursorInvalid, EpochChanged, Interrupted, Refused
from lrs.client.follower import OPENING_S, AskToken, Connect, Pause, Receive, Say
from tests.client.drive import Drive

CUT = Interrupted("the connection was cut")


def test_it_asks_for_what_is_wanted_once_the_server_has_said_hello() -> None:
    drive = Drive(course=("course-v1:Org+A+2026",))
    asked = drive.subscribe()
    assert asked["filter"] == {"course": ["course-v1:Org+A+2026"]}
    assert asked["from"] == "now"


def test_its_first_cursor_is_where_the_subscription_began() -> None:
    """Else what comes between the first connection and its first statement would be lost with it."""
    drive = Drive()
    cursors = [drive.follower.cursor]
    drive.subscribe(after="c0")
    cursors.append(drive.follower.cursor)
    assert cursors == [None, "c0"]
    drive.fail(CUT)
    drive.answer()
    assert drive.subscribe()["after"] == "c0"


def test_a_batch_is_finished_when_the_next_is_asked_for() -> None:
    drive = Drive()
    drive.subscribe()
    drive.statements("c0", "c1", "s1", "s2")
    batch = drive.now(Batch)
    assert [one["id"] for one in batch] == ["s1", "s2"]
    assert (batch.prev, batch.cursor, batch.live) == ("c0", "c1", False)
    assert drive.follower.cursor == "c0"
    drive.answer()
    assert drive.follower.cursor == "c1"


def test_after_a_break_it_goes_on_after_the_last_batch() -> None:
    drive = Drive(start="beginning")
    drive.subscribe()
    drive.statements("c0", "c1", "s1")
    drive.answer()
    drive.fail(CUT)
    assert isinstance(drive.step, Pause)
    drive.answer()
    asked = drive.subscribe(after="c1")
    assert asked["after"] == "c1"
    assert "from" not in asked
    drive.statements("c1", "c2", "s2")
    assert drive.now(Batch).cursor == "c2"


def test_a_cursor_kept_from_before_is_where_it_begins() -> None:
    drive = Drive(after="kept", start="beginning")
    assert drive.follower.cursor == "kept"
    assert drive.subscribe(after="kept")["after"] == "kept"


def test_reaching_the_head_is_a_batch_without_statements() -> None:
    drive = Drive()
    drive.subscribe()
    drive.hear("live", sub="main", cursor="c1")
    batch = drive.now(Batch)
    assert (list(batch), batch.prev, batch.cursor, batch.live) == ([], "c0", "c1", True)


def test_a_heartbeat_moves_the_cursor_past_what_was_left_out() -> None:
    drive = Drive()
    drive.subscribe()
    drive.hear("heartbeat", subs={"main": "c7", "other": "c9"})
    batch = drive.now(Batch)
    assert (list(batch), batch.cursor, batch.live) == ([], "c7", False)
    drive.answer()
    drive.statements("c7", "c8", "s1")
    assert drive.now(Batch).cursor == "c8"


@pytest.mark.parametrize("told", [{"main": "c0"}, {}])
def test_a_heartbeat_that_moves_nothing_is_not_told(told: dict[str, str]) -> None:
    drive = Drive()
    drive.subscribe()
    drive.hear("heartbeat", subs=told)
    drive.now(Receive)


def test_a_gap_makes_it_go_back_to_the_last_good_cursor() -> None:
    drive = Drive()
    drive.subscribe()
    drive.statements("c0", "c1", "s1")
    drive.answer()
    drive.statements("c2", "c3", "s3")
    assert isinstance(drive.step, Pause)
    drive.answer()
    assert drive.subscribe()["after"] == "c1"


def test_statements_before_the_server_has_agreed_are_a_gap() -> None:
    drive = Drive()
    drive.connect()
    drive.answer()
    drive.statements("c0", "c1", "s1")
    assert isinstance(drive.step, Pause)


@pytest.mark.parametrize(
    ("type_", "members"),
    [
        ("news", {}),
        ("statements", {"sub": "other", "prev": "x", "cursor": "y", "statements": []}),
        ("live", {"sub": "other", "cursor": "y"}),
        ("unsubscribed", {"sub": "other", "cursor": "y"}),
        ("error", {"sub": "other", "code": "forbidden", "message": "no"}),
        ("error", {"re": 2, "code": "invalid_token", "message": "the renewal was refused"}),
        ("expiring", {"expires_at": "2026-11-22T10:00:00Z"}),
        ("authed", {"re": 2}),
    ],
)
def test_what_is_not_about_it_is_passed_over(type_: str, members: dict[str, Any]) -> None:
    drive = Drive()
    drive.subscribe()
    drive.hear(type_, **members)
    drive.now(Receive)
    drive.statements("c0", "c1", "s1")
    drive.now(Batch)


def test_silence_for_two_and_a_half_heartbeats_is_too_long() -> None:
    drive = Drive()
    assert isinstance(drive.step, AskToken)
    drive.connect(heartbeat_s=4)
    drive.answer()
    drive.hear("subscribed", re=1, sub="main", after="c0", head="h")
    drive.now_s += 5
    drive.hear("heartbeat", subs={})
    assert drive.now(Receive) == Receive(drive.now_s + 10, 10)


def test_the_program_may_say_what_silence_is_too_long() -> None:
    drive = Drive(silence_s=3)
    drive.subscribe()
    assert drive.now(Receive).until_s == drive.now_s + 3


def test_heartbeats_alone_do_not_keep_a_connection_on_which_nothing_was_agreed() -> None:
    drive = Drive(silence_s=3)
    drive.connect()
    drive.answer()
    began_s = drive.now_s
    drive.now_s += 2
    drive.hear("heartbeat", subs={})
    assert drive.now(Receive) == Receive(began_s + 3, 0)


def test_the_first_frame_must_come_soon() -> None:
    drive = Drive()
    drive.answer("t")
    drive.answer()
    assert drive.now(Receive) == Receive(drive.now_s + OPENING_S, 0)


@pytest.mark.parametrize(
    "first", [{"type": "hello", "protocol": "xapi-stream.v2"}, {"type": "welcome"}, {"type": "statements", "sub": "s"}]
)
def test_another_protocol_is_refused(first: dict[str, Any]) -> None:
    drive = Drive()
    drive.answer("t")
    drive.answer()
    members = {"prev": "p", "cursor": "c", **first}
    with pytest.raises(Refused, match=PROTOCOL):
        drive.hear(members.pop("type"), **members)


def test_pauses_grow_until_a_connection_was_of_use() -> None:
    drive = Drive()
    pauses_s = []
    for number in range(4):
        if number == 3:
            drive.subscribe()
            drive.hear("heartbeat", subs={})
        drive.fail(CUT)
        assert isinstance(drive.step, Pause)
        pauses_s.append(drive.step.until_s - drive.now_s)
        drive.answer()
    assert pauses_s == [0.5, 1.0, 2.0, 0.5]


def test_the_server_s_wish_to_be_left_alone_is_heeded() -> None:
    drive = Drive()
    drive.answer("t")
    drive.now(Connect)
    drive.fail(Interrupted("overloaded", retry_after_s=30))
    assert isinstance(drive.step, Pause)
    assert drive.step.until_s == drive.now_s + 30.5


def test_it_gives_up_when_told_to() -> None:
    drive = Drive(give_up_s=60)
    drive.fail(CUT)
    drive.now_s += 59
    drive.answer()
    drive.fail(CUT)
    drive.now_s += 1
    drive.answer()
    with pytest.raises(Interrupted):
        drive.fail(CUT)


def test_only_time_in_vain_counts_for_giving_up() -> None:
    drive = Drive(give_up_s=60)
    drive.fail(CUT)
    drive.now_s += 59
    drive.answer()
    drive.subscribe()
    drive.now_s += 100
    drive.fail(CUT)
    assert isinstance(drive.step, Pause)


@pytest.mark.parametrize(
    ("code", "kind"), [("cursor_invalid", CursorInvalid), ("epoch_changed", EpochChanged), ("forbidden", Refused)]
)
def test_what_must_not_be_tried_again_reaches_the_program(code: str, kind: type[Refused]) -> None:
    drive = Drive(after="old")
    drive.connect()
    drive.answer()
    with pytest.raises(kind) as refusal:
        drive.hear("error", re=1, sub="main", code=code, message="why")
    assert refusal.type is kind
    assert (refusal.value.code, refusal.value.message) == (code, "why")


def test_a_subscription_may_be_ended_by_a_changed_grant() -> None:
    drive = Drive()
    drive.subscribe()
    with pytest.raises(Refused, match="forbidden"):
        drive.hear("error", sub="main", code="forbidden", message="no more")


def test_a_subscription_that_ends_without_a_word_is_begun_again() -> None:
    drive = Drive()
    drive.subscribe()
    drive.hear("unsubscribed", sub="main", cursor="c0")
    assert isinstance(drive.step, Pause)


def test_a_token_is_renewed_within_the_connection() -> None:
    drive = Drive(renewable=True)
    drive.subscribe()
    drive.hear("expiring", expires_at="2026-11-22T10:00:00Z")
    drive.now(AskToken)
    drive.answer("t2")
    assert drive.said() == {"type": "auth", "id": 2, "token": "t2"}
    drive.hear("authed", re=2)
    drive.statements("c0", "c1", "s1")
    drive.now(Batch)


def test_a_connection_goes_on_when_no_new_token_can_be_had_yet() -> None:
    drive = Drive(renewable=True)
    drive.subscribe()
    drive.hear("expiring", expires_at="2026-11-22T10:00:00Z")
    drive.now(AskToken)
    drive.fail(Interrupted("the office is closed"))
    drive.statements("c0", "c1", "s1")
    drive.now(Batch)


def test_each_connection_asks_for_a_token() -> None:
    drive = Drive(renewable=True)
    drive.connect("t1")
    drive.now(Say)
    drive.fail(CUT)
    drive.answer()
    drive.connect("t2")


def test_a_token_that_can_t_be_had_is_asked_for_again() -> None:
    drive = Drive(renewable=True)
    drive.now(AskToken)
    drive.fail(Interrupted("the office is closed"))
    assert isinstance(drive.step, Pause)
    drive.answer()
    drive.now(AskToken)
