"""Restrictions on statements: what is seen, and what may be written (invariant 4)."""

from __future__ import annotations

from typing import Any

import pytest

from lrs.auth.grants import UNRESTRICTED, Grant
from lrs.auth.restrictions import Restrictions
from lrs.statements.keys import Keys
from lrs.statements.match import Visibility, permits_writing
from lrs.statements.record import Draft, Position, Record, StatementId

ANSWERED, ASKED = "https://example.com/verbs/answered", "https://example.com/verbs/asked"
VOIDED = "http://adlnet.gov/expapi/verbs/voided"
ANN, BOB = "mbox|mailto:ann@example.com", "mbox|mailto:bob@example.com"
OF_ANN = {"actors": [{"mbox": "mailto:ann@example.com"}]}
TYPED = {"activity_types": ["https://example.com/types/quiz"]}


def grant(limits: dict[str, Any]) -> Grant:
    return Grant.of(["*"], Restrictions.of(limits))


def sees(limits: dict[str, Any], *keys: str, verb: str = ANSWERED) -> bool:
    payload = b'{"verb":{"id":"%b"}}' % verb.encode()
    record = Record(Position(1), StatementId(bytes(16)), 0, frozenset(keys), frozenset(), payload)
    return Visibility(grant(limits)).permits(record)


def writes(limits: dict[str, Any], *keys: str, target: Keys | None = None, voids: bool = False) -> bool:
    refers = StatementId(bytes(16)) if target or voids else None
    draft = Draft(StatementId(bytes(15) + b"1"), b"{", frozenset(keys), frozenset(), False, refers, voids)
    return permits_writing(grant(limits), draft, target)


def named(*keys: str) -> Keys:
    return Keys(frozenset(keys), frozenset())


@pytest.mark.parametrize(
    ("limits", "keys", "expected"),
    [
        ({}, (), True),
        ({"verbs": [ANSWERED]}, (f"v{ANSWERED}",), True),
        ({"verbs": [ANSWERED]}, (f"v{ASKED}",), False),
        ({"verbs": [ANSWERED]}, (f"v{ANSWERED}", f"v{ASKED}"), False),
        ({"verbs": [ANSWERED, ASKED]}, (f"v{ANSWERED}", f"v{ASKED}"), True),
        ({"verbs": []}, (f"v{ANSWERED}",), False),
        (OF_ANN, (f"a{ANN}",), True),
        (OF_ANN, (f"a{ANN}", f"r{BOB}"), True),
        (OF_ANN, (f"a{ANN}", f"a{BOB}"), False),
        (OF_ANN, (f"r{ANN}",), False),
        (TYPED, ("thttps://example.com/types/quiz",), True),
        (TYPED, (f"a{ANN}",), False),
        ({"sites": ["https://lms.example.com"]}, ("phttps://lms.example.com",), True),
        ({"sites": ["https://lms.example.com"]}, ("phttps://other.example.com",), False),
        (OF_ANN | {"verbs": [ANSWERED]}, (f"a{ANN}", f"v{ASKED}"), False),
    ],
)
def test_something_of_each_restricted_kind_is_named_and_nothing_else(
    limits: dict[str, Any], keys: tuple[str, ...], expected: bool
) -> None:
    assert sees(limits, *keys) is expected


def test_what_voids_is_seen_by_who_sees_what_it_voids() -> None:
    """By whatever verb and actor it does: its reader must learn that the statement counts no more."""
    both = f"a{ANN}", f"a{BOB}", f"v{ANSWERED}", f"v{VOIDED}"
    assert sees(OF_ANN | {"verbs": [ANSWERED]}, *both, verb=VOIDED)
    assert not sees(OF_ANN, f"a{BOB}", f"v{ANSWERED}", f"v{VOIDED}", verb=VOIDED)


def test_what_refers_to_something_that_voids_is_seen_as_any_other_statement() -> None:
    assert not sees(OF_ANN, f"a{ANN}", f"a{BOB}", f"v{ANSWERED}", f"v{VOIDED}")


def test_only_what_is_covered_may_be_written() -> None:
    assert writes(OF_ANN, f"a{ANN}")
    assert not writes(OF_ANN, f"a{BOB}")


def test_a_reference_is_covered_with_what_it_refers_to() -> None:
    assert writes(OF_ANN, f"a{ANN}", target=named(f"a{ANN}"))
    assert not writes(OF_ANN, f"a{ANN}", target=named(f"a{BOB}"))
    assert writes(TYPED, target=named("thttps://example.com/types/quiz"))


def test_who_may_write_something_may_void_it() -> None:
    limits = OF_ANN | {"verbs": [ANSWERED]}
    void = f"a{ANN}", f"v{VOIDED}"
    assert writes(limits, *void, target=named(f"a{ANN}", f"v{ANSWERED}"), voids=True)
    assert not writes(limits, *void, target=named(f"a{ANN}", f"v{ASKED}"), voids=True)
    assert not writes(limits, f"a{BOB}", f"v{VOIDED}", target=named(f"a{ANN}", f"v{ANSWERED}"), voids=True)


def test_nobody_with_limits_voids_what_is_not_there() -> None:
    assert not writes({"verbs": [VOIDED]}, f"v{VOIDED}", voids=True)
    assert writes({}, f"v{VOIDED}", voids=True)


def test_a_reference_to_a_void_opens_no_way_round_a_restriction() -> None:
    target = named(f"a{ANN}", f"a{BOB}", f"v{VOIDED}", f"v{ANSWERED}")
    assert not writes(OF_ANN, f"a{BOB}", f"v{ASKED}", target=target)


def test_the_index_is_asked_for_each_restriction() -> None:
    """So a restricted reader's query costs what it finds, and not the whole log."""
    limits = grant(OF_ANN | {"verbs": [ANSWERED, ASKED]})
    assert Visibility(limits).members() == {frozenset({f"a{ANN}"}), frozenset({f"v{ANSWERED}", f"v{ASKED}"})}
    assert Visibility(UNRESTRICTED).members() == frozenset()
    assert Visibility(limits).asks_keys
    assert not Visibility(Grant.of(["course-v1:A+B+C"])).asks_keys
