"""Options that take a number within bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click


def number_option(name: str, least: float, most: float, default: float, meaning: str) -> Callable[..., Any]:
    """The option ``name``: a whole number if ``default`` is one, which ``meaning`` is shown with."""
    whole = isinstance(default, int)
    return click.option(
        name,
        type=click.IntRange(int(least), int(most)) if whole else click.FloatRange(least, most),
        metavar="COUNT" if whole else "NUMBER",
        default=default,
        show_default=True,
        help=meaning,
    )
