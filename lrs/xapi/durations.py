"""Durations (Data 4.6, ISO 8601:2004 4.4.3.2)."""

from __future__ import annotations

import re

from lrs.xapi.definitions import pattern

_BEYOND_HUNDREDTHS = re.compile(r"([.,][0-9]{2})[0-9]+S$")


def is_duration(text: str) -> bool:
    """True for periods such as ``PT4H35M59.14S`` or ``P4W``; not for the alternative form ``P0003-06-04T12:30:05``."""
    return pattern("duration").fullmatch(text) is not None


def comparable_duration(text: str) -> str:
    """``text`` as durations are compared: as strings, without what goes beyond 0.01 seconds (Data 2.3.1 and 4.6)."""
    return _BEYOND_HUNDREDTHS.sub(r"\1S", text)
