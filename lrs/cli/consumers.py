"""``lrs consumer``: register readers and writers, and decide what they may do and see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lrs.auth.allowances import Allowance
from lrs.auth.consumers import Consumer
from lrs.auth.disclosure import PLAIN
from lrs.auth.grants import UNRESTRICTED
from lrs.auth.scopes import DEFAULT_SCOPES, STATEMENTS_WRITE, listed, scope_set
from lrs.cli.allowances import Amount, allowance_fields, allowance_json, allowance_options, allowed
from lrs.cli.disclosures import disclosed, disclosure_fields, disclosure_options
from lrs.cli.output import print_fields, print_json, print_table, time_json, time_text
from lrs.cli.periods import Moment, moment_option
from lrs.cli.register import (
    Register,
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

expires_option = click.option(
    "--expires", callback=moment_option, metavar="WHEN", help="A period (30d), a date or a time in UTC, or never."
)
trusted_option = click.option(
    "--trusted/--untrusted",
    default=None,
    help="Whether what it sends and can't be stored is set aside (lrs quarantine) rather than refused.",
)


@click.group()
def consumer() -> None:
    """Register readers and writers, and decide what they may do and see.

    A key or token never allows more than its consumer does at the time.
    """


@consumer.command()
@click.argument("name")
@scope_option
@course_option
@restriction_options
@disclosure_options
@expires_option
@trusted_option
@click.option("--openedx", is_flag=True, help="A platform that sends with event-routing-backends: write only, trusted.")
@data_option
@json_option
def add(
    *,
    name: str,
    scopes: tuple[str, ...],
    courses: tuple[str, ...],
    actors_shown: str | None,
    space: str | None,
    strip: tuple[str, ...],
    expires: Moment | None,
    trusted: bool | None,
    openedx: bool,
    data: Path | None,
    as_json: bool,
    **restrictions: tuple[str, ...],
) -> None:
    """Register NAME.

    Without --scope it may write statements and read its own. Without --course it covers every course.
    """
    usual = frozenset({STATEMENTS_WRITE}) if openedx else DEFAULT_SCOPES
    wanted = scope_set(scopes) if scopes else usual
    grant = granted(UNRESTRICTED, courses, restrictions)
    with register(data, create=True) as room:
        expires_at_us = expires(room.clock.now_us()) if expires else None
        added = room.administration.consumers.add(
            room.actor,
            name,
            scopes=wanted,
            grant=grant,
            expires_at_us=expires_at_us,
            trusted=openedx if trusted is None else trusted,
            disclosure=disclosed(PLAIN, actors_shown, space, strip),
        )
        _show(room, added, as_json)


@consumer.command("list")
@data_option
@json_option
def list_(data: Path | None, as_json: bool) -> None:
    """List all consumers."""
    with register(data) as room:
        found, now_us = room.consumers.consumers(), room.clock.now_us()
        allowances = {one.id: room.administration.consumers.allowance(one.name) for one in found} if as_json else {}
    if as_json:
        print_json([_json(one, now_us, allowances[one.id]) for one in found])
        return
    print_table(
        ("NAME", "STATE", "SCOPES", "COURSES", "EXPIRES"),
        [
            (
                one.name,
                one.state(now_us),
                scopes_text(one.scopes),
                courses_text(one.grant) + (", restricted" if one.grant.restrictions else ""),
                time_text(one.expires_at_us, none="never"),
            )
            for one in found
        ],
        empty="There are no consumers yet: lrs consumer add NAME",
    )


@consumer.command()
@click.argument("name")
@data_option
@json_option
def show(name: str, data: Path | None, as_json: bool) -> None:
    """Show NAME."""
    with register(data) as room:
        _show(room, room.consumers.consumer(name), as_json)


@consumer.command("set")
@click.argument("name")
@scope_option
@course_option
@restriction_options
@disclosure_options
@expires_option
@trusted_option
@allowance_options
@data_option
@json_option
def set_(
    *,
    name: str,
    scopes: tuple[str, ...],
    courses: tuple[str, ...],
    actors_shown: str | None,
    space: str | None,
    strip: tuple[str, ...],
    expires: Moment | None,
    trusted: bool | None,
    rate: Amount | None,
    burst: Amount | None,
    quota: Amount | None,
    data: Path | None,
    as_json: bool,
    **restrictions: tuple[str, ...],
) -> None:
    """Change NAME: the scopes, courses, verbs and so on that are given replace those that it had; '*' lifts the limit.

    Keys, tokens and open streams follow at once.
    """
    grants = courses or any(restrictions.values())
    allowance = rate or burst or quota
    disclosures = actors_shown or space or strip
    if not (scopes or grants or expires or allowance or disclosures) and trusted is None:
        raise click.UsageError("give what is to change: --scope, --course, --expires, --trusted or another option")
    changes: dict[str, Any] = {} if trusted is None else {"trusted": trusted}
    if scopes:
        changes["scopes"] = scope_set(scopes)
    with register(data) as room:
        if expires:
            changes["expires_at_us"] = expires(room.clock.now_us())

        def change(before: Consumer) -> dict[str, Any]:
            if grants:
                changes["grant"] = granted(before.grant, courses, restrictions)
            if disclosures:
                changes["disclosure"] = disclosed(before.disclosure, actors_shown, space, strip)
            return changes

        acts = room.administration.consumers
        if allowance:
            acts.allow(room.actor, name, lambda before: allowed(before, rate, burst, quota))
        if changes or grants or disclosures:
            acts.change(room.actor, name, change)
        changed = room.consumers.consumer(name)
        _show(room, changed, as_json)


@consumer.command()
@click.argument("name")
@data_option
@json_option
def disable(name: str, data: Path | None, as_json: bool) -> None:
    """Refuse all keys and tokens of NAME from now on, and close its streams."""
    _switch(name, data, as_json, disabled=True)


@consumer.command()
@click.argument("name")
@data_option
@json_option
def enable(name: str, data: Path | None, as_json: bool) -> None:
    """Accept the keys and tokens of NAME again."""
    _switch(name, data, as_json, disabled=False)


def _switch(name: str, data: Path | None, as_json: bool, *, disabled: bool) -> None:
    with register(data) as room:
        changed = room.administration.consumers.change(room.actor, name, lambda _: {"disabled": disabled})
        _show(room, changed, as_json)


def _show(room: Register, one: Consumer, as_json: bool) -> None:
    now_us, allowance = room.clock.now_us(), room.administration.consumers.allowance(one.name)
    if as_json:
        print_json(_json(one, now_us, allowance))
        return
    print_fields(
        (
            ("name", one.name),
            ("state", one.state(now_us)),
            ("scopes", scopes_text(one.scopes)),
            ("courses", courses_text(one.grant)),
            *restrictions_fields(one.grant),
            *disclosure_fields(one.disclosure),
            ("trusted", "yes" if one.trusted else "no"),
            *allowance_fields(allowance),
            ("created", time_text(one.created_at_us)),
            ("expires", time_text(one.expires_at_us, none="never")),
        )
    )


def _json(one: Consumer, now_us: int, allowance: Allowance) -> dict[str, Any]:
    return {
        "name": one.name,
        "state": one.state(now_us),
        "scopes": listed(one.scopes),
        **one.grant.to_json(),
        "disclosure": one.disclosure.to_json(),
        "trusted": one.trusted,
        **allowance_json(allowance),
        "created_at": time_json(one.created_at_us),
        "expires_at": time_json(one.expires_at_us),
    }
