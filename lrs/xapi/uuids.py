"""UUIDs in their standard string form (Data 4.4); upper and lower case are the same UUID."""

from __future__ import annotations

from lrs.xapi.definitions import pattern


def is_uuid(text: str) -> bool:
    """True for 8-4-4-4-12 hexadecimal digits: no braces, no ``urn:uuid:``, any version and variant."""
    return pattern("uuid").fullmatch(text) is not None
