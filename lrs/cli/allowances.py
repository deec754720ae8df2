"""Options for how much a consumer may ask for, and how that is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import click

from lrs.auth.allowances import NO_LIMIT, Allowance

_WORDS: Mapping[str, float | None] = {"default": None, "none": NO_LIMIT}
_MOST = 1_000_000_000


Amount = tuple[float | int | None]
"""What an option was given. In a tuple of one, so that None can stand for an option that was not given."""


def _amount(*, whole: bool) -> Callable[[click.Context, click.Parameter, str | None], Amount | None]:
    """What reads an option: a number above 0, ``none`` for no limit, or ``default`` for what the settings say."""

    def read(_: click.Context, __: click.Parameter, value: str | None) -> Amount | None:
        if value is None:
            return None
        if value in _WORDS:
            return (_WORDS[value],)
        try:
            number: float = int(value) if whole else float(value)
        except ValueError:
            number = 0
        if not 0 < number <= _MOST:
            raise click.BadParameter(f"{value!r} is neither a number above 0 nor none or default")
        return (number,)

    return read


_OPTIONS = (
    ("--rate", "Requests a second that each server process takes of it.", False),
    ("--burst", "Requests that may come at once.", True),
    ("--quota", "Statements a day that each server process takes. Trusted writers have none.", True),
)


def allowance_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options; the command takes them as its keyword arguments ``rate``, ``burst`` and ``quota``."""
    for flag, text, whole in reversed(_OPTIONS):
        help_text = f"{text} Or none for no limit, or default for what the settings say."
        command = click.option(flag, callback=_amount(whole=whole), metavar="N", help=help_text)(command)
    return command


def allowed(before: Allowance, rate: Amount | None, burst: Amount | None, quota: Amount | None) -> Allowance:
    """``before`` with what is given in its place."""
    given = {"requests_per_s": rate, "requests_burst": burst, "statements_per_day": quota}
    changes: dict[str, Any] = {name: amount[0] for name, amount in given.items() if amount is not None}
    return replace(before, **changes)


def allowance_fields(allowance: Allowance) -> list[tuple[str, str]]:
    """What was set, as fields to print; nothing if nothing was."""
    shown = (
        ("rate", allowance.requests_per_s, "requests a second"),
        ("burst", allowance.requests_burst, "requests at once"),
        ("quota", allowance.statements_per_day, "statements a day"),
    )
    return [
        (name, "no limit" if value == NO_LIMIT else f"{value:g} {unit}")
        for name, value, unit in shown
        if value is not None
    ]


def allowance_json(allowance: Allowance) -> dict[str, float | int | None]:
    """The same for programs: null for what the settings say, 0 for no limit."""
    return {
        "requests_per_s": allowance.requests_per_s,
        "requests_burst": allowance.requests_burst,
        "statements_per_day": allowance.statements_per_day,
    }
