"""What the server says, as far as a reader must understand it."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from lrs.client.decoding import decode
from lrs.client.errors import Interrupted

# The members that a reader must know come first, so that statements need not be decoded to be passed on. A frame of
# another form is decoded whole.
_STATEMENTS = re.compile(
    rb'\{"type":"statements","sub":"(?P<sub>[^"\\]*)","prev":"(?P<prev>[^"\\]*)","cursor":"(?P<cursor>[^"\\]*)",'
)


class Statements(NamedTuple):
    """A frame of statements, which stay as they came."""

    sub: str
    prev: str
    cursor: str


def read_frame(raw: bytes) -> Statements | dict[str, Any]:
    """The frame in ``raw``. Interrupted if it is none: something on the way has damaged it."""
    found = _STATEMENTS.match(raw)
    if found:
        return Statements(*(text.decode() for text in found.groups()))
    try:
        frame = decode(raw)
        if frame["type"] == "statements":
            return Statements(frame["sub"], frame["prev"], frame["cursor"])
    except (ValueError, TypeError, KeyError):
        raise Interrupted("a frame could not be read") from None
    if not isinstance(frame, dict):
        raise Interrupted("a frame could not be read")
    return frame
