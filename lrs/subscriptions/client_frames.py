"""What a client may say, read strictly: an unknown member or type is an error, never skipped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from lrs.errors import MalformedJson, RequestError
from lrs.limits import Limits
from lrs.subscriptions.openings import OPENING_MEMBERS, Opening, is_name, opening_in_frame
from lrs.xapi.decode import decode_json

REQUEST_ID_CHARACTERS_MAX = 64

RequestId = str | int | None
"""``id`` of a client's frame, echoed as ``re`` in the answer; None when there is none."""


class TokenGiven(NamedTuple):
    """``auth``: the first frame of a connection without credential, and later the renewal."""

    re: RequestId
    token: str


class Subscribe(NamedTuple):
    re: RequestId
    name: str
    opening: Opening


class Unsubscribe(NamedTuple):
    re: RequestId
    name: str


class Acknowledge(NamedTuple):
    """``ack``: all up to ``cursor`` is dealt with."""

    re: RequestId
    name: str
    cursor: str


Request = TokenGiven | Subscribe | Unsubscribe | Acknowledge


def decode_frame(raw: bytes, limits: Limits) -> dict[str, Any]:
    """The JSON object in ``raw``; MalformedJson when there is none, or when it is nested too deeply."""
    frame = decode_json(raw, depth_max=limits.client_frame_depth_max)
    if not isinstance(frame, dict):
        raise MalformedJson("a frame must be a JSON object")
    return frame


def request_id(frame: Mapping[str, Any]) -> RequestId:
    """``id`` of ``frame`` if it is one that can be echoed, else None."""
    match frame.get("id"):
        case bool():
            return None
        case int(number) if abs(number) < 2**53:
            return number
        case str(text) if len(text) <= REQUEST_ID_CHARACTERS_MAX:
            return text
        case _:
            return None


def parse_request(frame: Mapping[str, Any], limits: Limits) -> Request:
    """What ``frame`` asks for; RequestError says what is wrong with it."""
    re_ = request_id(frame)
    if re_ is None and "id" in frame:
        raise RequestError(f"id must be a number below 2^53, or text of at most {REQUEST_ID_CHARACTERS_MAX} characters")
    match frame.get("type"):
        case "auth":
            _only(frame, {"token"})
            return TokenGiven(re_, _text(frame, "token"))
        case "subscribe":
            _only(frame, {"sub", *OPENING_MEMBERS})
            return Subscribe(re_, _name(frame), opening_in_frame(frame, limits))
        case "unsubscribe":
            _only(frame, {"sub"})
            return Unsubscribe(re_, _name(frame))
        case "ack":
            _only(frame, {"sub", "cursor"})
            return Acknowledge(re_, _name(frame), _text(frame, "cursor"))
        case str(other):
            raise RequestError(f"unknown type {other[:64]!r}; there are: auth, subscribe, unsubscribe, ack")
        case _:
            raise RequestError("a frame must have a type")


def _only(frame: Mapping[str, Any], members: set[str]) -> None:
    unknown = sorted(frame.keys() - members - {"type", "id"})
    if unknown:
        raise RequestError(f"{frame['type']} has an unknown member {unknown[0][:64]!r}")


def _text(frame: Mapping[str, Any], member: str) -> str:
    value = frame.get(member)
    if not isinstance(value, str):
        raise RequestError(f"{frame['type']} must have {member}, as text")
    return value


def _name(frame: Mapping[str, Any]) -> str:
    name = _text(frame, "sub")
    if not is_name(name):
        raise RequestError("sub must be 1 to 64 letters, digits, and any of _ . : -")
    return name
