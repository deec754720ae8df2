"""``lrs settings``: every setting, with the value in force here."""

from __future__ import annotations

import os

import click

from lrs.cli.output import print_json, print_table
from lrs.config import describe, read_settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array instead of a table.")
def settings(*, as_json: bool) -> None:
    """Show every setting: its variable, the value in force, its unit and what it is for.

    An asterisk marks a value that is not the default. Fails when a value can't be used, so this is also the way to
    check an environment before the server starts.
    """
    read_settings()
    rows = [(row, os.environ.get(row.variable, row.default)) for row in describe()]
    if as_json:
        print_json([row._asdict() | {"value": value} for row, value in rows])
        return
    print_table(
        ("SETTING", "VALUE", "UNIT", "MEANING"),
        [(row.variable, value + ("*" if value != row.default else ""), row.unit, row.doc) for row, value in rows],
        empty="",
    )
