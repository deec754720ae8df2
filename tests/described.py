"""What the stream sends and takes, held to its AsyncAPI description."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any

import jsonschema_rs
import orjson

from lrs.subscriptions.description import document, payload_schema

FROM_CLIENT = ("auth", "subscribe", "ack", "unsubscribe")
FROM_SERVER = tuple(name for name in document()["channels"]["stream"]["messages"] if name not in FROM_CLIENT)
BY_EVENTS = tuple(document()["channels"]["events"]["messages"])


@cache
def validator(message: str) -> jsonschema_rs.Draft7Validator:
    """The schema of ``message``, and no member beside: to clients others may come, but none that is not described."""
    schema = deepcopy(payload_schema(message))
    for name, described in schema["components"]["schemas"].items():
        if name.endswith("Frame"):
            described["additionalProperties"] = False
    return jsonschema_rs.Draft7Validator(schema, validate_formats=True)


def check_sent(raw: bytes | str, allowed: tuple[str, ...] = FROM_SERVER) -> dict[str, Any]:
    """The frame in ``raw``; AssertionError when it is not as described."""
    frame: dict[str, Any] = orjson.loads(raw)
    assert frame["type"] in allowed, f"not described: {frame}"
    try:
        validator(frame["type"]).validate(frame)
    except jsonschema_rs.ValidationError as error:
        raise AssertionError(f"{frame} is not as described: {error}") from None
    return frame
