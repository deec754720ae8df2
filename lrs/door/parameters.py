"""Parameters of a request, from text to what they mean; whatever is wrong with one is an InvalidParameter."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from lrs.errors import InvalidParameter, InvalidStatement, MalformedJson
from lrs.xapi.decode import decode_json
from lrs.xapi.iris import is_iri
from lrs.xapi.timestamps import parse_timestamp
from lrs.xapi.uuids import is_uuid
from lrs.xapi.validate import check_agent

PAIRS_MAX = 1_000
"""Most parameters that a query string or a form may have."""


def pairs(raw: bytes, what: str) -> list[tuple[str, str]]:
    """Names and values of ``raw``, which has the form of a query string, in order; all must be UTF-8.

    ``what`` is how it is called in an error.
    """
    if not raw:
        return []
    try:
        return parse_qsl(raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=PAIRS_MAX)
    except UnicodeDecodeError:
        raise InvalidParameter(f"{what} is not UTF-8") from None
    except ValueError:
        raise InvalidParameter(f"{what} has more than {PAIRS_MAX} parameters") from None


def once(parameters: Iterable[tuple[str, str]], known: Collection[str]) -> dict[str, str]:
    """The ``parameters`` by name; each must be in ``known``, in this very case, and stand there once
    (Communication 3.2).
    """
    given: dict[str, str] = {}
    for name, value in parameters:
        if name not in known:
            allowed = ", ".join(sorted(known)) or "none"
            raise InvalidParameter(f"unknown parameter {name!r}; here are (case-sensitive): {allowed}")
        if name in given:
            raise InvalidParameter(f"parameter {name} is given more than once")
        given[name] = value
    return given


def required(given: Mapping[str, str], name: str) -> str:
    """The value of ``name``, which must be there and not be empty."""
    value = given.get(name)
    if not value:
        raise InvalidParameter(f"parameter {name} is {'missing' if value is None else 'empty'}")
    return value


def iri(given: Mapping[str, str], name: str) -> str:
    """The absolute IRI in ``name``, which is required."""
    value = required(given, name)
    if not is_iri(value):
        raise InvalidParameter(f"{name}={value!r} is not an absolute IRI")
    return value


def uuid(given: Mapping[str, str], name: str) -> UUID | None:
    """The UUID in ``name``; None if it is not given."""
    value = given.get(name)
    if value is None:
        return None
    if not is_uuid(value):
        raise InvalidParameter(f"{name}={value!r} is not a UUID")
    return UUID(value)


def timestamp_us(given: Mapping[str, str], name: str) -> int | None:
    """The instant in ``name`` in microseconds since the epoch; None if it is not given."""
    value = given.get(name)
    if value is None:
        return None
    try:
        return parse_timestamp(value)
    except ValueError:
        raise InvalidParameter(f"{name}={value!r} is not an ISO 8601 timestamp") from None


def agent(given: Mapping[str, str], name: str, *, depth_max: int, groups: bool) -> dict[str, Any]:
    """The Agent in ``name``, given as JSON, which is required; an Identified Group too if ``groups``."""
    try:
        value: dict[str, Any] = decode_json(required(given, name).encode(), depth_max=depth_max)
        check_agent(value, name)
    except (MalformedJson, InvalidStatement) as error:
        raise InvalidParameter(f"{name}: {error.message}", problems=error.problems) from None
    if not groups and value.get("objectType") == "Group":
        raise InvalidParameter(f"{name} must be an Agent; for a Group, give its identifier in an Agent")
    return value
