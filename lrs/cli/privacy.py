"""``lrs privacy``: what a consumer can see."""

from __future__ import annotations

from pathlib import Path

import click

from lrs.cli.output import print_json
from lrs.cli.register import data_option, json_option, register


@click.group()
def privacy() -> None:
    """Show who sees what of learners."""


@privacy.command()
@click.argument("consumer")
@data_option
@json_option
def report(consumer: str, data: Path | None, *, as_json: bool) -> None:
    """Say what CONSUMER can see, how learners appear to it, and what it has read in the last 30 days."""
    with register(data) as room:
        made = room.administration.privacy.report(consumer)
    if as_json:
        print_json(made.to_json())
        return
    for sentence in made.words():
        click.echo(sentence)
