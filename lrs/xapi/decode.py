"""JSON from outside: decoded strictly, at nearly the speed of orjson.

orjson refuses most of what we refuse, but not all: it takes the last of two equal names, turns integers beyond 64 bits
into floats, nests 1,024 deep, and takes NUL in strings. Each of these leaves a trace in the bytes of a text that orjson
has accepted, and traces are found far faster than a text is read again. The strict decoder then only names the place.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Any, Final

import orjson

from lrs.errors import MalformedJson, Problem
from lrs.xapi.decode_strict import INTEGER_MAX, REASONS, decode_json_strictly

# Naming the place of a mistake costs about 2 microseconds per token; beyond this the answer says only what is wrong.
LOCATED_TOKENS_MAX: Final = 500_000

# orjson writes no value that nests deeper.
_DUMPS_DEPTH_MAX: Final = 254

_DIGITS_TO_ZERO: Final = bytes.maketrans(b"123456789", b"000000000")
_LONG_INTEGER_CHARS: Final = len(str(INTEGER_MAX))
_ZEROS: Final = b"0" * _LONG_INTEGER_CHARS
# An empty text stands for the beginning and the end; it is in each of these.
_BEFORE_NUMBER: Final = b"[,:- \t\r\n"
_AFTER_NUMBER: Final = b",]} \t\r\n"
_LONG_INTEGER = re.compile(rb"[0-9]{%d,}+" % _LONG_INTEGER_CHARS)
# Everything that is no long integer: strings, punctuation, floats, short integers.
_HARMLESS = re.compile(
    rb'(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"|[^"0-9]++|[0-9]++[.eE][0-9.eE+-]*+|[0-9]{1,%d}+(?![0-9]))*+'
    % (_LONG_INTEGER_CHARS - 1)
)

_NOT_STRUCTURE: Final = bytes(set(range(256)) - set(b'[]{}"'))
_STEPS: Final = dict(zip(b"[{]}", (1, 1, -1, -1), strict=True))


def decode_json(raw: bytes, *, depth_max: int) -> Any:
    """The value of one JSON text.

    ``depth_max`` is how deep arrays and objects may nest: ``[[1]]`` has depth 2. Refused with MalformedJson, which
    says what, where and why: anything that is not JSON in UTF-8 (RFC 8259), a byte order mark, a name that stands twice
    in one object, NaN and Infinity, numbers that overflow a double, integers that overflow 64 bits, lone surrogates,
    NUL in strings, and deeper nesting.
    """
    assert depth_max <= _DUMPS_DEPTH_MAX
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _located(raw, depth_max, Problem("$", "syntax", str(error))) from None
    rule = _broken_rule(raw, value, depth_max)
    if rule is not None:
        raise _located(raw, depth_max, Problem("$", rule, REASONS[rule]))
    return value


def _located(raw: bytes, depth_max: int, problem: Problem) -> MalformedJson:
    """The error of the strict decoder, which names the place; or ``problem`` where that would take too long."""
    if sum(map(raw.count, (b",", b":", b"[", b"{"))) <= LOCATED_TOKENS_MAX:
        try:
            decode_json_strictly(raw, depth_max=depth_max)
        except MalformedJson as error:
            return error
    return MalformedJson(f"The text is not acceptable JSON: {problem.reason}.", problems=(problem,))


def _broken_rule(raw: bytes, value: Any, depth_max: int) -> str | None:
    """Which of our rules ``raw`` breaks, although orjson has decoded it to ``value``."""
    escaped_colons = 0
    if b"\\" in raw and b"\\u00" in raw:
        escapes = raw.replace(b"\\\\", b"")
        if b"\\u0000" in escapes:
            return "nul"
        escaped_colons = escapes.count(b"\\u003a") + escapes.count(b"\\u003A")
    try:
        texts = list(map(orjson.dumps, value)) if isinstance(value, list) else [orjson.dumps(value)]
    except orjson.JSONEncodeError:
        return "depth"
    # Of few containers, none can be too deep. In a batch that holds for each statement, and not for the whole.
    if max((t.count(b"[") + t.count(b"{") for t in texts), default=0) >= depth_max and _is_deeper(raw, depth_max):
        return "depth"
    # orjson writes each colon of the value once, so every colon that is missing went with a repeated name.
    if raw.count(b":") + escaped_colons != sum(text.count(b":") for text in texts):
        return "duplicate-name"
    if _has_large_integer(raw):
        return "number-range"
    return None


def _has_large_integer(raw: bytes) -> bool:
    """True if ``raw``, which is JSON, has an integer that does not fit into signed 64 bits."""
    if not _may_have_long_number(raw):
        return False
    at = 0
    while True:
        harmless = _HARMLESS.match(raw, at)
        long = _LONG_INTEGER.match(raw, harmless.end() if harmless else at)
        if long is None:
            return False
        bound = INTEGER_MAX + 1 if raw.endswith(b"-", 0, long.start()) else INTEGER_MAX
        if len(long[0]) > _LONG_INTEGER_CHARS or int(long[0]) > bound:
            return True
        at = long.end()


def _may_have_long_number(raw: bytes) -> bool:
    """False if every long run of digits in ``raw`` can be seen to be a part of a string, or of a float."""
    zeros = raw.translate(_DIGITS_TO_ZERO)
    start = zeros.find(_ZEROS)
    while start >= 0:
        run = _LONG_INTEGER.match(raw, start)
        assert run is not None
        end = run.end()
        if raw[start - 1 : start] in _BEFORE_NUMBER and raw[end : end + 1] in _AFTER_NUMBER:
            return True
        start = zeros.find(_ZEROS, end)
    return False


def _is_deeper(raw: bytes, depth_max: int) -> bool:
    """True if the containers of ``raw``, which is JSON, nest deeper than ``depth_max``: slower than to count them.

    Only quotes and brackets are kept. Quotes of strings without brackets then stand in pairs, and go; those that are
    left still open and close by turns, so every second piece between them is the inside of a string.
    """
    if b"\\" in raw:
        raw = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    brackets = raw.translate(None, _NOT_STRUCTURE).replace(b'""', b"")
    if b'"' in brackets:
        brackets = b"".join(brackets.split(b'"')[::2])
    return max(accumulate(map(_STEPS.__getitem__, brackets))) > depth_max
