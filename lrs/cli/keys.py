"""``lrs key``: credentials for Basic authentication, which Open edX and most tools speak."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lrs.auth.consumers import Key
from lrs.cli.output import print_fields, print_json, print_table, time_json, time_text
from lrs.cli.register import data_option, json_option, register


@click.group()
def key() -> None:
    """Make and revoke keys for Basic authentication.

    A key and its secret are user name and password, for all that the consumer may do.
    """


@key.command()
@click.argument("consumer")
@data_option
@json_option
def add(consumer: str, data: Path | None, as_json: bool) -> None:
    """Make a key for CONSUMER, and print it with its secret: the only time that the secret is shown."""
    with register(data) as room:
        issued = room.administration.consumers.add_key(room.actor, consumer)
    if as_json:
        print_json({"key": issued.key, "secret": issued.secret, "consumer": consumer})
        return
    print_fields((("key", issued.key), ("secret", issued.secret)))
    click.echo("Keep the secret now; it can't be shown again.", err=True)


@key.command("list")
@click.argument("consumer", required=False)
@data_option
@json_option
def list_(consumer: str | None, data: Path | None, as_json: bool) -> None:
    """List the keys of CONSUMER, or of all."""
    with register(data) as room:
        found = room.consumers.keys(consumer)
    if as_json:
        print_json([_json(one) for one in found])
        return
    print_table(
        ("KEY", "CONSUMER", "STATE", "CREATED", "LAST USED"),
        [
            (
                one.id,
                one.consumer,
                one.state,
                time_text(one.created_at_us),
                time_text(one.last_used_at_us, none="never"),
            )
            for one in found
        ],
        empty="There are no keys: lrs key add CONSUMER",
    )


@key.command()
@click.argument("key_id", metavar="KEY")
@data_option
@json_option
def revoke(key_id: str, data: Path | None, as_json: bool) -> None:
    """Refuse KEY from now on, and close its streams."""
    with register(data) as room:
        revoked = room.administration.consumers.revoke_key(room.actor, key_id)
    if as_json:
        print_json(_json(revoked))
    else:
        click.echo(f"Key {revoked.id} of {revoked.consumer} is revoked since {time_text(revoked.revoked_at_us)}.")


def _json(one: Key) -> dict[str, Any]:
    return {
        "key": one.id,
        "consumer": one.consumer,
        "created_at": time_json(one.created_at_us),
        "revoked_at": time_json(one.revoked_at_us),
        "last_used_at": time_json(one.last_used_at_us),
    }
