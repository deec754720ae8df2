"""Statements in files: JSON Lines, a JSON array, or a log with a statement at the end of each line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from lrs.errors import MalformedJson

_BLANK = b" \t\r\n"
_BETWEEN = re.compile(r"[ \t\r\n]*[,\[]?[ \t\r\n]*")
_ELEMENT_CHARACTERS_MAX = 64 * 1024 * 1024


def in_line(line: bytes) -> bytes | None:
    """The JSON object in ``line``, with whatever a logger wrote before it cut off; None for a blank line.

    A line without an object is returned as it is: it is for the one who stores to say what is wrong with it.
    """
    text = line.strip(_BLANK)
    if not text:
        return None
    # A logger's prefix, as in "2026-11-22 10:00:00,000 INFO … [xapi_tracking] … - {", may hold brackets, but no braces.
    start = text.find(b"{")
    return text[start:] if start > 0 and not text.startswith(b"[") else text


def in_array(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
    """The elements of one JSON array that comes in ``chunks``, each with how many bytes lie behind its end.

    Memory holds one element and a chunk. Raises MalformedJson where it is no array of JSON values in UTF-8.
    """
    decoder = json.JSONDecoder()
    text, behind = "", 0
    rest = b""
    for chunk in chunks:
        # A chunk may end inside a character.
        data = rest + chunk
        cut = len(data) - _open_bytes(data)
        rest = data[cut:]
        try:
            text += data[:cut].decode()
        except UnicodeDecodeError:
            raise MalformedJson(f"what follows byte {behind} is no UTF-8") from None
        position = 0
        while True:
            start = _BETWEEN.match(text, position)
            assert start is not None
            if start.end() == len(text) or text[start.end()] == "]":
                break
            try:
                _, end = decoder.raw_decode(text, start.end())
            except json.JSONDecodeError:
                if len(text) - start.end() > _ELEMENT_CHARACTERS_MAX:
                    raise MalformedJson(f"what begins at byte {behind} is no JSON value") from None
                break
            if end == len(text):
                # A number could go on in the next chunk; an object could not, but is there then as well.
                break
            behind += len(text[position:end].encode())
            yield text[start.end() : end].encode(), behind
            position = end
        text = text[position:]
    if rest or text.strip(" \t\r\n,[") != "]":
        raise MalformedJson(f"the array does not end as one, after byte {behind}")


def _open_bytes(data: bytes) -> int:
    """How many bytes at the end of ``data`` begin a character that is not complete."""
    for count in range(1, min(4, len(data)) + 1):
        byte = data[-count]
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return count if count < length else 0
        if byte < 0x80:
            return 0
    return 0
