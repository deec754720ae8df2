"""What each part of the report gives: figures as JSON, tables, plots, and whether the aims are reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

Found = dict[str, Any]
"""What a part has measured; it can be written as JSON and read again."""


class Aim(NamedTuple):
    """Something to be reached. ``reached`` None: it could not be measured here."""

    what: str
    at_least: str
    found: str
    reached: bool | None


class Part(NamedTuple):
    """One program of the benchmark. ``measure`` takes how often to repeat; the others take what it gave.

    ``tables``: Markdown by the name of its place in docs/performance.md; ``plots``: SVG by the name of its file.
    """

    measure: Callable[[int], Found]
    tables: Callable[[Found], Mapping[str, str]]
    aims: Callable[[Found], Sequence[Aim]] = lambda _: ()
    plots: Callable[[Found], Mapping[str, str]] = lambda _: {}


def markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def spread(values: Sequence[float], form: str = ".2f", *, bold: bool = True) -> str:
    """The median, and the range if there are several."""
    middle = f"{median(values):{form}}"
    shown = f"**{middle}**" if bold else middle
    return f"{shown} ({min(values):{form}} to {max(values):{form}})" if len(values) > 1 else shown


def ratios(ours: Sequence[float], others: Sequence[float]) -> list[float]:
    """What was measured by turns, as parts of the other's."""
    return [one / other for one, other in zip(ours, others, strict=True)]
