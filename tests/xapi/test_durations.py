"""Durations: which are valid, and when two are the same (Data 4.6)."""

from __future__ import annotations

import pytest
from hypothesis import given

from lrs.xapi.durations import comparable_duration, is_duration
from tests.xapi.strategies import durations


@given(durations())
def test_durations_are_recognised(text: str) -> None:
    assert is_duration(text)


@pytest.mark.parametrize(
    "text",
    [
        "PT4H35M59.14S",
        "PT16559.14S",
        "P3Y1M29DT4H35M59.14S",
        "P3Y",
        "P4W",
        "PT03M15S",
        "PT0S",
        "PT1H0M0.1S",
        "P1DT12H36M0.12567S",
        "PT0,5H",
        "P0.5Y",
        "P1.5W",
        "P1MT1M",
    ],
)
def test_known_durations_are_recognised(text: str) -> None:
    assert is_duration(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "PT",
        "P1DT",
        "P4W1D",
        "P1Y4W",
        "PA1H0M0S",
        "4H",
        "T4H",
        "-PT4H",
        "PT-4H",
        "P1H",
        "PT1D",
        "PT1S2M",
        "P1.5YT1H",
        "PT1.5H30M",
        "PT.5S",
        "PT5.S",
        "pt4h",
        "PT4H\n",
        "P0003-06-04T12:30:05",
    ],
)
def test_other_texts_are_none(text: str) -> None:
    """Weeks stand alone, only the smallest part has a fraction, and the alternative form may not be used."""
    assert not is_duration(text)


@pytest.mark.parametrize(
    ("text", "comparable"),
    [
        ("P1DT12H36M0.12567S", "P1DT12H36M0.12S"),
        ("PT0,999S", "PT0,99S"),
        ("PT1.5S", "PT1.5S"),
        ("PT1.123M", "PT1.123M"),
        ("P4W", "P4W"),
    ],
)
def test_seconds_are_compared_to_two_digits(text: str, comparable: str) -> None:
    assert comparable_duration(text) == comparable


def test_units_are_not_converted() -> None:
    """Data 2.3.1: the duration is considered a string."""
    assert comparable_duration("PT60S") != comparable_duration("PT1M")
