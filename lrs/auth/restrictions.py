"""What a grant is restricted to beside courses: verbs, activity types, sites and actors (OEP-26).

Each restriction is a set of values, or None where there is none. Courses are in ``grants``; how a statement is measured
by both is in ``lrs.statements.match``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from lrs.errors import InvalidParameter
from lrs.xapi.actors import identified, identifier, site
from lrs.xapi.iris import is_iri

ACTORS = "actors"


@dataclass(frozen=True, slots=True)
class Restrictions:
    """``verbs``, ``activity_types``: IRIs. ``sites``: homePages of the accounts of actors. ``actors``: canonical IFIs.

    An empty set covers nothing.
    """

    verbs: frozenset[str] | None = None
    activity_types: frozenset[str] | None = None
    sites: frozenset[str] | None = None
    actors: frozenset[str] | None = None

    @classmethod
    def of(cls, members: Mapping[str, Any]) -> Restrictions:
        """The restrictions in ``members``, as JSON has them: arrays of IRIs, and of Agents or Identified Groups.

        InvalidParameter for an unknown member, which may be a limit that is not understood, and for a value that can't
        be.
        """
        for name in members:
            if name not in RESTRICTIONS:
                raise InvalidParameter(f"a grant has no {name!r}; there are: courses, {', '.join(RESTRICTIONS)}")
        return cls(**{name: _values(name, values) for name, values in members.items()})

    def __bool__(self) -> bool:
        """Whether there is any."""
        return any(values is not None for _, values in self.items())

    def items(self) -> Iterable[tuple[str, frozenset[str] | None]]:
        """Each restriction by name."""
        return ((name, getattr(self, name)) for name in RESTRICTIONS)

    def narrowed(self, other: Restrictions) -> Restrictions:
        """What both cover; never wider than either."""
        return Restrictions(**{name: _both(values, getattr(other, name)) for name, values in self.items()})

    def excess(self, other: Restrictions) -> str | None:
        """The name of a restriction by which ``other`` covers more than this; None if it covers no more."""
        both = self.narrowed(other)
        return next((name for name, values in other.items() if values != getattr(both, name)), None)

    def cover_agent(self, name: str | None) -> bool:
        """Whether documents of the agent with this canonical IFI are covered; None: documents that have no agent.

        They have neither verb nor type, so only ``sites`` and ``actors`` are asked.
        """
        if self.actors is not None and name not in self.actors:
            return False
        return self.sites is None or (name is not None and site(name) in self.sites)

    def to_json(self) -> dict[str, list[Any]]:
        """The form for JSON, sorted; only those that there are."""
        found: dict[str, list[Any]] = {name: sorted(values) for name, values in self.items() if values is not None}
        if ACTORS in found:
            found[ACTORS] = [identified(name) for name in found[ACTORS]]
        return found


RESTRICTIONS = tuple(field.name for field in fields(Restrictions))
"""The names, in the order in which they are shown."""

NO_RESTRICTIONS = Restrictions()


def _values(name: str, values: Any) -> frozenset[str]:
    if not isinstance(values, (list, tuple)):
        raise InvalidParameter(f"{name} of a grant must be an array")
    if name == ACTORS:
        return frozenset(identifier(value, "an actor of a grant") for value in values)
    return frozenset(map(_iri, values))


def _iri(value: Any) -> str:
    if not (isinstance(value, str) and is_iri(value)):
        raise InvalidParameter(f"{value!r} in a grant is not an absolute IRI")
    return value


def _both(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    if one is None:
        return other
    return one if other is None else one & other
