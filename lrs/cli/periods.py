"""Periods and moments as people write them on a command line."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import click

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_PERIOD = re.compile(r"([0-9]{1,9})([smhdw])")
_MOMENT_US_MAX = 253_402_300_799_000_000

NEVER = "never"

Moment = Callable[[int], int | None]
"""From now to then, in microseconds since the epoch; None: never."""


def period_s(text: str) -> int | None:
    """Seconds in ``90s``, ``15m``, ``12h``, ``30d`` or ``8w``; None for all else."""
    found = _PERIOD.fullmatch(text)
    return int(found[1]) * _UNITS_S[found[2]] if found else None


def period_option(_ctx: click.Context, _param: click.Parameter, text: str | None) -> int | None:
    """Callback of an option that takes a period; gives seconds."""
    if text is None:
        return None
    seconds = period_s(text)
    if seconds is None:
        raise click.BadParameter(f"{text!r} is not a period such as 90s, 15m, 12h, 30d or 8w")
    return seconds


def moment_option(_ctx: click.Context, _param: click.Parameter, text: str | None) -> Moment | None:
    """Callback of an option that takes a period from now, a date (its first moment in UTC), a time, or ``never``."""
    if text is None:
        return None
    if text == NEVER:
        return lambda _now_us: None
    seconds = period_s(text)
    if seconds is not None:
        return lambda now_us: min(now_us + seconds * 1_000_000, _MOMENT_US_MAX)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is not a time such as 30d, 2027-07-31, 2027-07-31T12:00:00Z or never"
        ) from None
    at_us = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()) * 1_000_000
    return lambda _now_us: at_us


def since_us(moment: Moment, now_us: int) -> int | None:
    """The moment for looking back: a period, which lies as far after now, counts back from it. ``never``: None."""
    at_us = moment(now_us)
    return at_us if at_us is None or at_us <= now_us else 2 * now_us - at_us
