"""The parameters of the document resources (Communication 2.3, 2.6, 2.7; 9274.1.1 4.1.6.2, 4.1.6.5, 4.1.6.6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType

from lrs.documents.documents import Context, Kind
from lrs.door import parameters
from lrs.errors import InvalidParameter
from lrs.limits import Limits
from lrs.xapi.actors import ifi

_WITHIN = MappingProxyType(
    {
        Kind.STATE: ("activityId", "agent", "registration"),
        Kind.AGENT_PROFILE: ("agent",),
        Kind.ACTIVITY_PROFILE: ("activityId",),
    }
)
_ID = MappingProxyType({Kind.STATE: "stateId", Kind.AGENT_PROFILE: "profileId", Kind.ACTIVITY_PROFILE: "profileId"})


@dataclass(frozen=True, slots=True)
class Target:
    """What a request is about: one document of ``context``, or without ``id`` all of them (changed since then)."""

    context: Context
    id: str | None
    since_us: int | None


def parse_target(kind: Kind, method: str, pairs: Iterable[tuple[str, str]], version: str, limits: Limits) -> Target:
    """The target in the parameters of a request; InvalidParameter for what is unknown, repeated, missing or malformed.

    ``method`` is GET (for HEAD too), PUT, POST or DELETE. The agent may be an Identified Group under 2.0.0, while
    1.0.3 has only Agents here (Communication 2.6, note). ``since`` belongs to lists of ids.
    """
    name = _ID[kind]
    known = {*_WITHIN[kind], name}
    given = parameters.once(pairs, known | {"since"} if method == "GET" else known)
    several = kind is Kind.STATE if method == "DELETE" else method == "GET"
    document_id = None if several and name not in given else parameters.required(given, name)
    if document_id is not None and "since" in given:
        raise InvalidParameter(f"since is for lists of ids and can't be combined with {name}")
    agent = None
    if kind is not Kind.ACTIVITY_PROFILE:
        groups = not version.startswith("1.")
        agent = ifi(parameters.agent(given, "agent", depth_max=limits.json_depth_max, groups=groups))
    context = Context(
        kind,
        activity=None if kind is Kind.AGENT_PROFILE else parameters.iri(given, "activityId"),
        agent=agent,
        registration=parameters.uuid(given, "registration"),
    )
    return Target(context, document_id, parameters.timestamp_us(given, "since"))
