"""Where a subscription begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from lrs.errors import InvalidParameter
from lrs.xapi.timestamps import parse_timestamp


class After(NamedTuple):
    """Right after the record that this cursor stands for."""

    cursor: str


class Stored(NamedTuple):
    """With the first record stored at this time (microseconds since the epoch) or later."""

    stored_us: int


Start = After | Stored | Literal["now", "beginning"]

START_MEMBERS = frozenset({"after", "from"})


def parse_start(members: Mapping[str, Any]) -> Start:
    """The start that ``after`` or ``from`` in ``members`` asks for; now when neither is there.

    InvalidParameter names what is wrong.
    """
    if members.keys() >= START_MEMBERS:
        raise InvalidParameter("after and from can't be combined")
    if "after" in members:
        return _after(members["after"])
    match members.get("from", "now"):
        case "now":
            return "now"
        case "beginning":
            return "beginning"
        case {"stored": str(text), **rest} if not rest:
            return _stored(text)
        case _:
            raise InvalidParameter('from must be "now", "beginning" or {"stored": "<timestamp>"}')


def parse_start_text(name: str, value: str) -> Start:
    """The same from the URL: ``after=<cursor>``, ``from=now``, ``from=beginning`` or ``from=<timestamp>``."""
    if name == "after":
        return _after(value)
    if value == "now":
        return "now"
    if value == "beginning":
        return "beginning"
    # A time zone's plus that was left unencoded; no timestamp holds a blank.
    return _stored(value.replace(" ", "+"))


def _after(cursor: Any) -> After:
    if not isinstance(cursor, str):
        raise InvalidParameter("after must be a cursor, as text")
    return After(cursor)


def _stored(text: str) -> Stored:
    try:
        return Stored(parse_timestamp(text))
    except ValueError:
        raise InvalidParameter(f"from: {text!r} is not an ISO 8601 timestamp") from None
