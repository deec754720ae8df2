"""``lrs audit``: who did what, and when."""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from lrs.admin.forms import entry_form
from lrs.audit.sqlite import Wanted
from lrs.cli.output import print_json, print_table, time_text
from lrs.cli.periods import Moment, moment_option, since_us
from lrs.cli.register import data_option, json_option, register


@click.command()
@click.option(
    "--since", callback=moment_option, metavar="WHEN", help="A period back from now (7d), a date or a time in UTC."
)
@click.option("--actor", metavar="WHO", help="Such as admin:anna, or cli for all of the command line.")
@click.option("--act", metavar="ACT", help="Such as key.revoke, or consumer for all acts on consumers.")
@click.option("--about", metavar="WHAT", help="Such as consumer:engine.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000), help="How many, the newest.")
@data_option
@json_option
def audit(
    *,
    since: Moment | None,
    actor: str | None,
    act: str | None,
    about: str | None,
    limit: int,
    data: Path | None,
    as_json: bool,
) -> None:
    """List what was done to the store, by whom and when; the newest last."""
    with register(data) as room:
        wanted = Wanted(
            since_us=None if since is None else since_us(since, room.clock.now_us()), actor=actor, act=act, about=about
        )
        entries = room.administration.trail.entries(wanted, limit=limit)[::-1]
    if as_json:
        print_json([entry_form(one) for one in entries])
        return
    print_table(
        ("TIME", "WHO", "ACT", "ABOUT", "DETAILS"),
        [(time_text(one.at_us), one.actor, one.act, one.about, orjson.dumps(one.details).decode()) for one in entries],
        empty="Nothing was done (in that time).",
    )
