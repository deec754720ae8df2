"""What carries the frames of one connection."""

from __future__ import annotations

from typing import Protocol

from lrs.subscriptions.closing import Closing
from lrs.subscriptions.frames import Frame


class Transport(Protocol):
    """A way to and from one client. Both methods that send raise ConnectionError once the client has gone."""

    @property
    def cut(self) -> Closing | None:
        """Why the connection was ended from below, if it was."""

    async def send(self, frame: Frame) -> None:
        """Send one frame; waits while the client takes nothing."""

    async def receive(self) -> str | bytes | None:
        """The next frame of the client: text, or bytes of a binary frame; None once the connection has ended."""

    async def close(self, code: int, reason: str) -> None:
        """End the connection from this side; ``receive`` then ends too."""
