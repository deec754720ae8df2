"""What a subscription is to be, as a frame or a URL asks for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from lrs.errors import InvalidParameter
from lrs.limits import Limits
from lrs.subscriptions.filters import FILTER_MEMBERS, Asked, parse_filter, value_in_url
from lrs.subscriptions.starts import START_MEMBERS, Start, parse_start, parse_start_text

KEEPING_MEMBERS = frozenset({"window", "durable", "reset"})
OPENING_MEMBERS = frozenset({"filter"}) | START_MEMBERS | KEEPING_MEMBERS

_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


class Opening(NamedTuple):
    """A subscription to be opened.

    ``window``: how many statements may be unacknowledged. ``durable``: the name under which its cursor is kept;
    ``reset``: what is kept under it counts no more.
    """

    asked: Asked
    start: Start
    window: int | None = None
    durable: str | None = None
    reset: bool = False


def is_name(text: str) -> bool:
    """Whether ``text`` can name a subscription or a durable cursor: 1 to 64 letters, digits, and any of ``_ . : -``."""
    return _NAME.fullmatch(text) is not None


def opening_in_frame(frame: Mapping[str, Any], limits: Limits) -> Opening:
    """What the members of a ``subscribe`` frame ask for; InvalidParameter names the one that is wrong."""
    asked, start = parse_filter(frame.get("filter", {}), limits), parse_start(frame)
    durable, reset = frame.get("durable"), frame.get("reset", False)
    if not isinstance(reset, bool):
        raise InvalidParameter("reset must be true or false")
    return Opening(asked, start, _window(frame.get("window"), limits), *_durable(durable, reset=reset))


def parse_opening(parameters: Iterable[tuple[str, str]], limits: Limits) -> Opening | None:
    """What the parameters of a URL ask for, names and values as decoded; None when there are none.

    A ``+`` that was left unencoded arrives as a blank. Keys and IRIs hold no blanks, so there it is put back.
    InvalidParameter for anything that is not of a subscription, also for a token: URLs end up in logs.
    """
    members: dict[str, list[Any]] = {}
    start: Start | None = None
    keeping: dict[str, str] = {}
    for name, text in parameters:
        if name in FILTER_MEMBERS:
            members.setdefault(name, []).append(value_in_url(name, text, limits))
        elif name in KEEPING_MEMBERS:
            if name in keeping:
                raise InvalidParameter(f"{name} is given more than once")
            keeping[name] = text
        elif name not in START_MEMBERS:
            known = ", ".join((*FILTER_MEMBERS, "after", "from", *sorted(KEEPING_MEMBERS)))
            raise InvalidParameter(f"unknown parameter {name!r}; there are: {known}")
        elif start is not None:
            raise InvalidParameter("give one of after and from, and only once")
        else:
            start = parse_start_text(name, text)
    if not members and start is None and not keeping:
        return None
    return Opening(
        parse_filter(members, limits),
        start or "now",
        _window(_number(keeping.get("window")), limits),
        *_durable(keeping.get("durable"), reset=_boolean(keeping.get("reset", "false"))),
    )


def _window(value: Any, limits: Limits) -> int | None:
    if value is None:
        return None
    most = limits.window_statements_max
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise InvalidParameter(f"window must be a whole number from 1 to {most}")
    return value


def _durable(name: Any, *, reset: bool) -> tuple[str | None, bool]:
    if name is None:
        if reset:
            raise InvalidParameter("reset is for durable cursors")
    elif not isinstance(name, str) or not is_name(name):
        raise InvalidParameter("durable must be 1 to 64 letters, digits, and any of _ . : -")
    return name, reset


def _number(text: str | None) -> int | str | None:
    """``text`` as the number that it is; anything else stays as it is, and is refused as such."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= 9 else text


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise InvalidParameter("reset must be true or false")
    return text == "true"
