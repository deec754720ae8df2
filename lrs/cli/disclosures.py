"""The options that say how learners appear to a consumer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from lrs.auth.disclosure import STRIPPABLE, Actors, Disclosure

NOTHING = "nothing"
OWN = "own"

_OPTIONS = (
    click.option(
        "--actors",
        "actors_shown",
        type=click.Choice([str(one) for one in Actors]),
        help="How learners appear: as stored (usual), each under a UUID made for this consumer, or all as nobody.",
    ),
    click.option(
        "--space",
        metavar="NAME",
        help=f"Consumers of one space know a learner by the same pseudonym; {OWN}: a space of its own (usual).",
    ),
    click.option(
        "--strip",
        multiple=True,
        type=click.Choice([*STRIPPABLE, NOTHING]),
        help="Leave this out of what it is shown; may be repeated.",
    ),
)


def disclosure_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--actors``, ``--space`` and ``--strip``, which ``disclosed`` takes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def disclosed(before: Disclosure, actors: str | None, space: str | None, strip: Sequence[str]) -> Disclosure:
    """``before`` with what is given in its place; InvalidParameter."""
    actors = before.actors if actors is None else actors
    kept = before.space if actors == Actors.PSEUDONYM else None
    space = kept if space is None else None if space == OWN else space
    return Disclosure.of(actors, space, [one for one in strip if one != NOTHING] if strip else before.strip)


def disclosure_fields(disclosure: Disclosure) -> list[tuple[str, str]]:
    """Names and values for people."""
    fields = [("actors", str(disclosure.actors))]
    if disclosure.actors is Actors.PSEUDONYM:
        fields.append(("space", disclosure.space or OWN))
    if disclosure.strip:
        fields.append(("strip", " ".join(sorted(disclosure.strip))))
    return fields
