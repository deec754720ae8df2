"""Timestamps (Data 4.5): ISO 8601 and RFC 3339 text outside, integer microseconds since 1970 in UTC inside."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from lrs.xapi.definitions import pattern

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_NAIVE = datetime(1970, 1, 1)  # noqa: DTZ001 - Naive UTC is written out without an offset.
_MICROSECOND = timedelta(microseconds=1)
_SECOND_US = 1_000_000
_DAY_US = 86_400 * _SECOND_US
_LEAP_SECOND = re.compile(r"(?<=:[0-9]{2}):60")

# 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z
INSTANT_MIN_US = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
INSTANT_MAX_US = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND


def parse_timestamp(text: str) -> int:
    """The instant as microseconds since the epoch; digits beyond microseconds are cut off.

    The day must be whole, the time may end with the hour, minute or second or be missing (midnight), and without an
    offset it is UTC. A leap second is the first second of the next day. ValueError for everything else, among it the
    offset -00, which RFC 3339 4.3 has for "unknown", and instants outside of the years 1 to 9999.
    """
    if pattern("timestamp").fullmatch(text) is None:
        raise ValueError(f"{text!r} is not an ISO 8601 timestamp")
    usual, leaps = _LEAP_SECOND.subn(":59", text) if ":60" in text else (text, 0)
    moment = datetime.fromisoformat(usual.upper())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    instant_us = (moment - _EPOCH) // _MICROSECOND + leaps * _SECOND_US
    if leaps and instant_us % _DAY_US >= _SECOND_US:
        raise ValueError(f"{text!r} has a leap second that is not at the end of a day in UTC")
    if not INSTANT_MIN_US <= instant_us <= INSTANT_MAX_US:
        raise ValueError(f"{text!r} lies outside of the years 1 to 9999")
    return instant_us


def format_us(instant_us: int) -> str:
    """The instant as ``2026-11-22T06:02:56.123456Z``: always UTC, always six digits. OverflowError out of range."""
    return (_EPOCH_NAIVE + timedelta(microseconds=instant_us)).isoformat(timespec="microseconds") + "Z"
