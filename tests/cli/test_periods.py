"""Periods and moments as people write them."""

from __future__ import annotations

import click
import pytest

from lrs.cli.periods import moment_option, period_option, period_s

CONTEXT = click.Context(click.Command("x"))
OPTION = click.Option(["--x"])
NOW_US = 1_790_000_000_000_000


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("12h", 43_200), ("30d", 2_592_000), ("8w", 4_838_400)]
)
def test_a_period_has_a_unit(text: str, seconds: int) -> None:
    assert period_s(text) == period_option(CONTEXT, OPTION, text) == seconds


@pytest.mark.parametrize("text", ["", "30", "d", "-1d", "1.5h", "1h30m", "1y", "1d\n", "1234567890s", "\u0663d"])
def test_other_texts_are_no_period(text: str) -> None:
    assert period_s(text) is None
    with pytest.raises(click.BadParameter):
        period_option(CONTEXT, OPTION, text)


@pytest.mark.parametrize(
    ("text", "at_us"),
    [
        ("1h", NOW_US + 3_600_000_000),
        ("2027-07-31", 1_816_992_000_000_000),
        ("2027-07-31T00:00:00Z", 1_816_992_000_000_000),
        ("2027-07-31T02:00:00+02:00", 1_816_992_000_000_000),
        ("2027-07-31T00:00:00", 1_816_992_000_000_000),
        ("never", None),
        ("999999999w", 253_402_300_799_000_000),
    ],
)
def test_a_moment_is_a_period_from_now_or_a_time_in_utc(text: str, at_us: int | None) -> None:
    moment = moment_option(CONTEXT, OPTION, text)
    assert moment is not None
    assert moment(NOW_US) == at_us


@pytest.mark.parametrize("text", ["", "tomorrow", "2027-13-01", "12"])
def test_other_texts_are_no_moment(text: str) -> None:
    with pytest.raises(click.BadParameter):
        moment_option(CONTEXT, OPTION, text)


def test_an_option_that_is_not_given_stays_none() -> None:
    assert period_option(CONTEXT, OPTION, None) is None
    assert moment_option(CONTEXT, OPTION, None) is None
