"""The register of consumers as the commands open it: on the store's file, beside a server that may be running."""

from __future__ import annotations

import os
import pwd
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import click
import orjson

from lrs.admin.service import Administration, open_administration
from lrs.audit.entry import Actor
from lrs.auth.authenticate import issuer_and_audience
from lrs.auth.grants import Grant
from lrs.auth.restrictions import ACTORS, Restrictions
from lrs.auth.scopes import MEANINGS, listed
from lrs.auth.sqlite import SqliteConsumers, open_consumers
from lrs.clock import Clock, SystemClock
from lrs.config import read_settings
from lrs.errors import InvalidParameter, NotFound
from lrs.storage.sqlite import open_store

EVERYTHING = "*"

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


_RESTRICTION_OPTIONS = (
    click.option("--verb", "verbs", multiple=True, metavar="IRI", help="Only this verb; may be repeated, * for all."),
    click.option(
        "--activity-type",
        "activity_types",
        multiple=True,
        metavar="IRI",
        help="Only objects of this activity type; may be repeated, * for all.",
    ),
    click.option(
        "--site",
        "sites",
        multiple=True,
        metavar="IRI",
        help="Only actors with an account of this homePage; may be repeated, * for all.",
    ),
    click.option(
        "--actor",
        "actors",
        multiple=True,
        metavar="JSON",
        help="Only this Agent or Identified Group; may be repeated, * for all.",
    ),
)


def restriction_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options for all restrictions of a grant; the command takes them as its keyword arguments."""
    for option in reversed(_RESTRICTION_OPTIONS):
        command = option(command)
    return command


def granted(before: Grant, courses: Sequence[str], restrictions: Mapping[str, Sequence[str]]) -> Grant:
    """``before`` with the courses and the restrictions that are given in their places; ``*`` lifts a limit."""
    limits: dict[str, Any] = before.restrictions.to_json()
    for name, values in restrictions.items():
        if EVERYTHING in values:
            limits.pop(name, None)
        elif values:
            limits[name] = [_agent(value) if name == ACTORS else value for value in values]
    return Grant.of(courses or before.entries(), Restrictions.of(limits))


def _agent(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise InvalidParameter(f"--actor takes an Agent as JSON, and {text!r} is none") from None


class Register(NamedTuple):
    """What the commands work with. Whatever changes something is an act of ``administration``, done by ``actor``."""

    consumers: SqliteConsumers
    administration: Administration
    actor: Actor
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
        administration = open_administration(store, consumers, settings, clock=clock, entropy=secrets.token_bytes)
        yield Register(consumers, administration, operator(), clock, issuer_and_audience(settings)[1])
    finally:
        store.close()


def operator() -> Actor:
    """Who uses the command line: the user of the machine."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        # A container may run as a user who has no name.
        name = str(os.getuid())
    return Actor("cli", name)


def scopes_text(scopes: frozenset[str]) -> str:
    """For a cell of a table."""
    return " ".join(listed(scopes))


def courses_text(grant: Grant) -> str:
    """For a cell of a table; says plainly what has no limit."""
    if grant.courses is None:
        return "every course"
    return " ".join(grant.entries()) or "no course"


def restrictions_fields(grant: Grant) -> list[tuple[str, str]]:
    """Names and values of the restrictions that there are, for people."""
    return [
        (
            name.replace("_", " "),
            " ".join(one if isinstance(one, str) else orjson.dumps(one).decode() for one in values) or "none",
        )
        for name, values in grant.restrictions.to_json().items()
    ]
