"""``lrs pseudonym``: who is behind the pseudonyms of a consumer, and the other way round."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import orjson

from lrs.audit.sqlite import AuditTrail
from lrs.auth.sqlite import open_consumers
from lrs.cli.output import print_json, print_table
from lrs.cli.register import data_option, json_option, operator
from lrs.clock import SystemClock
from lrs.config import read_settings
from lrs.errors import InvalidParameter, NotFound
from lrs.pseudonyms.service import Pseudonyms
from lrs.pseudonyms.service.lookup import Lookup
from lrs.pseudonyms.sqlite import SqliteSpaces
from lrs.statements.sqlite.learners import SqliteLearners
from lrs.statements.sqlite.schema import migrations
from lrs.storage.sqlite import open_store

consumer_option = click.option("--consumer", metavar="CONSUMER", help="To whom the learner appears so.")
space_option = click.option("--space", metavar="NAME", help="The same by the name of a shared space.")


@contextmanager
def _lookup(data: Path | None) -> Iterator[Lookup]:
    settings = read_settings(data=data)
    if not settings.database.exists():
        raise NotFound(f"there is no store in {settings.data}")
    store = open_store(settings.database)
    try:
        # An older store may lack what is looked through.
        store.migrate(migrations)
        clock = SystemClock()
        pseudonyms = Pseudonyms(SqliteSpaces(store, clock), SqliteLearners(store), settings.public_url)
        yield Lookup(pseudonyms, open_consumers(store, clock), store, AuditTrail(store, clock))
    finally:
        store.close()


@click.group()
def pseudonym() -> None:
    """Look up the pseudonyms under which learners appear to consumers.

    Each look-up stands in the audit trail: who asked, but not for whom.
    """


@pseudonym.command()
@click.option("--agent", required=True, metavar="JSON", help="An Agent or Identified Group.")
@consumer_option
@space_option
@data_option
@json_option
def of(agent: str, consumer: str | None, space: str | None, data: Path | None, *, as_json: bool) -> None:
    """Show the pseudonym of a learner for a consumer.

    The consumer may then ask by it, also if no statement speaks of the learner yet.
    """
    try:
        value = orjson.loads(agent)
    except orjson.JSONDecodeError:
        raise InvalidParameter("--agent takes an Agent as JSON") from None
    with _lookup(data) as lookup:
        (found,) = lookup.shown(operator(), lookup.space(consumer, space), [value])
    if as_json:
        print_json(found)
    else:
        click.echo(found["account"]["name"])


@pseudonym.command()
@click.argument("uuid")
@consumer_option
@space_option
@data_option
@json_option
def whose(uuid: str, consumer: str | None, space: str | None, data: Path | None, *, as_json: bool) -> None:
    """Show the learner behind the pseudonym UUID; without --consumer or --space, in whatever space it is somebody's."""
    with _lookup(data) as lookup:
        if consumer is None and space is None:
            found = lookup.anywhere(operator(), uuid)
        else:
            wanted = lookup.space(consumer, space)
            agents = lookup.stored(operator(), wanted, [uuid])
            found = [(wanted, agent) for agent in agents if agent is not None]
    if not found:
        raise NotFound("this pseudonym is nobody's")
    if as_json:
        print_json([{"space": name, "agent": agent} for name, agent in found])
        return
    print_table(("SPACE", "AGENT"), [(name, orjson.dumps(agent).decode()) for name, agent in found], empty="")
