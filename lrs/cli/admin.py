"""``lrs admin``: the people who administer the store in a browser."""

from __future__ import annotations

from pathlib import Path

import click

from lrs.admin.accounts import Link
from lrs.admin.forms import administrator_form
from lrs.cli.output import print_json, print_table, time_json, time_text
from lrs.cli.register import data_option, json_option, register
from lrs.config import Settings, read_settings

PASSWORD_PAGE = "/admin/password#"  # noqa: S105


@click.group()
def admin() -> None:
    """Make administrators, who log in at /admin, and the links by which they set a password."""


@admin.command()
@click.argument("name")
@data_option
@json_option
def add(name: str, data: Path | None, *, as_json: bool) -> None:
    """Make the administrator NAME, and print the one-time link by which they set a password."""
    with register(data, create=True) as room:
        made = room.administration.accounts.add(room.actor, name)
    _print_link(made, read_settings(data=data), as_json=as_json)


@admin.command("list")
@data_option
@json_option
def list_(data: Path | None, *, as_json: bool) -> None:
    """List the administrators."""
    with register(data) as room:
        found = room.administration.accounts.administrators()
    if as_json:
        print_json([administrator_form(one) for one in found])
        return
    print_table(
        ("NAME", "PASSWORD", "SESSIONS", "LAST LOGIN"),
        [
            (
                one.name,
                "set" if one.has_password else "not set",
                str(one.sessions),
                time_text(one.last_login_at_us, none="never"),
            )
            for one in found
        ],
        empty="There are no administrators: lrs admin add NAME",
    )


@admin.command()
@click.argument("name")
@data_option
@json_option
def link(name: str, data: Path | None, *, as_json: bool) -> None:
    """Print a new one-time link for NAME, who has lost the password or the link before."""
    with register(data) as room:
        made = room.administration.accounts.link(room.actor, name)
    _print_link(made, read_settings(data=data), as_json=as_json)


@admin.command()
@click.argument("name")
@data_option
def remove(name: str, data: Path | None) -> None:
    """Remove NAME, and end their sessions at once."""
    with register(data) as room:
        room.administration.accounts.remove(room.actor, name)
    click.echo(f"{name} is no administrator any more.")


def link_text(made: Link, address: str) -> str:
    """The whole link; ``address`` is how browsers reach the server."""
    return f"{address.rstrip('/')}{PASSWORD_PAGE}{made.secret}"


def _print_link(made: Link, settings: Settings, *, as_json: bool) -> None:
    usual = settings.public_url == Settings().public_url
    text = link_text(made, f"http://localhost:{settings.port}" if usual and settings.port else settings.public_url)
    if as_json:
        print_json({"name": made.name, "link": text, "expires_at": time_json(made.expires_at_us)})
        return
    click.echo(text)
    click.echo(f"Good once, until {time_text(made.expires_at_us)}; it lets {made.name} set a password.", err=True)
