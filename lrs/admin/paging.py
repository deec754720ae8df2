"""Pages of a list, and the opaque text by which the next one is found."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import orjson

from lrs.errors import CursorInvalid, InvalidParameter

ITEMS_DEFAULT = 100
PARAMETERS = ("limit", "after")

_NUMBER_MAX = 2**63 - 1
_CURSOR_CHARACTERS_MAX = 2_000

Item = TypeVar("Item")
Key = tuple[str | int, ...]
"""Where an item stands in its list: larger means later, and no two are equal."""


class Asked(NamedTuple):
    """Which page. ``after``: the key of the last item of the page before."""

    limit: int
    after: Key | None


def asked(parameters: Mapping[str, str], shape: tuple[type, ...], limit_max: int) -> Asked:
    """The page that ``parameters`` ask for, of a list whose keys have this ``shape``.

    InvalidParameter for the limit; CursorInvalid for a text that no page gave.
    """
    text = parameters.get("limit", str(min(ITEMS_DEFAULT, limit_max)))
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= limit_max):
        raise InvalidParameter(f"limit={text!r} is not a whole number from 1 to {limit_max}")
    after = parameters.get("after")
    return Asked(int(text), None if after is None else _opened(after, shape))


def page(items: Sequence[Item], key: Callable[[Item], Key], wanted: Asked) -> tuple[list[Item], str | None]:
    """The page of ``items``, which are in the order of ``key``, and what leads to the next; None at the end."""
    rest = items if wanted.after is None else [one for one in items if key(one) > wanted.after]
    return cut(rest, key, wanted.limit)


def cut(items: Sequence[Item], key: Callable[[Item], Key], limit: int) -> tuple[list[Item], str | None]:
    """The first ``limit`` of ``items``, and what leads to the next page if there are more."""
    shown = list(items[:limit])
    return shown, _sealed(key(shown[-1])) if len(items) > limit else None


def answer(shown: Sequence[Any], following: str | None) -> dict[str, Any]:
    """One page as JSON."""
    return {"items": shown, "next": following}


def _sealed(key: Key) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(key)).decode().rstrip("=")


def _opened(text: str, shape: tuple[type, ...]) -> Key:
    text = text[:_CURSOR_CHARACTERS_MAX]
    try:
        key = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except ValueError:
        key = None
    if not isinstance(key, list) or tuple(map(type, key)) != shape or not all(map(_in_range, key)):
        raise CursorInvalid("after is not a text that a page of this list gave")
    return tuple(key)


def _in_range(value: Any) -> bool:
    """SQLite can't compare with a larger number."""
    return isinstance(value, str) or -_NUMBER_MAX <= value <= _NUMBER_MAX
