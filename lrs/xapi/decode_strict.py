"""The strict decoder: slow, complete, and able to say where a text is wrong.

It never recurses, so no nesting can exhaust the stack. What it accepts, it decodes to the same value as orjson.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

from lrs.errors import MalformedJson, Problem
from lrs.xapi.paths import json_path, quoted

INTEGER_MIN: Final = -(2**63)
INTEGER_MAX: Final = 2**63 - 1
_INTEGER_CHARS_MAX: Final = len(str(INTEGER_MIN))

# Why a text is refused although it is JSON.
REASONS: Final = {
    "depth": "arrays and objects nest too deep",
    "duplicate-name": "a name stands twice in one object",
    "lone-surrogate": "half of a surrogate pair stands alone in a string",
    "nul": "NUL is not allowed in a string",
    "number-range": "a number is out of range: integers have 64 bits, other numbers are doubles",
}

_SPACES: Final = " \t\n\r"
_SPACE_RUN = re.compile(f"[{_SPACES}]++")
_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]*+))((?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+)")
_STRING = re.compile(r'"[^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+"')
_STRING_SO_FAR = re.compile(r'"[^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+')
_SURROGATE = re.compile("[\ud800-\udfff]")
_WORDS: Final = {"t": ("true", True), "f": ("false", False), "n": ("null", None)}
_UNKNOWN_WORD = re.compile(r"[-+]?(?:NaN|Infinity)")
_OPENED: Final = object()


def decode_json_strictly(raw: bytes, *, depth_max: int) -> Any:
    """As ``decode.decode_json``, without the short cut."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        place = f"byte {error.start}"
        raise _malformed(
            f"The text is not UTF-8 at {place}.", Problem("$", "utf-8", f"{error.reason} at {place}")
        ) from None
    if text.startswith("\ufeff"):
        raise _malformed(
            "The text starts with a byte order mark.", Problem("$", "byte-order-mark", "not allowed in JSON")
        )
    return _Reader(text, depth_max).document()


def _malformed(message: str, problem: Problem) -> MalformedJson:
    return MalformedJson(message, problems=(problem,))


class _Frame:
    """A container that is still open; ``name`` is where the next value of an object goes."""

    __slots__ = ("container", "name")

    def __init__(self, container: dict[str, Any] | list[Any]) -> None:
        self.container = container
        self.name: str | None = None


