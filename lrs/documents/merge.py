"""What a POST makes of the document that is there (Communication 2.2, JSON procedure)."""

from __future__ import annotations

from typing import Any

import orjson

from lrs.documents.documents import Content
from lrs.errors import InvalidDocument, MalformedJson
from lrs.xapi.decode import decode_json


def check_json(content: Content, *, depth_max: int) -> None:
    """MalformedJson if ``content`` calls itself JSON and is none; other types may hold any bytes."""
    if content.is_json:
        decode_json(content.body, depth_max=depth_max)


def merged(present: Content | None, posted: Content, *, depth_max: int) -> Content:
    """The document after ``posted`` was posted to it; ``posted`` itself when there is none yet.

    Both must be JSON objects, else InvalidDocument. Only members at the top are merged: each of ``posted`` replaces
    the one of that name as a whole, the others stay.
    """
    if present is None:
        check_json(posted, depth_max=depth_max)
        return posted
    before = _members(present, "the present document", depth_max)
    return Content(posted.content_type, orjson.dumps(before | _members(posted, "the posted document", depth_max)))


def _members(content: Content, name: str, depth_max: int) -> dict[str, Any]:
    if not content.is_json:
        raise InvalidDocument(
            f"only JSON objects can be merged, and {name} is {content.content_type}: replace it with PUT"
        )
    try:
        value = decode_json(content.body, depth_max=depth_max)
    except MalformedJson as error:
        raise InvalidDocument(f"{name} is not JSON: {error.message}", problems=error.problems) from None
    if not isinstance(value, dict):
        raise InvalidDocument(f"only JSON objects can be merged, and {name} is another JSON value: replace it with PUT")
    return value
