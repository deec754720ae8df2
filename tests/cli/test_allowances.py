"""``lrs consumer set --rate … --burst … --quota …``: what was set is kept, shown and audited."""

from __future__ import annotations

import pytest

from tests.cli.invoke import Shell


@pytest.fixture(autouse=True)
def _registered(lrs: Shell) -> None:
    lrs("consumer", "add", "engine")


def test_what_is_set_is_shown(lrs: Shell) -> None:
    shown = lrs("consumer", "set", "engine", "--rate", "2.5", "--quota", "none").stdout
    assert "rate     2.5 requests a second" in shown
    assert "quota    no limit" in shown
    assert lrs("consumer", "show", "engine").stdout == shown
    told = lrs.json("consumer", "show", "engine")
    assert (told["requests_per_s"], told["requests_burst"], told["statements_per_day"]) == (2.5, None, 0)


def test_one_is_changed_without_the_others(lrs: Shell) -> None:
    lrs("consumer", "set", "engine", "--rate", "2", "--burst", "9")
    told = lrs.json("consumer", "set", "engine", "--rate", "default")
    assert (told["requests_per_s"], told["requests_burst"]) == (None, 9)


def test_other_changes_leave_it_alone(lrs: Shell) -> None:
    lrs("consumer", "set", "engine", "--rate", "2")
    assert lrs.json("consumer", "set", "engine", "--trusted", "--burst", "3")["requests_per_s"] == 2
    assert lrs.json("consumer", "show", "engine")["trusted"] is True


def test_it_stands_in_the_audit_trail(lrs: Shell) -> None:
    lrs("consumer", "set", "engine", "--quota", "1000")
    listed = lrs("audit", "list", "--json").stdout if "list" in lrs("audit", "--help").stdout else lrs("audit").stdout
    assert "consumer.allow" in listed


@pytest.mark.parametrize("amount", ["0", "-1", "1e12", "much", "nan"])
@pytest.mark.parametrize("option", ["--rate", "--burst", "--quota"])
def test_what_is_no_amount_is_refused(lrs: Shell, option: str, amount: str) -> None:
    assert "neither a number above 0" in lrs("consumer", "set", "engine", f"{option}={amount}", exit_code=2).stderr


def test_a_consumer_that_is_not_there_is_refused(lrs: Shell) -> None:
    assert "there is no consumer 'nobody'" in lrs.refused("consumer", "set", "nobody", "--rate", "1")
