"""What a subscriber asks for: the filter of the stream protocol, as keys of the log.

On the wire a filter is an object of arrays: or within a member, and across members; an absent member is no condition.
An empty array, an unknown member and a malformed value are errors that name the member: a filter that is not
understood must not pass too much or too little in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from lrs.auth.grants import Grant, course_key
from lrs.errors import Forbidden, InvalidParameter, MalformedJson
from lrs.limits import Limits
from lrs.statements import keys
from lrs.statements.match import Filter
from lrs.statements.parameters import parse_id
from lrs.xapi.actors import identifier
from lrs.xapi.decode import decode_json
from lrs.xapi.iris import is_iri


class Asked(NamedTuple):
    """A filter, and the courses that it names: those must lie inside the grant (``require_courses``)."""

    filter: Filter
    courses: frozenset[str]


def parse_filter(members: Any, limits: Limits) -> Asked:
    """The filter in the JSON value ``members``; InvalidParameter names the member that is wrong."""
    if not isinstance(members, Mapping):
        raise InvalidParameter("filter must be an object")
    alternatives = []
    courses: frozenset[str] = frozenset()
    for name, values in members.items():
        if name not in _MEMBERS:
            raise InvalidParameter(f"filter has an unknown member {name!r}; there are: {', '.join(_MEMBERS)}")
        if not isinstance(values, list) or not values:
            raise InvalidParameter(f"filter.{name} must be an array with at least one value")
        if len(values) > limits.query_values_max:
            raise InvalidParameter(f"filter.{name} has more than {limits.query_values_max} values")
        names = frozenset(key for value in values for key in _MEMBERS[name](name, value))
        alternatives.append(names)
        if name == "course":
            courses = frozenset(key.removeprefix(keys.COURSE) for key in names)
    return Asked(Filter.of(*alternatives), courses)


def require_courses(courses: frozenset[str], grant: Grant) -> None:
    """Raises Forbidden when one of ``courses`` is outside ``grant``: silence would look like a quiet course."""
    for course in sorted(courses):
        if not grant.covers(course):
            raise Forbidden(f"this credential does not cover the course {course}")


def _course(_: str, value: Any) -> Iterable[str]:
    return (keys.COURSE + course_key(_text("course", value)),)


def _iri(*kinds: str) -> Callable[[str, Any], Iterable[str]]:
    """The reader of a member whose values are IRIs, found under each of ``kinds``."""

    def read(name: str, value: Any) -> Iterable[str]:
        iri = _text(name, value)
        if not is_iri(iri):
            raise InvalidParameter(f"filter.{name}: {iri!r} is not an absolute IRI")
        return [kind + iri for kind in kinds]

    return read


def _actor(name: str, value: Any) -> Iterable[str]:
    """An Agent or Identified Group; found as the parameter ``agent`` is (Communication 2.1.3)."""
    return (keys.AGENT + identifier(value, f"filter.{name}"),)


def _registration(name: str, value: Any) -> Iterable[str]:
    uuid = UUID(bytes=parse_id({f"filter.{name}": _text(name, value)}, f"filter.{name}"))
    return (keys.REGISTRATION + str(uuid),)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidParameter(f"filter.{name} must hold text")
    return value


_MEMBERS: Mapping[str, Callable[[str, Any], Iterable[str]]] = MappingProxyType(
    {
        "course": _course,
        "verb": _iri(keys.VERB),
        "activity": _iri(keys.ACTIVITY),
        "related_activity": _iri(keys.ACTIVITY, keys.RELATED_ACTIVITY),
        "activity_type": _iri(keys.ACTIVITY_TYPE),
        "actor": _actor,
        "registration": _registration,
        "platform": _iri(keys.PLATFORM),
    }
)
"""How the values of each member are read."""

FILTER_MEMBERS = tuple(_MEMBERS)


def value_in_url(name: str, text: str, limits: Limits) -> Any:
    """The JSON value for ``text``, as the member ``name`` has it in a URL."""
    if name != "actor":
        return text.replace(" ", "+")
    try:
        agent = decode_json(text.encode(), depth_max=limits.client_frame_depth_max)
    except MalformedJson as error:
        raise InvalidParameter(f"actor: {error.message}") from None
    if isinstance(agent, dict) and isinstance(agent.get("mbox"), str):
        agent["mbox"] = agent["mbox"].replace(" ", "+")
    return agent
