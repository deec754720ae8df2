"""What carries the frames of one connection."""

from __future__ import annotations

from typing import Protocol

from lrs.subscriptions.closing import Closing
from lrs.subscriptions.frames import Frame


class Direct(Protocol):
    """Takes frames at once."""

    @property
    def ready(self) -> bool:
        """Whether the client takes what it is sent, so that nothing has to be waited for."""

    def take(self, frame: Frame) -> bool:
        """Send one frame if ``ready``; whether it was."""


class Transport(Protocol):
    """A way to and from one client. Both methods that send raise ConnectionError once the client has gone."""

    @property
    def cut(self) -> Closing | None:
        """Why the connection was ended from below, if it was."""

    async def send(self, frame: Frame) -> None:
        """Send one frame; waits while the client takes nothing."""

    @property
    def direct(self) -> Direct | None:
        """A way past ``send`` for frames that need not wait, where there is one."""

    async def receive(self) -> str | bytes | None:
        """The next frame of the client: text, or bytes of a binary frame; None once the connection has ended."""

    async def close(self, code: int, reason: str) -> None:
        """End the connection from this side; ``receive`` then ends too."""
