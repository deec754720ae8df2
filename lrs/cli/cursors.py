"""``lrs cursor``: the durable cursors that the server keeps for subscribers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lrs.admin.service.followers import KeptCursor
from lrs.cli.output import print_json, print_table, time_json, time_text
from lrs.cli.register import data_option, json_option, register


@click.group()
def cursor() -> None:
    """Look at the durable cursors of subscribers: how far each has acknowledged."""


@cursor.command("list")
@click.argument("consumer", required=False)
@data_option
@json_option
def list_(consumer: str | None, data: Path | None, *, as_json: bool) -> None:
    """List the durable cursors of CONSUMER, or of all.

    BEHIND is how much the log holds after a cursor, whether its subscriber would be shown it or not.
    """
    with register(data) as room:
        found = room.administration.followers.cursors(consumer)
    if as_json:
        print_json([_json(one) for one in found])
        return
    print_table(
        ("CONSUMER", "NAME", "BEHIND", "ACKNOWLEDGED"),
        [
            (
                one.consumer,
                one.name,
                "history replaced" if one.behind is None else str(one.behind),
                time_text(one.acknowledged_us),
            )
            for one in found
        ],
        empty="There are no durable cursors.",
    )


@cursor.command()
@click.argument("consumer")
@click.argument("name")
@data_option
def drop(consumer: str, name: str, data: Path | None) -> None:
    """Forget the cursor NAME of CONSUMER: who comes with that name begins anew."""
    with register(data) as room:
        room.administration.followers.drop_cursor(room.actor, consumer, name)
    click.echo(f"The cursor {name} of {consumer} is dropped.")


def _json(one: KeptCursor) -> dict[str, Any]:
    return {
        "consumer": one.consumer,
        "name": one.name,
        "behind": one.behind,
        "acknowledged_at": time_json(one.acknowledged_us),
    }
