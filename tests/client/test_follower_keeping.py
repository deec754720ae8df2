"""What a program has finished is acknowledged, and after a break a follower goes on right after that."""

from __future__ import annotations

from typing import Any

import pytest

from lrs.client.batches import Batch
from lrs.client.errors import EpochChanged, Interrupted, Refused
from lrs.client.follower import Connect, Pause, Receive
from tests.client.drive import Drive

CUT = Interrupted("the connection was cut")
DURABLE = {"durable": "knowledge"}


def resumed(drive: Drive, after: str) -> dict[str, Any]:
    """What is asked for after a break; the server goes on after ``after``."""
    drive.fail(CUT)
    assert isinstance(drive.step, Pause)
    drive.answer()
    return drive.subscribe(after=after)


@pytest.mark.parametrize("keeping", [DURABLE, {"window": 500}])
def test_a_batch_is_acknowledged_when_the_next_is_asked_for(keeping: dict[str, Any]) -> None:
    drive = Drive(keeping=keeping)
    drive.subscribe()
    drive.statements("c0", "c1", "s1")
    drive.now(Batch)
    drive.answer()
    assert drive.said() == {"type": "ack", "sub": "main", "cursor": "c1"}
    drive.now(Receive)


def test_a_heartbeat_is_acknowledged_too() -> None:
    drive = Drive(keeping=DURABLE)
    drive.subscribe()
    drive.hear("heartbeat", subs={"main": "c7"})
    drive.answer()
    assert drive.said()["cursor"] == "c7"


def test_nobody_is_told_who_did_not_ask() -> None:
    drive = Drive()
    drive.subscribe()
    drive.statements("c0", "c1", "s1")
    drive.answer()
    drive.now(Receive)


def test_what_was_acknowledged_early_is_not_acknowledged_again() -> None:
    drive = Drive(keeping=DURABLE)
    drive.subscribe()
    drive.statements("c0", "c1", "s1")
    assert drive.follower.finish("c1")
    assert drive.follower.cursor == "c1"
    drive.answer()
    drive.now(Receive)


def test_reaching_the_head_where_one_stands_is_not_acknowledged_twice() -> None:
    """Acknowledgements that bring nothing new count against the rate of frames."""
    drive = Drive(keeping=DURABLE)
    drive.subscribe()
    drive.statements("c0", "c1", "s1")
    drive.answer()
    assert drive.said()["cursor"] == "c1"
    drive.hear("live", sub="main", cursor="c1")
    drive.answer()
    drive.now(Receive)


def test_it_goes_on_where_the_server_says_that_the_name_is() -> None:
    drive = Drive(keeping=DURABLE, start="beginning")
    asked = drive.subscribe(after="kept")
    assert (asked["durable"], asked["from"], "reset" in asked) == ("knowledge", "beginning", False)
    assert drive.follower.cursor == "kept"
    drive.statements("kept", "c1", "s1")
    drive.now(Batch)


def test_after_a_break_what_was_acknowledged_holds_whether_the_server_knows_it_or_not() -> None:
    """It may have been killed before it was on disk; without this, statements would come again."""
    drive = Drive(keeping=DURABLE)
    drive.subscribe()
    drive.statements("c0", "c1", "s1")
    drive.answer()
    drive.said()
    asked = resumed(drive, "c1")
    assert (asked["durable"], asked["after"], asked["reset"]) == ("knowledge", "c1", True)


def test_after_a_break_what_was_not_finished_comes_again() -> None:
    drive = Drive(keeping=DURABLE)
    drive.subscribe()
    drive.statements("c0", "c1", "s1")
    drive.answer()
    drive.fail(CUT)
    drive.answer()
    asked = drive.subscribe(after="c1")
    assert asked["after"] == "c1"
    drive.statements("c1", "c2", "s2")
    assert drive.now(Batch).cursor == "c2"
    assert drive.follower.cursor == "c1"


