"""What the server says: frames as bytes, each built once.

Statements are joined from their stored bytes and never parsed again. Subscribers that want the same bytes share one
``Frame``.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from functools import cached_property
from typing import Any

import orjson

from lrs.auth.principal import Principal
from lrs.errors import LrsError
from lrs.limits import Limits
from lrs.statements.stored import stored_at
from lrs.subscriptions.client_frames import RequestId
from lrs.subscriptions.closing import Closing
from lrs.xapi.timestamps import format_us

PROTOCOL = "xapi-stream.v1"

WIRE = "lrs.wire"
"""Name in an ASGI message for ``Frame.wire``, beside ``text``: for servers of ours; others leave it unread."""

_FINAL_TEXT = 0x81

# What a client must know of the limits to keep within them.
LIMITS_TOLD = (
    "client_frame_bytes_max",
    "client_frames_per_s",
    "client_frames_burst",
    "subscriptions_max",
    "query_values_max",
    "window_statements_max",
    "server_frame_bytes_max",
    "server_frame_statements_max",
)


class Frame:
    """One frame of JSON; ``text`` and ``wire`` are made on first use and shared as ``data`` is.

    ``cursor``: the one that it tells, where there is one subscription; None where it tells none, or several.
    ``stored_us``: when the oldest of its statements was stored, as far as that is known.
    """

    def __init__(self, data: bytes, cursor: str | None = None, stored_us: int | None = None) -> None:
        self.data = data
        self.cursor = cursor
        self.stored_us = stored_us

    def telling(self, cursor: str) -> Frame:
        """The same frame, known to tell ``cursor``."""
        self.cursor = cursor
        return self

    @cached_property
    def text(self) -> str:
        return self.data.decode()

    @cached_property
    def wire(self) -> bytes:
        """``data`` as one text frame of a server, without extensions (RFC 6455 5.2): the same for every subscriber."""
        length = len(self.data)
        if length < 126:
            head = bytes([_FINAL_TEXT, length])
        elif length < 1 << 16:
            head = bytes([_FINAL_TEXT, 126]) + length.to_bytes(2, "big")
        else:
            head = bytes([_FINAL_TEXT, 127]) + length.to_bytes(8, "big")
        return head + self.data


def hello(re: RequestId, *, connection: str, head: str, principal: Principal, limits: Limits) -> Frame:
    """The first frame after authentication; ``re`` is the id of the auth frame, if there was one."""
    return _frame(
        "hello",
        re,
        protocol=PROTOCOL,
        connection=connection,
        head=head,
        **_rights(principal),
        limits={name: getattr(limits, name) for name in LIMITS_TOLD},
        heartbeat_s=limits.heartbeat_s,
    )


def authed(re: RequestId, principal: Principal) -> Frame:
    """The token was renewed."""
    return _frame("authed", re, **_rights(principal))


def subscribed(re: RequestId, name: str, *, after: str, head: str) -> Frame:
    return _frame("subscribed", re, sub=name, after=after, head=head).telling(after)


def unsubscribed(re: RequestId, name: str, cursor: str) -> Frame:
    return _frame("unsubscribed", re, sub=name, cursor=cursor).telling(cursor)


def statements(name: str, *, prev: str, cursor: str, payloads: Sequence[bytes]) -> Frame:
    """The statements after ``prev`` up to ``cursor``; ``payloads`` are their JSON bytes."""
    # Names and cursors hold no character that JSON would escape.
    return Frame(
        b'{"type":"statements","sub":"%b","prev":"%b","cursor":"%b","statements":[%b]}'
        % (name.encode(), prev.encode(), cursor.encode(), b",".join(payloads)),
        cursor,
        stored_at(payloads[0]) if payloads else None,
    )


def live(name: str, cursor: str) -> Frame:
    """The subscription has reached the head."""
    return _frame("live", None, sub=name, cursor=cursor).telling(cursor)


def heartbeat(*, now_us: int, consistent_through_us: int, cursors: Mapping[str, str]) -> Frame:
    """``cursors``: by name of the subscription, up to where it was examined; all of them safe to go on from."""
    frame = _frame(
        "heartbeat",
        None,
        time=format_us(now_us),
        consistent_through=format_us(consistent_through_us),
        subs=dict(cursors),
    )
    return frame.telling(*cursors.values()) if len(cursors) == 1 else frame


def erased(name: str, ids: Sequence[str]) -> Frame:
    """Statements that were erased, whether this subscription was sent them or not: forget them."""
    return _frame("erased", None, sub=name, ids=list(ids))


def expiring(expires_at_us: int) -> Frame:
    return _frame("expiring", None, expires_at=format_us(expires_at_us))


def ending(closing: Closing, message: str) -> Frame:
    """The last of server-sent events, in place of the close frame of a websocket."""
    return _frame(
        "close", None, code=closing.code, name=closing.name, again=closing.again, message=message or closing.meaning
    )


def failure(re: RequestId, error: LrsError, *, name: str | None = None) -> Frame:
    """``error``; ``name`` is the subscription that it ended, if it did."""
    members: dict[str, Any] = {} if name is None else {"sub": name}
    if error.problems:
        members["problems"] = [{"path": p.path, "rule": p.rule, "reason": p.reason} for p in error.problems]
    return _frame("error", re, **members, code=error.code, message=error.message)


def _frame(type_: str, re: RequestId, **members: Any) -> Frame:
    head = {"type": type_} if re is None else {"type": type_, "re": re}
    return Frame(orjson.dumps(head | members))


def _rights(principal: Principal) -> dict[str, Any]:
    """Until when, for which courses (null: no end, every course), and restrictions, where there are any."""
    expires, grant = principal.expires_at_us, principal.grant
    rights: dict[str, Any] = {
        "expires_at": None if expires is None else format_us(expires),
        "courses": None if grant.courses is None else sorted(grant.courses),
    }
    return rights | {"restrictions": grant.restrictions.to_json()} if grant.restrictions else rights


class FrameCache:
    """The frames used last, so that those who want the same bytes share them; bounded by size."""

    def __init__(self, bytes_max: int) -> None:
        self._frames: OrderedDict[Hashable, Frame] = OrderedDict()
        self._bytes_max = bytes_max
        self._bytes = 0

    def get(self, key: Hashable) -> Frame | None:
        """The frame under ``key``."""
        frame = self._frames.get(key)
        if frame is not None:
            self._frames.move_to_end(key)
        return frame

    def put(self, key: Hashable, frame: Frame) -> None:
        """Keep ``frame`` under ``key``, which has none."""
        self._frames[key] = frame
        self._bytes += len(frame.data)
        while self._bytes > self._bytes_max and len(self._frames) > 1:
            _, oldest = self._frames.popitem(last=False)
            self._bytes -= len(oldest.data)

    def clear(self) -> None:
        self._frames.clear()
        self._bytes = 0
