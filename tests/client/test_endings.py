"""After every end of a connection the client knows whether to come again."""

from __future__ import annotations

import pytest

from lrs.auth.http import challenges
from lrs.client import endings
from lrs.client.errors import CursorInvalid, EpochChanged, Interrupted, Refused
from lrs.door.problems import problem_details
from lrs.errors import (
    ConnectionLimit,
    Forbidden,
    LrsError,
    Overloaded,
    RateLimited,
    StoreUnavailable,
    TokenExpired,
    TokenRevoked,
    Unauthenticated,
)
from lrs.subscriptions.closing import CLOSINGS, Closing, reason_text

NAMES = {closing.name: closing for closing in CLOSINGS.values()}


@pytest.mark.parametrize("closing", CLOSINGS.values(), ids=lambda closing: closing.name)
def test_a_close_code_means_what_the_server_means(closing: Closing) -> None:
    ending = endings.closed(closing.code, reason_text(closing, "why"), renewable=True)
    assert isinstance(ending, Interrupted if closing.again else Refused)
    assert "why" in ending.message


@pytest.mark.parametrize("closing", [one for one in CLOSINGS.values() if not one.again], ids=lambda one: one.name)
def test_a_refusal_has_the_name_of_the_close_code(closing: Closing) -> None:
    ending = endings.closed(closing.code, reason_text(closing), renewable=True)
    assert isinstance(ending, Refused)
    assert ending.code == closing.name


def test_an_expired_token_that_can_t_be_renewed_is_a_refusal() -> None:
    ending = endings.closed(4001, reason_text(NAMES["token_expired"]), renewable=False)
    assert isinstance(ending, Refused)
    assert ending.code == "token_expired"


@pytest.mark.parametrize("code", [None, 1000, 1006, 1012, 1015, 3000, 4000, 4499])
def test_after_other_codes_below_4500_the_client_comes_again(code: int | None) -> None:
    assert isinstance(endings.closed(code, "", renewable=False), Interrupted)


@pytest.mark.parametrize("closing", [one for one in CLOSINGS.values() if not one.again and one.code < 4500])
def test_other_codes_have_their_names_also_from_another_end(closing: Closing) -> None:
    """A library that closes by itself writes what it likes."""
    ending = endings.closed(closing.code, "Something, at position 7", renewable=True)
    assert isinstance(ending, Refused)
    assert (ending.code, ending.message) == (closing.name, "Something, at position 7")


@pytest.mark.parametrize("code", [4500, 4600, 4999])
def test_codes_from_4500_on_are_refusals_also_new_ones(code: int) -> None:
    ending = endings.closed(code, "", renewable=True)
    assert isinstance(ending, Refused)
    assert ending.code == str(code)


def answered(error: LrsError, *, renewable: bool = False, **headers: str) -> Exception:
    """What the client makes of the answer that the server gives for ``error``."""
    headers |= dict(challenges(error, offered=True))
    return endings.not_let_in(error.http_status, headers, problem_details(error), renewable=renewable)


@pytest.mark.parametrize(
    "error",
    [Unauthenticated("x"), TokenRevoked("x"), Forbidden("x"), TokenExpired("x"), ConnectionLimit("x")],
)
def test_a_handshake_may_be_refused(error: LrsError) -> None:
    ending = answered(error)
    assert isinstance(ending, Refused)
    assert ending.code == error.code


@pytest.mark.parametrize("error", [Overloaded("x"), StoreUnavailable("x"), RateLimited("x"), LrsError("x")])
def test_a_handshake_may_come_too_early(error: LrsError) -> None:
    assert isinstance(answered(error), Interrupted)


def test_too_many_connections_are_told_alike_by_both_doors() -> None:
    limit = NAMES["connection_limit"]
    refusals = [answered(ConnectionLimit("x")), endings.closed(limit.code, reason_text(limit), renewable=False)]
    assert [type(one) for one in refusals] == [Refused, Refused]
    assert {one.code for one in refusals if isinstance(one, Refused)} == {endings.CONNECTION_LIMIT}


def test_an_expired_token_that_can_be_renewed_is_no_refusal() -> None:
    assert isinstance(answered(TokenExpired("x"), renewable=True), Interrupted)


@pytest.mark.parametrize(("text", "pause_s"), [("7", 7), ("", 0), ("soon", 0), ("-1", 0), ("\u0661", 0)])
def test_the_server_may_say_how_long_to_wait(text: str, pause_s: float) -> None:
    ending = endings.not_let_in(503, {"Retry-After": text}, b"", renewable=False)
    assert isinstance(ending, Interrupted)
    assert ending.retry_after_s == pause_s


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 425, 429])
def test_what_a_proxy_says_for_a_while_is_no_refusal(status: int) -> None:
    assert isinstance(endings.not_let_in(status, {}, b"<html>", renewable=False), Interrupted)


@pytest.mark.parametrize("status", [200, 302, 400, 404, 405, 426])
def test_what_would_be_the_same_next_time_is_a_refusal(status: int) -> None:
    ending = endings.not_let_in(status, {}, b"<html>", renewable=False)
    assert isinstance(ending, Refused)
    assert ending.code == f"http_{status}"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("cursor_invalid", CursorInvalid),
        ("epoch_changed", EpochChanged),
        ("invalid_parameter", Refused),
        ("forbidden", Refused),
        ("store_unavailable", Interrupted),
        ("internal", Interrupted),
    ],
)
def test_a_subscription_that_failed(code: str, kind: type[Exception]) -> None:
    ending = endings.failed({"type": "error", "code": code, "message": "why"})
    assert type(ending) is kind
    assert ending.message == "why"
