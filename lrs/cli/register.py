"""The register of consumers as the commands open it: on the store's file, beside a server that may be running."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import click

from lrs.auth.authenticate import issuer_and_audience
from lrs.auth.grants import Grant
from lrs.auth.issue import Issuer
from lrs.auth.scopes import MEANINGS, listed
from lrs.auth.sqlite import SqliteConsumers, open_consumers
from lrs.clock import Clock, SystemClock
from lrs.config import read_settings
from lrs.errors import NotFound
from lrs.storage.sqlite import open_store

data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the store.  [env: LRS_DATA; default: data]",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
scope_option = click.option(
    "--scope", "scopes", multiple=True, metavar="SCOPE", help=f"May be repeated. One of {', '.join(MEANINGS)}."
)
course_option = click.option(
    "--course",
    "courses",
    multiple=True,
    metavar="COURSE",
    help="May be repeated. A course key, course-v1:Org+* for an organisation, or * for every course.",
)


class Register(NamedTuple):
    """What the commands work with."""

    consumers: SqliteConsumers
    issuer: Issuer
    clock: Clock
    audience: str


@contextmanager
def register(data: Path | None, *, create: bool = False) -> Iterator[Register]:
    """The register in ``data``. NotFound if there is no store, unless it may be made: a mistyped folder is the likelier
    reason.
    """
    settings = read_settings(data=data)
    if not create and not settings.database.exists():
        raise NotFound(f"there is no store in {settings.data}; `lrs serve` and `lrs consumer add` make one")
    store = open_store(settings.database)
    try:
        clock = SystemClock()
        consumers = open_consumers(store, clock)
        issuer = Issuer(consumers, settings, clock=clock, entropy=secrets.token_bytes)
        yield Register(consumers, issuer, clock, issuer_and_audience(settings)[1])
    finally:
        store.close()


def scopes_text(scopes: frozenset[str]) -> str:
    """For a cell of a table."""
    return " ".join(listed(scopes))


def courses_text(grant: Grant) -> str:
    """For a cell of a table; says plainly what has no limit."""
    if grant.courses is None:
        return "every course"
    return " ".join(grant.entries()) or "no course"
