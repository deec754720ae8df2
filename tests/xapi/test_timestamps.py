"""Timestamps: which are valid, and which instant they mean (Data 4.5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.xapi.timestamps import INSTANT_MAX_US, INSTANT_MIN_US, format_us, parse_timestamp
from tests.xapi.strategies import timestamps, utc_timestamps

instants_us = st.integers(INSTANT_MIN_US, INSTANT_MAX_US)


@given(instants_us)
def test_what_is_written_is_read_back(instant_us: int) -> None:
    assert parse_timestamp(format_us(instant_us)) == instant_us


@given(instants_us)
def test_written_timestamps_have_one_shape(instant_us: int) -> None:
    """Always UTC, always six digits, so they sort as text as they do in time."""
    text = format_us(instant_us)
    assert (len(text), text[10], text[19], text[-1]) == (27, "T", ".", "Z")


@given(instants_us, instants_us)
def test_written_timestamps_sort_in_time(one_us: int, other_us: int) -> None:
    assert (format_us(one_us) < format_us(other_us)) == (one_us < other_us)


@given(timestamps() | utc_timestamps())
def test_timestamps_are_understood(text: str) -> None:
    assert INSTANT_MIN_US <= parse_timestamp(text) <= INSTANT_MAX_US


@given(st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29)), st.integers(-1439, 1439))  # noqa: DTZ001
def test_offsets_are_subtracted(local: datetime, offset_min: int) -> None:
    hours, minutes = divmod(abs(offset_min), 60)
    sign = "-" if offset_min < 0 else "+"
    utc = local.replace(tzinfo=UTC) - timedelta(minutes=offset_min)
    text = f"{local.isoformat(timespec='microseconds')}{sign}{hours:02}:{minutes:02}"
    assert format_us(parse_timestamp(text)) == f"{utc.strftime('%Y').zfill(4)}{utc.strftime('-%m-%dT%H:%M:%S.%fZ')}"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2013-05-18T05:32:34.804Z", "2013-05-18T05:32:34.804000Z"),
        ("2008-09-15T15:53:00.601+00:00", "2008-09-15T15:53:00.601000Z"),
        ("2023-05-04T12:00:00-05:00", "2023-05-04T17:00:00.000000Z"),
        ("2023-05-04T12:00:00+0530", "2023-05-04T06:30:00.000000Z"),
        ("2023-05-04T12:00:00-00:30", "2023-05-04T12:30:00.000000Z"),
        ("2023-05-04T12:00:00", "2023-05-04T12:00:00.000000Z"),
        ("2023-05-04T12:00Z", "2023-05-04T12:00:00.000000Z"),
        ("2023-05-04T12+01", "2023-05-04T11:00:00.000000Z"),
        ("2023-05-04", "2023-05-04T00:00:00.000000Z"),
        ("2023-05-04t12:00:00z", "2023-05-04T12:00:00.000000Z"),
        ("2023-05-04T12:00:00,5Z", "2023-05-04T12:00:00.500000Z"),
        ("2023-05-04T12:00:00.1234569Z", "2023-05-04T12:00:00.123456Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000000Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z"),
        ("2017-01-01T00:59:60.5+01:00", "2017-01-01T00:00:00.500000Z"),
        ("2999-01-01T00:00:00Z", "2999-01-01T00:00:00.000000Z"),
        ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"),
    ],
)
def test_known_timestamps_mean_this_instant(text: str, written: str) -> None:
    assert format_us(parse_timestamp(text)) == written


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "should fail",
        "01/011/2015",
        "1368855154",
        "2008-09-15T15:53:00.601-00",
        "2008-09-15T15:53:00.601-0000",
        "2008-09-15T15:53:00.601-00:00",
        "2008-09-15 15:53:00Z",
        "2008-09-15T15:53:00.Z",
        "2008-09-15T15:53:00Z\n",
        " 2008-09-15T15:53:00Z",
        "2008-9-15T15:53:00Z",
        "20080915T155300Z",
        "2008-W38-1T15:53:00Z",
        "2008-259T15:53:00Z",
        "2008-09",
        "2008",
        "2008-09-15Z",
        "2008-13-01T00:00:00Z",
        "2008-00-01T00:00:00Z",
        "2015-02-29T00:00:00Z",
        "2015-04-31T00:00:00Z",
        "2008-09-15T24:00:00Z",
        "2008-09-15T23:60:00Z",
        "2008-09-15T23:59:61Z",
        "2016-12-31T22:59:60Z",
        "2008-09-15T15:53:00+24:00",
        "2008-09-15T15:53:00+01:60",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "9999-12-31T23:59:60Z",
        "-2008-09-15T15:53:00Z",
        "+12008-09-15T15:53:00Z",
        "2008-09-15T15:53:00.\N{ARABIC-INDIC DIGIT FIVE}Z",
    ],
)
def test_other_texts_are_none(text: str) -> None:
    with pytest.raises(ValueError):
        parse_timestamp(text)


@pytest.mark.parametrize("instant_us", [INSTANT_MIN_US - 1, INSTANT_MAX_US + 1])
def test_years_beyond_four_digits_can_not_be_written(instant_us: int) -> None:
    with pytest.raises(OverflowError):
        format_us(instant_us)
