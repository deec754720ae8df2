"""``lrs signing-key``: the key pairs behind bearer tokens."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from lrs.admin.forms import signing_key_form
from lrs.auth.consumers import SigningKey
from lrs.cli.output import print_json, print_table, time_text
from lrs.cli.periods import period_option
from lrs.cli.register import data_option, json_option, register


@click.group("signing-key")
def signing_key() -> None:
    """Replace the keys that sign tokens.

    One key signs. Those before it verify what they signed until they are retired. A running server follows at once.
    """


@signing_key.command("list")
@data_option
@json_option
def list_(data: Path | None, *, as_json: bool) -> None:
    """List the signing keys, the one that signs first."""
    with register(data) as room:
        _print(room.consumers.all_signing_keys(), room.clock.now_us(), as_json=as_json)


@signing_key.command()
@click.option(
    "--retire-after",
    "retire_after_s",
    callback=period_option,
    metavar="PERIOD",
    help="End the key that signed so far after this time, such as 1h, with all its tokens.  "
    "[default: when the last of them has expired]",
)
@data_option
@json_option
def rotate(*, retire_after_s: int | None, data: Path | None, as_json: bool) -> None:
    """Make a new key that signs from now on.

    The key that signed so far still verifies its tokens until they have expired.
    """
    with register(data) as room:
        _print(
            room.administration.consumers.rotate_signing_key(room.actor, retire_after_s=retire_after_s),
            room.clock.now_us(),
            as_json=as_json,
        )


# An id may begin with a hyphen, and is no option for that.
@signing_key.command(context_settings={"ignore_unknown_options": True})
@click.argument("kid", metavar="KEY")
@data_option
@json_option
def retire(kid: str, data: Path | None, *, as_json: bool) -> None:
    """Refuse every token that KEY signed from now on, and close their streams.

    KEY is an id that `lrs signing-key list` shows, and not the key that signs: rotate first.
    """
    with register(data) as room:
        retired, now_us = room.administration.consumers.retire_signing_key(room.actor, kid), room.clock.now_us()
    if as_json:
        print_json(signing_key_form(retired, now_us))
    else:
        click.echo(f"Signing key {retired.kid} is retired since {time_text(retired.retired_at_us)}.")


def _print(keys: Sequence[SigningKey], now_us: int, *, as_json: bool) -> None:
    if as_json:
        print_json([signing_key_form(one, now_us) for one in keys])
        return
    print_table(
        ("KEY", "STATE", "CREATED", "RETIRED"),
        [(one.kid, one.state(now_us), time_text(one.created_at_us), time_text(one.retired_at_us)) for one in keys],
        empty="There are no signing keys; the next start of the server makes one.",
    )
