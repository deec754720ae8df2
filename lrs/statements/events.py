"""Events behind statements: how the same one is known again when it comes under another id.

event-routing-backends makes the id from the Python text of the timestamp, which differs between live sending and
replay, and tells its own version in an extension. Actor, verb, object and instant stay.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from lrs.xapi.actors import ifi
from lrs.xapi.equivalent import equivalent
from lrs.xapi.timestamps import parse_timestamp

TRANSFORMER_VERSION = "https://w3id.org/xapi/openedx/extension/transformer-version"
EVENT_KEY_BYTES = 16


def event_key(statement: Mapping[str, Any]) -> bytes | None:
    """16 bytes that are equal for statements of the same actor, verb, object and instant.

    None when one of them is missing or the object is no Activity: then only the id tells.
    """
    actor = ifi(statement["actor"])
    target = statement["object"]
    if actor is None or "timestamp" not in statement or target.get("objectType", "Activity") not in _ACTIVITIES:
        return None
    instant_us = parse_timestamp(statement["timestamp"])
    text = "\n".join((actor, statement["verb"]["id"], target["id"], str(instant_us)))
    return hashlib.sha256(text.encode()).digest()[:EVENT_KEY_BYTES]


_ACTIVITIES = ("Activity", "GroupActivity")


def same_event(new: Mapping[str, Any], stored: Mapping[str, Any]) -> bool:
    """Whether two statements tell the same event, whatever their ids.

    The statement that a context refers to is left out too: it is the parent's, and has the same two ids.
    """
    return equivalent(_event(new), _event(stored), ignore_extensions=(TRANSFORMER_VERSION,))


def _event(statement: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: value for name, value in statement.items() if name != "id"}
    if "context" in told:
        told["context"] = {name: value for name, value in told["context"].items() if name != "statement"}
    return told
