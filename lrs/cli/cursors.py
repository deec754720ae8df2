"""``lrs cursor``: the durable cursors that the server keeps for subscribers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import click

from lrs.auth.sqlite import SqliteConsumers
from lrs.cli.output import print_json, print_table, time_json, time_text
from lrs.cli.register import data_option, json_option
from lrs.config import read_settings
from lrs.engine import OWNER_ID
from lrs.errors import NotFound
from lrs.statements.sqlite.follow import end
from lrs.statements.sqlite.schema import epoch_of
from lrs.storage.sqlite import Store, open_store
from lrs.subscriptions.durables import DurableCursor, DurableName
from lrs.subscriptions.sqlite import SqliteDurables

OWNER = "owner"
"""The name under which programs that open the store themselves keep their cursors."""


class _Room(NamedTuple):
    """What the commands work with. ``numbers``: consumers by name."""

    store: Store
    durables: SqliteDurables
    numbers: dict[str, int]

    def number(self, consumer: str) -> int:
        if consumer not in self.numbers:
            raise NotFound(f"there is no consumer {consumer!r}")
        return self.numbers[consumer]


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
    room = _open(data)
    try:
        names = {number: name for name, number in room.numbers.items()}
        found = room.durables.cursors(None if consumer is None else room.number(consumer))
        with room.store.snapshot() as connection:
            epoch, last = epoch_of(connection), end(connection)
    finally:
        room.store.close()
    behind = {(one.consumer_id, one.name): last - one.place if one.epoch == epoch else None for one in found}
    if as_json:
        print_json([_json(one, names, behind[one.consumer_id, one.name]) for one in found])
        return
    print_table(
        ("CONSUMER", "NAME", "BEHIND", "ACKNOWLEDGED"),
        [
            (
                _consumer(one, names),
                one.name,
                "history replaced" if (left := behind[one.consumer_id, one.name]) is None else str(left),
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
    room = _open(data)
    try:
        room.durables.drop(DurableName(room.number(consumer), name))
    finally:
        room.store.close()
    click.echo(f"The cursor {name} of {consumer} is dropped.")


def _open(data: Path | None) -> _Room:
    settings = read_settings(data=data)
    if not settings.database.exists():
        raise NotFound(f"there is no store in {settings.data}")
    store = open_store(settings.database)
    numbers = {one.name: one.id for one in SqliteConsumers(store).consumers()}
    return _Room(store, SqliteDurables(store), {OWNER: OWNER_ID} | numbers)


def _consumer(one: DurableCursor, names: dict[int, str]) -> str:
    return names.get(one.consumer_id, str(one.consumer_id))


def _json(one: DurableCursor, names: dict[int, str], behind: int | None) -> dict[str, Any]:
    return {
        "consumer": _consumer(one, names),
        "name": one.name,
        "behind": behind,
        "acknowledged_at": time_json(one.acknowledged_us),
    }
