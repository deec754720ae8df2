from __future__ import annotations

import pytest

from lrs.errors import ConnectionLimit, Overloaded
from lrs.limits import Limits
from lrs.subscriptions.connections import Connections


def connections() -> Connections:
    return Connections(Limits(connections_max=5, connections_per_token_max=2, connections_unauthenticated_max=2))


def test_a_credential_has_a_bounded_number_of_connections() -> None:
    counted = connections()
    counted.enter("a")
    counted.enter("a")
    with pytest.raises(ConnectionLimit):
        counted.enter("a")
    counted.enter("b")
    assert counted.total == 3


def test_a_process_has_a_bounded_number_of_connections() -> None:
    counted = connections()
    for credential in ("a", "a", "b", "b", "c"):
        counted.enter(credential)
    with pytest.raises(Overloaded):
        counted.enter("d")


def test_strangers_have_few_connections_and_leave_room_for_others() -> None:
    counted = connections()
    counted.enter(None)
    counted.enter(None)
    with pytest.raises(Overloaded):
        counted.enter(None)
    counted.enter("a")


def test_who_leaves_makes_room() -> None:
    counted = connections()
    for credential in ("a", "a", None, None):
        counted.enter(credential)
    for credential in ("a", None):
        counted.leave(credential)
        counted.enter(credential)
    assert (counted.total, counted.strangers) == (4, 2)


def test_a_stranger_that_shows_a_credential_counts_as_its_connection() -> None:
    counted = connections()
    counted.enter("a")
    counted.enter(None)
    counted.move(None, "a")
    assert (counted.total, counted.strangers) == (2, 0)
    with pytest.raises(ConnectionLimit):
        counted.enter("a")


def test_a_stranger_can_not_become_one_too_many() -> None:
    counted = connections()
    counted.enter("a")
    counted.enter("a")
    counted.enter(None)
    with pytest.raises(ConnectionLimit):
        counted.move(None, "a")
    assert counted.strangers == 1


def test_a_credential_that_stays_the_same_is_not_counted_again() -> None:
    counted = connections()
    counted.enter("a")
    counted.enter("a")
    counted.move("a", "a")
    counted.move("a", "b")
    counted.enter("a")
    assert counted.total == 3


def test_nothing_is_remembered_of_credentials_that_have_left() -> None:
    """Invariant 7."""
    counted = connections()
    for number in range(100):
        counted.enter(str(number))
        counted.leave(str(number))
    assert not counted._by_credential
