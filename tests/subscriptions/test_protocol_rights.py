"""What time and changed credentials do to a connection."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lrs.auth.grants import Grant
from lrs.errors import (
    Forbidden,
    TokenExpired,
    TokenRevoked,
    Unauthenticated,
)
from lrs.limits import Limits
from lrs.statements.match import visibility
from lrs.subscriptions import closing
from lrs.subscriptions.effects import Beat, CheckToken, Resight, Send, Stop
from lrs.subscriptions.protocol import Connection, State
from tests.samples import COURSE_A, COURSE_B, principal
from tests.subscriptions.talk import LIMITS, READER, at, closed, expiring, opened, say, sent

# Time.


def test_a_heartbeat_is_due_again_and_again() -> None:
    connection = opened()
    assert connection.tick(at(19.9)) == []
    assert connection.due_s(at(0)) == 20
    assert connection.tick(at(20)) == [Beat()]
    assert connection.tick(at(39.9)) == []
    assert connection.tick(at(41)) == [Beat()]


def test_the_first_heartbeat_comes_earlier_for_some_so_that_they_do_not_beat_together() -> None:
    connection = Connection("n1", LIMITS, at(0), phase=0.6)
    connection.accepted(READER, at(0), head="c9")
    assert connection.tick(at(11.9)) == []
    assert connection.tick(at(12)) == [Beat()]
    assert connection.tick(at(31.9)) == []
    assert connection.tick(at(32)) == [Beat()]


def test_the_end_of_a_token_is_announced_and_comes_after_a_time_of_grace() -> None:
    connection = opened(expiring(100), Limits(heartbeat_s=3600))
    assert connection.due_s(at(0)) == 40
    assert connection.tick(at(39.9)) == []
    (warning,) = sent(connection.tick(at(40)))
    assert warning == {"type": "expiring", "expires_at": "2026-09-21T14:15:00.000000Z"}
    assert connection.due_s(at(40)) == 105
    assert connection.tick(at(104.9)) == []
    assert closed(connection.tick(at(105))) is closing.TOKEN_EXPIRED


def test_a_token_that_ends_soon_is_announced_at_once() -> None:
    connection = opened(expiring(3))
    assert sent(connection.tick(at(0)))[0]["type"] == "expiring"


def test_a_new_token_goes_on_where_the_old_one_would_have_ended() -> None:
    connection = opened(expiring(50))
    connection.tick(at(0))
    assert say(connection, 1, type="auth", id=2, token="t2") == [CheckToken(2, "t2")]
    renewed = expiring(500)
    connection.require_acceptable(renewed)
    (authed,) = sent(connection.accepted(renewed, at(1), head="c9", re=2))
    assert (authed["type"], authed["re"], authed["expires_at"]) == ("authed", 2, "2026-09-21T14:21:40.000000Z")
    assert connection.tick(at(19)) == []
    assert connection.state is State.OPEN
    assert sent(connection.tick(at(440)))[0]["type"] == "expiring"


def test_a_new_token_must_be_of_the_same_consumer() -> None:
    connection = opened(expiring(50))
    with pytest.raises(Forbidden, match="another consumer"):
        connection.require_acceptable(principal("other", number=2, scopes=("stream",)))


def test_a_new_token_that_is_refused_changes_nothing() -> None:
    connection = opened(expiring(50))
    (error,) = sent(connection.refused(Unauthenticated("no"), re=2))
    assert (error["re"], error["code"]) == (2, "invalid_token")
    assert connection.state is State.OPEN
    assert closed(connection.tick(at(55))) is closing.TOKEN_EXPIRED


# Rights that change.


def test_a_revoked_credential_closes_4503() -> None:
    assert closed(opened().lost(TokenRevoked("gone"), at(1))) is closing.TOKEN_REVOKED


def test_a_deleted_credential_closes_4500() -> None:
    assert closed(opened().lost(Unauthenticated("gone"), at(1))) is closing.INVALID_TOKEN


def test_an_end_that_was_foreseen_leaves_the_time_of_grace() -> None:
    connection = opened(expiring(10))
    assert connection.lost(TokenExpired("over"), at(11)) == []
    assert closed(connection.tick(at(15))) is closing.TOKEN_EXPIRED


def test_an_end_that_nobody_foresaw_closes_at_once() -> None:
    """An administrator has brought the end of the consumer forward."""
    assert closed(opened().lost(TokenExpired("over"), at(1))) is closing.TOKEN_EXPIRED


def test_the_scope_taken_away_closes_4507() -> None:
    assert closed(opened().changed(principal("engine", scopes=("statements/read",)))) is closing.FORBIDDEN


def test_a_changed_grant_is_what_all_subscriptions_see_from_now_on() -> None:
    connection = opened()
    say(connection, type="subscribe", sub="s1")
    narrowed = replace(READER, grant=Grant.of([COURSE_A]))
    assert connection.changed(narrowed) == [Resight(visibility(narrowed))]
    assert connection.changed(narrowed) == []


def test_a_subscription_that_names_a_course_outside_a_changed_grant_ends_and_others_go_on() -> None:
    connection = opened()
    say(connection, type="subscribe", sub="s1", filter={"course": [COURSE_B]})
    say(connection, type="subscribe", sub="s2", filter={"course": [COURSE_A]})
    effects = connection.changed(replace(READER, grant=Grant.of([COURSE_A])))
    assert isinstance(effects[0], Resight)
    (error,) = sent(effects)
    assert (error["sub"], error["code"]) == ("s1", "forbidden")
    assert effects[-1] == Stop(None, "s1")
    with pytest.raises(Forbidden):
        connection.require_wanted("s1")
    connection.require_wanted("s2")


def test_a_renewal_with_another_grant_is_evaluated_in_the_same_way() -> None:
    connection = opened()
    say(connection, type="subscribe", sub="s1", filter={"course": [COURSE_B]})
    effects = connection.accepted(replace(READER, grant=Grant.of([COURSE_A])), at(1), head="c9", re=7)
    assert [type(effect) for effect in effects] == [Send, Resight, Send, Stop]
    assert sent(effects)[0]["courses"] == [COURSE_A]


def test_a_changed_end_is_announced_anew() -> None:
    connection = opened(expiring(50))
    connection.tick(at(0))
    assert connection.state is State.WARNED
    connection.changed(expiring(40))
    assert sent(connection.tick(at(1)))[0]["expires_at"] == "2026-09-21T14:14:00.000000Z"
