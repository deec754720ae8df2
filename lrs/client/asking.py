"""What is asked for: where, which statements, from when on."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, TypedDict
from urllib.parse import urlsplit

PROTOCOL = "xapi-stream.v1"
SUBSCRIPTION = "main"
SUBSCRIBE_ID = 1
RENEW_ID = 2

Start = Literal["now", "beginning"] | datetime
"""``datetime``: what was stored then or later; it must have a time zone."""

_DURABLE_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}


class Filter(TypedDict, total=False):
    """Members of the filter in ``docs/stream.md``: or within a member, and across members."""

    course: Sequence[str]
    verb: Sequence[str]
    activity: Sequence[str]
    related_activity: Sequence[str]
    activity_type: Sequence[str]
    actor: Sequence[Mapping[str, Any]]
    registration: Sequence[str]
    platform: Sequence[str]


class Asking:
    """A subscription as it is wanted. ValueError or TypeError for what can't be meant.

    ``durable``: the name under which the server keeps what is acknowledged; ``reset``: it is to forget what it kept.
    ``window``: how many statements may be unacknowledged.
    """

    def __init__(
        self,
        url: str,
        filter_: Filter,
        *,
        after: str | None,
        start: Start,
        durable: str | None = None,
        reset: bool = False,
        window: int | None = None,
    ) -> None:
        self.url = stream_url(url)
        self.after = after
        self._filter = {name: _listed(name, values) for name, values in filter_.items()}
        self._from = _from(start)
        self._reset = reset
        self._keeping = _keeping(durable, window, reset=reset)

    @property
    def acknowledged(self) -> bool:
        """Whether the server wants to know what the program has finished."""
        return bool(self._keeping)

    def subscribe(self, after: str | None, *, again: bool = False) -> str:
        """The frame that asks for it, going on after this cursor if there is one.

        ``again``: the server has agreed before, so ``after`` is what was acknowledged, also if the server has not heard
        of it or has forgotten it when it was killed.
        """
        place: dict[str, Any] = {"from": self._from} if after is None else {"after": after}
        if "durable" in self._keeping and (again or self._reset):
            place["reset"] = True
        return _frame(
            type="subscribe", id=SUBSCRIBE_ID, sub=SUBSCRIPTION, filter=self._filter, **place, **self._keeping
        )


def renewal(token: str) -> str:
    """The frame that shows a new token within a connection."""
    return _frame(type="auth", id=RENEW_ID, token=token)


def acknowledgement(cursor: str) -> str:
    """The frame that says that all up to ``cursor`` is finished."""
    return _frame(type="ack", sub=SUBSCRIPTION, cursor=cursor)


def stream_url(url: str) -> str:
    """``url`` as that of a websocket; ``http`` and ``https`` are taken for it."""
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise ValueError(f"{url!r} is not the address of a stream, such as wss://lrs.example.com/xapi/stream")
    if parts.query or parts.fragment:
        raise ValueError("the address of a stream has no parameters: filter and start are arguments")
    if parts.username or parts.password:
        raise ValueError("the address of a stream has no password in it: the token is an argument")
    return parts._replace(scheme=_SCHEMES[parts.scheme]).geturl()


def _listed(name: str, values: Any) -> list[Any]:
    """A lone text would be taken for the list of its letters."""
    if isinstance(values, str | bytes | Mapping):
        raise TypeError(f"{name} must be a list")
    return list(values)


def _keeping(durable: str | None, window: int | None, *, reset: bool) -> dict[str, Any]:
    if durable is not None and not _DURABLE_NAME.fullmatch(durable):
        raise ValueError("durable must be 1 to 64 letters, digits, and any of _ . : -")
    if window is not None and (isinstance(window, bool) or not isinstance(window, int) or window < 1):
        raise ValueError("window must be a whole number above 0")
    if reset and durable is None:
        raise ValueError("reset is for a durable cursor")
    return {name: value for name, value in (("durable", durable), ("window", window)) if value is not None}


def _from(start: Start) -> Any:
    if not isinstance(start, datetime):
        if start not in {"now", "beginning"}:
            raise ValueError('start must be "now", "beginning" or a datetime')
        return start
    if start.tzinfo is None:
        raise ValueError("start must have a time zone, as in datetime.now(UTC)")
    return {"stored": start.astimezone(UTC).isoformat()}


def _frame(**members: Any) -> str:
    return json.dumps(members, separators=(",", ":"))
