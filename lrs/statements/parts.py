"""Every Agent and every Activity that a statement holds, wherever it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Part = Mapping[str, Any]


def agents(statement: Part) -> Iterator[Part]:
    """The Agents and Groups of a stored statement: actor, object, context, authority; members; its SubStatement's."""
    for actor in _actors(statement):
        yield actor
        yield from actor.get("member", ())


def _actors(part: Part) -> Iterator[Part]:
    yield part["actor"]
    context, target = part.get("context", {}), part["object"]
    for holder, name in ((part, "authority"), (context, "instructor"), (context, "team")):
        if name in holder:
            yield holder[name]
    for entry in context.get("contextAgents", ()):
        yield entry["agent"]
    for entry in context.get("contextGroups", ()):
        yield entry["group"]
    kind = target.get("objectType")
    if kind in ("Agent", "Group"):
        yield target
    elif kind == "SubStatement":
        yield from _actors(target)


def activities(part: Part) -> Iterator[Part]:
    """The Activities of a stored statement: those of its context, its object, and its SubStatement's."""
    for listed in part.get("context", {}).get("contextActivities", {}).values():
        yield from listed
    target = part["object"]
    kind = target.get("objectType", "Activity")
    if kind == "Activity":
        yield target
    elif kind == "SubStatement":
        yield from activities(target)
