"""multipart/mixed without sockets: a parser that is fed bytes as they come, and the pieces a body is written from.

RFC 2046 5.1, read strictly: lines end with CRLF, nothing but blank lines stands before the first boundary, and a
boundary that is continued by anything else is refused, because two readers could take it for two different things.
What stands after the closing boundary is ignored, as the standard demands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from lrs.errors import MalformedMultipart

_PARAMETER = re.compile(r';[ \t]*+(?:([^\s;="]++)=("(?:[^"\\]|\\.)*+"|[^\s;"]*+)[ \t]*+)?')
# RFC 2046 5.1.1, bchars; a blank may not come last.
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
_FOLDING = re.compile(rb"\r\n(?=[ \t])")
# RFC 5322 2.2, and in values nothing that could end a line.
_HEADER = re.compile(rb"([!-9;-~]+):([^\x00\r\n]*)")

_PADDING = b" \t"
_PADDING_BYTES_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class PartHead:
    """A part begins: its headers, with names in lower case."""

    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PartEnd:
    """The part has come to its end."""


Event = PartHead | bytes | PartEnd
"""What the parser tells, for each part: its head, its data in any number of pieces that are not empty, its end."""


class _State(Enum):
    """Where in the body the parser is; the value of each says what was cut off if the body ends there."""

    PREAMBLE = "before the first boundary"
    BOUNDARY_LINE = "in a boundary"
    HEAD = "in the headers of a part"
    DATA_START = "before the data of a part"
    DATA = "in the data of a part"
    EPILOGUE = "after the closing boundary"


def boundary_in(content_type: str) -> str:
    """The ``boundary`` parameter of a Content-Type, quoted or not; MalformedMultipart if there is none to use."""
    _, semicolon, rest = content_type.partition(";")
    rest, at = semicolon + rest, 0
    found: list[str] = []
    while at < len(rest):
        parameter = _PARAMETER.match(rest, at)
        if parameter is None:
            raise MalformedMultipart("the Content-Type of the request can't be read")
        if (parameter[1] or "").lower() == "boundary":
            found.append(parameter[2])
        at = parameter.end()
    if len(found) != 1:
        raise MalformedMultipart("the Content-Type of the request must have one boundary parameter")
    boundary = re.sub(r"\\(.)", r"\1", found[0][1:-1]) if found[0].startswith('"') else found[0]
    if _BOUNDARY.fullmatch(boundary) is None:
        raise MalformedMultipart("a boundary has 1 to 70 of the characters that RFC 2046 5.1.1 allows")
    return boundary


class MultipartParser:
    """Parses one body; ``header_bytes_max`` bounds the headers of one part, ``parts_max`` the number of parts.

    Between calls it holds no more than the headers of one part, or as much as a boundary is long. Whatever is wrong
    with a body raises MalformedMultipart.
    """

    def __init__(self, boundary: str, *, header_bytes_max: int, parts_max: int) -> None:
        self._delimiter = b"\r\n--" + boundary.encode("ascii")
        self._header_bytes_max = header_bytes_max
        self._parts_max = parts_max
        # A delimiter begins with the end of a line, which the first one need not have before it.
        self._buffer = bytearray(b"\r\n")
        self._state = _State.PREAMBLE
        self._searched = 0
        self._parts = 0
        self._steps = {
            _State.PREAMBLE: self._preamble,
            _State.BOUNDARY_LINE: self._boundary_line,
            _State.HEAD: self._head,
            _State.DATA_START: self._data_start,
            _State.DATA: self._data,
            _State.EPILOGUE: self._epilogue,
        }

    def feed(self, data: bytes) -> list[Event]:
        """What became known by ``data``, the next bytes of the body."""
        self._buffer += data
        events: list[Event] = []
        while self._steps[self._state](events):
            pass
        return events

    def finish(self) -> None:
        """The body has ended; MalformedMultipart if it should not have ended here."""
        if self._state is not _State.EPILOGUE:
            raise MalformedMultipart(f"the body ends {self._state.value}: the closing boundary is missing")

    # Each step handles what it can, and returns whether the next one has something to do.

    def _preamble(self, _: list[Event]) -> bool:
        at = self._buffer.find(self._delimiter)
        blank = at if at >= 0 else len(self._buffer) - self._held()
        if self._buffer[:blank].strip(b"\r\n"):
            raise MalformedMultipart("the body must begin with the boundary")
        if at < 0:
            del self._buffer[:blank]
            return False
        self._take_delimiter(at)
        return True

    def _boundary_line(self, _: list[Event]) -> bool:
        if self._buffer.startswith(b"--"):
            self._state = _State.EPILOGUE
            return True
        line = bytes(self._buffer[: _PADDING_BYTES_MAX + 2])
        padding = line.lstrip(_PADDING)
        if padding.startswith(b"\r\n"):
            # The end of this line stays: with it, no headers at all look like any others.
            del self._buffer[: len(line) - len(padding)]
            self._state, self._searched = _State.HEAD, 0
            return True
        undecided = padding in (b"", b"\r") or line == b"-"
        if not undecided or len(line) > _PADDING_BYTES_MAX:
            raise MalformedMultipart("the boundary stands where it is no boundary: choose one that is not in the data")
        return False

    def _head(self, events: list[Event]) -> bool:
        at = self._buffer.find(b"\r\n\r\n", self._searched)
        if (at if at >= 0 else len(self._buffer) - 4) > self._header_bytes_max:
            raise MalformedMultipart(f"a part has more than {self._header_bytes_max} bytes of headers")
        if at < 0:
            self._searched = max(0, len(self._buffer) - 3)
            return False
        self._parts += 1
        if self._parts > self._parts_max:
            raise MalformedMultipart(f"the body has more than {self._parts_max} parts")
        events.append(PartHead(_headers(bytes(self._buffer[:at]))))
        # The end of the blank line stays: a part without data may use it for the boundary that follows.
        del self._buffer[: at + 2]
        self._state = _State.DATA_START
        return True

    def _data_start(self, events: list[Event]) -> bool:
        if self._buffer.startswith(self._delimiter):
            events.append(PartEnd())
            self._take_delimiter(0)
            return True
        if self._delimiter.startswith(self._buffer):
            return False
        del self._buffer[:2]
        self._state = _State.DATA
        return True

    def _data(self, events: list[Event]) -> bool:
        at = self._buffer.find(self._delimiter)
        end = at if at >= 0 else len(self._buffer) - self._held()
        if end:
            events.append(bytes(memoryview(self._buffer)[:end]))
        if at < 0:
            del self._buffer[:end]
            return False
        events.append(PartEnd())
        self._take_delimiter(at)
        return True

    def _epilogue(self, _: list[Event]) -> bool:
        self._buffer.clear()
        return False

    def _held(self) -> int:
        """How many of the last bytes may be the beginning of a delimiter: it has only one CR, its first byte."""
        at = self._buffer.rfind(b"\r", max(0, len(self._buffer) - len(self._delimiter)))
        return len(self._buffer) - at if at >= 0 and self._delimiter.startswith(self._buffer[at:]) else 0

    def _take_delimiter(self, at: int) -> None:
        del self._buffer[: at + len(self._delimiter)]
        self._state = _State.BOUNDARY_LINE


def _headers(raw: bytes) -> dict[str, str]:
    """The headers in ``raw``, each line of which has CRLF before it."""
    headers: dict[str, str] = {}
    for line in _FOLDING.sub(b"", raw).split(b"\r\n")[1:]:
        header = _HEADER.fullmatch(line)
        if header is None:
            raise MalformedMultipart("a part has a header that can't be read")
        name = header[1].decode("ascii").lower()
        if name in headers:
            raise MalformedMultipart(f"a part has two headers {name}")
        headers[name] = header[2].decode("latin-1").strip(" \t")
    return headers


def part_head(boundary: str, headers: Mapping[str, str], *, first: bool = False) -> bytes:
    """All that is written between the data of the part before, unless this is the ``first``, and that of this one."""
    lines = [f"--{boundary}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    assert all(line.isascii() and line.isprintable() for line in lines)
    return (b"" if first else b"\r\n") + "\r\n".join(lines).encode("ascii")


def closing(boundary: str) -> bytes:
    """All that is written after the data of the last part."""
    return f"\r\n--{boundary}--\r\n".encode("ascii")
