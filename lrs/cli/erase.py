"""``lrs erase``, ``lrs retention`` and ``lrs compact``: having something go for good."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import orjson

from lrs.cli.output import print_fields, print_json, time_json
from lrs.cli.register import data_option, json_option, register
from lrs.config import Settings, read_settings
from lrs.documents.sqlite import sweep as sweep_documents
from lrs.erasure.erasure import Amounts, Erasure, parse_reason
from lrs.errors import InvalidParameter, NotFound
from lrs.statements.learners import Learner
from lrs.statements.sqlite.aside import sweep as sweep_aside
from lrs.storage.lock import held_alone
from lrs.storage.sqlite import connect

_CHUNK_BYTES = 16 * 1024 * 1024

yes_option = click.option("--yes", is_flag=True, help="Do it; without this only what there is to do is shown.")


@click.command()
@click.option(
    "--agent",
    "agents",
    multiple=True,
    required=True,
    metavar="JSON",
    help="Who, as an Agent; repeated for each identifier of the same person.",
)
@click.option("--reason", metavar="TEXT", help="Why, for the audit trail; name nobody in it.")
@yes_option
@data_option
@json_option
def erase(agents: Sequence[str], reason: str | None, data: Path | None, *, yes: bool, as_json: bool) -> None:
    """Erase a learner: every statement and document about them, for good. The server may run meanwhile.

    What is left of a statement is its place in the log, its id, and what `lrs verify` needs. Backups of before hold
    what they held.
    """
    why = parse_reason(reason)
    with register(data) as room:
        acts = room.administration.erasures
        learner = acts.learner([_agent(text) for text in agents])
        if not yes:
            _show_amounts(acts.amounts(learner), as_json)
            return
        done = acts.erasures.finish(acts.begin(room.actor, learner, why))
    # Only now, because a file that SQLite has open must not be read past it in the same process.
    left = traces_left(read_settings(data=data), learner)
    _show_erasure(done, as_json, left=left)
    if left:
        click.echo(
            "The file has the learner's identifiers still: in texts about others, or in what something else than this "
            "server has written or deleted. The latter goes when you stop the server and run: lrs compact",
            err=True,
        )


@click.group()
def retention() -> None:
    """Erase statements by their age."""


@retention.command()
@click.option("--days", type=click.IntRange(1, 36_500), help="How long statements are kept. [default: the setting]")
@yes_option
@data_option
@json_option
def apply(days: int | None, data: Path | None, *, yes: bool, as_json: bool) -> None:
    """Erase what was stored longer ago than LRS_RETENTION_DAYS says, as the server does once a day."""
    kept_days = days or read_settings(data=data).retention_days
    if not kept_days:
        raise click.UsageError("LRS_RETENTION_DAYS is 0, which keeps all for ever; give --days")
    with register(data) as room:
        acts = room.administration.erasures
        if not yes:
            _show_amounts(Amounts(statements=acts.too_old(kept_days)), as_json)
            return
        number = acts.begin_retention(room.actor, kept_days)
        done = None if number is None else acts.erasures.finish(number)
    if done is None:
        click.echo("Nothing is so old." if not as_json else "null")
        return
    _show_erasure(done, as_json)


@click.command()
@data_option
def compact(data: Path | None) -> None:
    """Write the database file anew, without the unused parts of it. No server may run on it.

    It takes as much room again for as long as it lasts.
    """
    settings = read_settings(data=data)
    if not settings.database.exists():
        raise NotFound(f"there is no store in {settings.data}")
    before = settings.database.stat().st_size
    with held_alone(settings.database), closing(connect(settings.database)) as connection:
        connection.execute("PRAGMA secure_delete=ON")
        sweep_aside(connection)
        sweep_documents(connection)
        connection.execute("INSERT INTO record_key (record_key) VALUES ('optimize')")
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    click.echo(f"The file has {settings.database.stat().st_size} bytes now; it had {before}.")


def traces_left(settings: Settings, learner: Learner) -> int:
    """In how many pieces of the files of the database an identifier of ``learner`` can be read."""
    found = 0
    for suffix in ("", "-wal"):
        path = settings.database.with_name(settings.database.name + suffix)
        if path.exists():
            found += _pieces_with(path, learner.traces())
    return found


def _pieces_with(path: Path, texts: Sequence[bytes]) -> int:
    overlap, found = max(map(len, texts)), 0
    with path.open("rb") as file:
        before = b""
        while chunk := file.read(_CHUNK_BYTES):
            piece = before + chunk
            found += any(text in piece for text in texts)
            before = piece[-overlap:]
    return found


def _agent(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise InvalidParameter(f"--agent takes an Agent as JSON, and {text!r} is none") from None


def _show_amounts(amounts: Amounts, as_json: bool) -> None:
    if as_json:
        print_json({**amounts.to_json(), "erased": False})
        return
    print_fields([(name, str(value)) for name, value in amounts.to_json().items()])
    click.echo("Nothing was erased; --yes does it.", file=sys.stderr)


def _show_erasure(done: Erasure, as_json: bool, *, left: int = 0) -> None:
    if as_json:
        finished = time_json(done.finished_us)
        print_json(
            {**done.amounts.to_json(), "erased": True, "number": done.number, "finished_at": finished, "left": left}
        )
        return
    print_fields([("erasure", str(done.number)), *((name, str(n)) for name, n in done.amounts.to_json().items())])
