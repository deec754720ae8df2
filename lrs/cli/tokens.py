"""``lrs token``: bearer tokens, each for the whole of what a consumer may do or for a part of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from lrs.auth.consumers import TokenRow
from lrs.auth.scopes import listed, scope_set
from lrs.cli.output import print_json, print_table, time_json, time_text
from lrs.cli.periods import period_option
from lrs.cli.register import (
    course_option,
    courses_text,
    data_option,
    granted,
    json_option,
    register,
    restriction_options,
    restrictions_fields,
    scope_option,
    scopes_text,
)


@click.group()
def token() -> None:
    """Issue and revoke bearer tokens."""


@token.command()
@click.argument("consumer")
@scope_option
@course_option
@restriction_options
@click.option("--ttl", "ttl_s", callback=period_option, metavar="PERIOD", help="How long it lives, such as 12h or 30d.")
@data_option
@json_option
def issue(
    *,
    consumer: str,
    scopes: tuple[str, ...],
    courses: tuple[str, ...],
    ttl_s: int | None,
    data: Path | None,
    as_json: bool,
    **restrictions: tuple[str, ...],
) -> None:
    """Issue a token to CONSUMER, for all that it may do or for the scopes, courses, verbs and so on that are given.

    Prints the token alone, so that TOKEN=$(lrs token issue NAME) works; it can't be shown again.
    """
    asked = scope_set(scopes) if scopes else None
    with register(data) as room:
        grant = granted(room.consumers.consumer(consumer).grant, courses, restrictions)
        issued = room.administration.consumers.issue_token(room.actor, consumer, scopes=asked, grant=grant, ttl_s=ttl_s)
        audience = room.audience
    row = issued.row
    if as_json:
        print_json({"token": issued.token, **_json(row, row.issued_at_us)})
        return
    click.echo(issued.token)
    click.echo(
        f"Token {row.jti} of {row.consumer} for {audience}, until {time_text(row.expires_at_us)}; "
        f"scopes: {scopes_text(row.scopes)}; courses: {courses_text(row.grant)}"
        + "".join(f"; {name}: {values}" for name, values in restrictions_fields(row.grant))
        + ".",
        err=True,
    )


@token.command("list")
@click.argument("consumer", required=False)
@data_option
@json_option
def list_(consumer: str | None, data: Path | None, as_json: bool) -> None:
    """List the tokens of CONSUMER, or of all."""
    with register(data) as room:
        found, now_us = room.consumers.tokens(consumer), room.clock.now_us()
    if as_json:
        print_json([_json(one, now_us) for one in found])
        return
    print_table(
        ("ID", "CONSUMER", "STATE", "EXPIRES", "LAST USED", "SCOPES", "COURSES"),
        [
            (
                one.jti,
                one.consumer,
                one.state(now_us),
                time_text(one.expires_at_us),
                time_text(one.last_used_at_us, none="never"),
                scopes_text(one.scopes),
                courses_text(one.grant),
            )
            for one in found
        ],
        empty="There are no tokens: lrs token issue CONSUMER",
    )


@token.command()
@click.argument("credential", metavar="TOKEN")
@data_option
@json_option
def revoke(credential: str, data: Path | None, as_json: bool) -> None:
    """Refuse TOKEN from now on, and close its streams.

    TOKEN is the id that `lrs token list` shows, the token itself, or - to read either from standard input.
    """
    if credential == "-":
        credential = sys.stdin.read().strip()
    with register(data) as room:
        revoked, now_us = room.administration.consumers.revoke_token(room.actor, credential), room.clock.now_us()
    if as_json:
        print_json(_json(revoked, now_us))
    else:
        click.echo(f"Token {revoked.jti} of {revoked.consumer} is revoked since {time_text(revoked.revoked_at_us)}.")


def _json(one: TokenRow, now_us: int) -> dict[str, Any]:
    return {
        "jti": one.jti,
        "consumer": one.consumer,
        "state": one.state(now_us),
        "scopes": listed(one.scopes),
        **one.grant.to_json(),
        "issued_at": time_json(one.issued_at_us),
        "expires_at": time_json(one.expires_at_us),
        "revoked_at": time_json(one.revoked_at_us),
        "last_used_at": time_json(one.last_used_at_us),
    }
