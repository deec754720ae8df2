"""What commands print: aligned tables for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click
import orjson


def print_json(value: Any) -> None:
    """``value`` as JSON, indented, on stdout."""
    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, empty: str) -> None:
    """``rows`` in columns under ``headings`` on stdout; with no rows, ``empty`` on stderr."""
    if not rows:
        click.echo(empty, err=True)
        return
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    for line in (headings, *rows):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def print_fields(fields: Sequence[tuple[str, str]]) -> None:
    """Names and values, one pair to a line, on stdout."""
    width = max(len(name) for name, _ in fields)
    for name, value in fields:
        click.echo(f"{name.ljust(width)}  {value}")


def time_text(at_us: int | None, *, none: str = "-") -> str:
    """A moment in UTC to the second, as ``2026-11-22T06:02:56Z``; ``none`` if there is none."""
    if at_us is None:
        return none
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def time_json(at_us: int | None) -> str | None:
    """The same for JSON, where none is null."""
    return None if at_us is None else time_text(at_us)