def test_one_that_was_reset_is_reset_only_until_the_server_has_agreed() -> None:
    """Until then with the start that was asked for, and then with what was acknowledged."""
    drive = Drive(keeping={**DURABLE, "reset": True}, start="beginning")
    drive.connect()
    asked = drive.said()
    assert (asked["reset"], asked["from"]) == (True, "beginning")
    drive.fail(CUT)
    drive.answer()
    asked = drive.subscribe(after="c0")
    assert (asked["reset"], asked["from"]) == (True, "beginning")
    assert resumed(drive, "c0")["after"] == "c0"


def test_a_program_may_acknowledge_by_itself() -> None:
    drive = Drive(keeping=DURABLE, auto_ack=False)
    drive.subscribe()
    for number in range(3):
        drive.statements(f"c{number}", f"c{number + 1}", "s")
        drive.answer()
        drive.now(Receive)
    assert drive.follower.cursor == "c0"
    assert drive.follower.finish("c2") == '{"type":"ack","sub":"main","cursor":"c2"}'
    assert drive.follower.finish("c1") is None
    assert resumed(drive, "c2")["after"] == "c2"


@pytest.mark.parametrize("keeping", [{}, DURABLE])
def test_what_it_did_not_acknowledge_comes_again_after_a_break(keeping: dict[str, Any]) -> None:
    drive = Drive(keeping=keeping, auto_ack=False)
    drive.subscribe()
    drive.statements("c0", "c1", "s1")
    drive.answer()
    assert resumed(drive, "c0")["after"] == "c0"
    drive.statements("c0", "c2", "s1", "s2")
    assert [one["id"] for one in drive.now(Batch)] == ["s1", "s2"]


def test_an_acknowledgement_that_comes_after_the_break_counts_until_it_is_too_late() -> None:
    """Once the server was told where to go on, what was given before comes again."""
    drive = Drive(keeping=DURABLE, auto_ack=False)
    drive.subscribe()
    for number in range(2):
        drive.statements(f"c{number}", f"c{number + 1}", "s")
        drive.answer()
    drive.fail(CUT)
    assert drive.follower.finish("c1")
    drive.answer()
    assert drive.subscribe(after="c1")["after"] == "c1"
    assert drive.follower.finish("c2") is None


def test_a_name_of_an_earlier_history_is_told_to_the_program() -> None:
    drive = Drive(keeping=DURABLE)
    drive.connect()
    drive.said()
    with pytest.raises(EpochChanged):
        drive.hear("error", re=1, sub="main", code="epoch_changed", message="why")


def test_too_many_names_are_a_refusal() -> None:
    drive = Drive(keeping=DURABLE)
    drive.connect()
    drive.said()
    with pytest.raises(Refused, match="cursor_limit"):
        drive.hear("error", re=1, sub="main", code="cursor_limit", message="why")


def test_an_acknowledgement_that_is_not_taken_ends_nothing() -> None:
    drive = Drive(keeping=DURABLE)
    drive.subscribe()
    drive.hear("error", code="cursor_invalid", message="why")
    drive.now(Receive)


LIMIT = Refused("connection_limit", "why")


def test_too_many_connections_are_a_refusal_to_one_who_was_never_let_in() -> None:
    drive = Drive()
    drive.answer("t")
    drive.now(Connect)
    with pytest.raises(Refused, match="connection_limit"):
        drive.fail(LIMIT)


def test_too_many_connections_pass_for_one_who_was_let_in_before() -> None:
    """The server may not know yet that the last connection is dead."""
    drive = Drive()
    drive.subscribe()
    drive.fail(CUT)
    drive.answer()
    drive.answer("t")
    drive.now(Connect)
    drive.fail(LIMIT)
    assert isinstance(drive.step, Pause)
    drive.answer()
    drive.subscribe()


def test_too_many_connections_are_not_tried_for_longer_than_told() -> None:
    drive = Drive(give_up_s=60)
    drive.subscribe()
    drive.fail(CUT)
    drive.now_s += 60
    drive.answer()
    drive.answer("t")
    with pytest.raises(Interrupted, match="why"):
        drive.fail(LIMIT)