class _Reader:
    """Reads one text from left to right; the frames hold what is open at ``at``."""

    def __init__(self, text: str, depth_max: int) -> None:
        self.text = text
        self.at = 0
        self.depth_max = depth_max
        self.frames: list[_Frame] = []

    def document(self) -> Any:
        value = self._value()
        while True:
            if value is _OPENED:
                value = self._first()
            elif self.frames:
                self._keep(value)
                value = self._after_value()
            else:
                break
        if self._peek():
            raise self._failure("syntax", "more text follows after the end of the value")
        return value

    def _value(self) -> Any:
        """A string, number or word; or ``_OPENED`` after the start of a container."""
        char = self._peek()
        if char == '"':
            return self._string()
        if char in ("{", "["):
            return self._open({} if char == "{" else [])
        number = _NUMBER.match(self.text, self.at)
        if number is not None:
            return self._number(number)
        word, value = _WORDS.get(char, ("", None))
        if word and self.text.startswith(word, self.at):
            self.at += len(word)
            return value
        if not char:
            raise self._failure("syntax", "the text ends where a value should stand")
        unknown = _UNKNOWN_WORD.match(self.text, self.at)
        raise self._failure(
            "syntax", f"{unknown[0]} is not JSON" if unknown else f"a value can't start with {quoted(char)}"
        )

    def _open(self, container: dict[str, Any] | list[Any]) -> Any:
        if len(self.frames) >= self.depth_max:
            raise self._failure("depth")
        self.frames.append(_Frame(container))
        self.at += 1
        return _OPENED

    def _first(self) -> Any:
        """What follows the start of a container: its end, or its first value."""
        if self._peek() == self._closing():
            return self._close()
        return self._next()

    def _after_value(self) -> Any:
        """What follows a value inside a container: its end, or a comma and the next value."""
        char = self._peek()
        if char == self._closing():
            return self._close()
        if char != ",":
            raise self._failure("syntax", f"',' or '{self._closing()}' is missing")
        self.at += 1
        if self._peek() == self._closing():
            raise self._failure("syntax", "a comma may not stand at the end")
        return self._next()

    def _next(self) -> Any:
        frame = self.frames[-1]
        if isinstance(frame.container, dict):
            self._name(frame, frame.container)
        return self._value()

    def _name(self, frame: _Frame, container: dict[str, Any]) -> None:
        if self._peek() != '"':
            raise self._failure("syntax", "a name in double quotes is missing")
        start, frame.name = self.at, None
        name = self._string()
        frame.name = name
        if name in container:
            raise self._failure("duplicate-name", f"the name {quoted(name)} stands twice in one object", at=start)
        if self._peek() != ":":
            raise self._failure("syntax", "':' is missing after a name")
        self.at += 1

    def _keep(self, value: Any) -> None:
        frame = self.frames[-1]
        if isinstance(frame.container, list):
            frame.container.append(value)
        else:
            assert frame.name is not None
            frame.container[frame.name] = value

    def _closing(self) -> str:
        return "}" if isinstance(self.frames[-1].container, dict) else "]"

    def _close(self) -> Any:
        self.at += 1
        return self.frames.pop().container

    def _string(self) -> str:
        match = _STRING.match(self.text, self.at)
        if match is None:
            so_far = _STRING_SO_FAR.match(self.text, self.at)
            assert so_far is not None
            ended = so_far.end() >= len(self.text.rstrip("\\"))
            raise self._failure(
                "syntax",
                "a string does not end" if ended else "a control character stands unescaped in a string",
                at=self.at if ended else so_far.end(),
            )
        literal = match[0]
        value = literal[1:-1]
        if "\\" in literal:
            value = self._unescaped(literal)
        self.at = match.end()
        return value

    def _unescaped(self, literal: str) -> str:
        try:
            value: str = json.loads(literal)
        except json.JSONDecodeError as error:
            raise self._failure("syntax", "unknown escape in a string", at=self.at + error.pos) from None
        if _SURROGATE.search(value):
            raise self._failure("lone-surrogate")
        if "\x00" in value:
            raise self._failure("nul")
        return value

    def _number(self, match: re.Match[str]) -> int | float:
        whole, rest = match.groups()
        if rest:
            number = float(match[0])
            if math.isinf(number):
                raise self._failure("number-range")
            self.at = match.end()
            return number
        if len(whole) > _INTEGER_CHARS_MAX or not INTEGER_MIN <= int(whole) <= INTEGER_MAX:
            raise self._failure("number-range")
        self.at = match.end()
        return int(whole)

    def _peek(self) -> str:
        """The next character that is not white space, or the empty string at the end."""
        char = self.text[self.at : self.at + 1]
        if char and char in _SPACES:
            space = _SPACE_RUN.match(self.text, self.at)
            assert space is not None
            self.at = space.end()
            char = self.text[self.at : self.at + 1]
        return char

    def _path(self) -> str:
        steps: list[str | int] = []
        for frame in self.frames:
            if isinstance(frame.container, list):
                steps.append(len(frame.container))
            elif frame.name is not None:
                steps.append(frame.name)
        return json_path(steps)

    def _failure(self, rule: str, reason: str | None = None, *, at: int | None = None) -> MalformedJson:
        reason = reason or REASONS[rule]
        at = self.at if at is None else at
        line = self.text.count("\n", 0, at) + 1
        column = at - (self.text.rfind("\n", 0, at) + 1) + 1
        path = self._path()
        place = f"{path} (line {line}, column {column})"
        return _malformed(f"The text is not acceptable JSON: {reason}, at {place}.", Problem(path, rule, reason))
