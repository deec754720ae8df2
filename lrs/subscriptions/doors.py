"""The doors of the stream, and the traffic through each, as plain numbers for metrics."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

from lrs.subscriptions.closing import Closing
from lrs.telemetry import Sent


class Door(StrEnum):
    """The way in which a reader came."""

    WEBSOCKET = "websocket"
    EVENTS = "events"
    CHANGES = "changes"


CUT = "lrs.cut"
"""Name in the ASGI scope of a websocket for the ``Closing`` with which a server of ours ended it from below."""

DIRECT = "lrs.direct"
"""Name in the ASGI scope of a websocket for a ``Direct`` way to its client, where a server of ours has one."""

LEFT = "left"
"""Stands for the close code of a connection that its client ended, or that broke."""


class Traffic:
    """What went through the doors of one process. ``closes``: how often connections ended, by close code."""

    def __init__(self) -> None:
        self.sent = {door: Sent() for door in Door}
        self.closes: Counter[str] = Counter()

    def closed(self, closing: Closing | None) -> None:
        """A connection has ended; None: not by the server."""
        self.closes[LEFT if closing is None else str(closing.code)] += 1
