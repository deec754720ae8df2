"""``lrs quarantine`` and ``lrs conflict``: what trusted writers sent and is not in the log."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click
import orjson

from lrs.cli.output import print_fields, print_json, print_table, time_json, time_text
from lrs.cli.register import Register, data_option, json_option, register
from lrs.config import Settings, read_settings
from lrs.engine import Engine
from lrs.statements.sqlite.aside import KeptConflict, Quarantined

_CELL_CHARACTERS_MAX = 60

after_option = click.option("--after", default=0, metavar="NUMBER", help="Go on after this number.")
limit_option = click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000), help="How many.")


@click.group()
def quarantine() -> None:
    """Look at what trusted writers sent and could not be stored; try it again, or drop it."""


@quarantine.command("list")
@after_option
@limit_option
@data_option
@json_option
def list_(after: int, limit: int, data: Path | None, *, as_json: bool) -> None:
    """List what is in quarantine, oldest first."""
    with register(data) as room:
        found = room.administration.aside.rows.quarantined(after=after, limit=limit)
    if as_json:
        print_json([_json(one) for one in found])
        return
    rows = [(str(one.number), time_text(one.received_us), one.consumer, _reason(one)) for one in found]
    print_table(("NUMBER", "RECEIVED", "FROM", "REASON"), rows, empty="Nothing is in quarantine.")


@quarantine.command()
@click.argument("number", type=int)
@data_option
@json_option
def show(number: int, data: Path | None, *, as_json: bool) -> None:
    """Show all about NUMBER, with the bytes that came."""
    with register(data) as room:
        one = room.administration.aside.look(room.actor, number)
    if as_json:
        print_json(_json(one))
        return
    print_fields(
        [
            ("number", str(one.number)),
            ("received", time_text(one.received_us)),
            ("from", one.consumer),
            ("version", one.version),
            *((problem["path"], problem["reason"]) for problem in one.problems),
        ]
    )
    click.echo(one.body.decode("utf-8", "backslashreplace"))


@quarantine.command()
@click.argument("numbers", type=int, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Everything that is there.")
@data_option
@json_option
def retry(numbers: tuple[int, ...], data: Path | None, *, everything: bool, as_json: bool) -> None:
    """Try to store NUMBERS again, as their sender, under the rules of today; what fails stays."""
    if bool(numbers) is everything:
        raise click.UsageError("give NUMBERs or --all")
    with register(data) as room:
        stored, left = asyncio.run(_retry(room, read_settings(data=data), numbers))
    if as_json:
        print_json({"stored": stored, "left": left})
    else:
        click.echo(f"{len(stored)} stored, {len(left)} still in quarantine.")


async def _retry(room: Register, settings: Settings, numbers: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """(numbers stored and taken out, numbers left); no number at all means every one."""
    acts = room.administration.aside
    async with Engine(settings) as engine:
        chosen = numbers or tuple(one.number for one in acts.rows.all_quarantined())
        outcomes = [(number, await acts.retry(room.actor, engine, number)) for number in chosen]
    return [number for number, good in outcomes if good], [number for number, good in outcomes if not good]


@quarantine.command()
@click.argument("numbers", type=int, nargs=-1, required=True)
@data_option
def drop(numbers: tuple[int, ...], data: Path | None) -> None:
    """Remove NUMBERS for good."""
    with register(data) as room:
        for number in numbers:
            room.administration.aside.drop(room.actor, number)
    click.echo(f"{len(numbers)} dropped.")


@click.group()
def conflict() -> None:
    """Look at what trusted writers sent under ids that were taken; the first content was kept."""


@conflict.command("list")
@after_option
@limit_option
@data_option
@json_option
def list_conflicts(after: int, limit: int, data: Path | None, *, as_json: bool) -> None:
    """List conflicts, oldest first; with --json, both statements."""
    with register(data) as room:
        found = room.administration.aside.rows.conflicts(after=after, limit=limit)
    if as_json:
        print_json([_conflict_json(one) for one in found])
        return
    rows = [(str(one.number), time_text(one.received_us), str(one.statement_id)) for one in found]
    print_table(("NUMBER", "RECEIVED", "STATEMENT"), rows, empty="There are no conflicts.")


@conflict.command("drop")
@click.argument("numbers", type=int, nargs=-1, required=True)
@data_option
def drop_conflicts(numbers: tuple[int, ...], data: Path | None) -> None:
    """Remove NUMBERS for good; the log keeps what it has."""
    with register(data) as room:
        for number in numbers:
            room.administration.aside.drop_conflict(room.actor, number)
    click.echo(f"{len(numbers)} dropped.")


def _reason(one: Quarantined) -> str:
    first = one.problems[0]
    text = f"{first['path']} {first['reason']}"
    return text if len(text) <= _CELL_CHARACTERS_MAX else text[: _CELL_CHARACTERS_MAX - 1] + "…"


def _json(one: Quarantined) -> dict[str, Any]:
    try:
        body = orjson.loads(one.body)
    except orjson.JSONDecodeError:
        body = one.body.decode("utf-8", "backslashreplace")
    return {
        "number": one.number,
        "received_at": time_json(one.received_us),
        "consumer": one.consumer,
        "version": one.version,
        "problems": one.problems,
        "body": body,
    }


def _conflict_json(one: KeptConflict) -> dict[str, Any]:
    return {
        "number": one.number,
        "received_at": time_json(one.received_us),
        "statement": str(one.statement_id),
        "kept": one.kept,
        "refused": one.refused,
    }
