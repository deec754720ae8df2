"""The keys of an issuer over time: fetched, renewed, not there, withdrawn, too old."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from lrs.errors import IssuerUnavailable, TokenRevoked, Unauthenticated
from lrs.limits import Limits
from lrs.oauth.keys import ABSENT_MAX, IssuerKeys
from lrs.oauth.signatures import VerifyingKey

LIMITS = replace(Limits(), oidc_renew_s=100.0, oidc_refetch_s=10.0, oidc_stale_s=1000.0)


def key(kid: str) -> VerifyingKey:
    return VerifyingKey(kid, "EdDSA", ed25519.Ed25519PrivateKey.generate().public_key())


A, B = key("a"), key("b")


def fetched(*found: VerifyingKey, at_s: float = 0.0) -> IssuerKeys:
    keys = IssuerKeys(LIMITS)
    keys.began(at_s)
    keys.succeeded({one.kid: one for one in found})
    return keys


def test_before_the_first_fetch_nobody_is_refused_for_good() -> None:
    keys = IssuerKeys(LIMITS)
    assert keys.due_s() == 0
    with pytest.raises(IssuerUnavailable):
        keys.find("a", 0)
    assert IssuerUnavailable.http_status == 503


def test_a_known_key_is_found_and_renewed_in_time() -> None:
    keys = fetched(A)
    assert keys.find("a", 99) == A
    assert keys.due_s() == 100


def test_an_unknown_key_brings_the_next_fetch_forward_but_not_more_often_than_allowed() -> None:
    keys, woken = fetched(A), []
    keys.wake = lambda: woken.append(1)
    for _ in range(3):
        with pytest.raises(IssuerUnavailable):
            keys.find("b", 3)
    assert (keys.due_s(), woken) == (10, [1])


def test_an_unknown_key_is_found_once_it_was_fetched() -> None:
    keys = fetched(A)
    with pytest.raises(IssuerUnavailable):
        keys.find("b", 3)
    keys.began(10)
    keys.succeeded({"a": A, "b": B})
    assert keys.find("b", 11) == B
    assert keys.revision == 2


def test_a_key_that_is_not_there_after_a_fetch_is_refused() -> None:
    keys = fetched(A)
    with pytest.raises(IssuerUnavailable):
        keys.find("x", 3)
    keys.began(10)
    keys.succeeded({"a": A})
    with pytest.raises(Unauthenticated):
        keys.find("x", 11)
    assert keys.due_s() == 20


def test_a_fetch_that_had_begun_before_the_question_proves_nothing() -> None:
    keys = fetched(A)
    keys.began(10)
    with pytest.raises(IssuerUnavailable):
        keys.find("x", 11)
    keys.succeeded({"a": A})
    with pytest.raises(IssuerUnavailable):
        keys.find("x", 12)


def test_names_that_strangers_make_up_are_remembered_only_so_far() -> None:
    keys = fetched(A)
    for number in range(ABSENT_MAX * 3):
        with pytest.raises(IssuerUnavailable):
            keys.find(str(number), 3)
        assert len(keys._absent) <= ABSENT_MAX


def test_a_fetch_that_fails_is_repeated_ever_more_slowly_and_the_keys_count_on() -> None:
    keys, now_s, pauses = fetched(A), 100.0, []
    for _ in range(6):
        keys.began(now_s)
        keys.failed(now_s)
        pauses.append(keys.due_s() - now_s)
        now_s = keys.due_s()
    assert pauses == [10, 20, 40, 80, 100, 100]
    assert keys.find("a", now_s) == A
    assert keys.revision == 1


def test_keys_of_an_issuer_that_is_away_for_too_long_count_no_more() -> None:
    """Whether one was withdrawn can't be known by then; and open connections are looked at again."""
    keys = fetched(A)
    with pytest.raises(IssuerUnavailable):
        keys.require("a", 1001)
    keys.began(1001)
    keys.failed(1001)
    assert keys.revision == 2
    keys.began(1100)
    keys.succeeded({"a": A})
    assert keys.find("a", 1101) == A


def test_a_key_that_was_withdrawn_ends_what_it_signed() -> None:
    keys = fetched(A, B)
    keys.require("b", 50)
    keys.began(100)
    keys.succeeded({"a": A})
    assert keys.revision == 2
    with pytest.raises(TokenRevoked):
        keys.require("b", 101)
    with pytest.raises(Unauthenticated):
        keys.find("b", 101)


def test_the_same_keys_again_are_no_change() -> None:
    keys = fetched(A)
    keys.began(100)
    keys.succeeded({"a": A})
    assert keys.revision == 1
