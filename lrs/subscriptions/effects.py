"""What the protocol wants done: whoever drives the connection does it, in order, and reports what came of it."""

from __future__ import annotations

from typing import NamedTuple

from lrs.statements.match import Visibility
from lrs.subscriptions.client_frames import Acknowledge, RequestId
from lrs.subscriptions.closing import Closing
from lrs.subscriptions.frames import Frame
from lrs.subscriptions.openings import Opening


class Send(NamedTuple):
    frame: Frame


class CheckToken(NamedTuple):
    """Ask who holds ``token``, then report ``accepted`` or ``refused``."""

    re: RequestId
    token: str


class Open(NamedTuple):
    """Start a subscription and answer ``subscribed``, or report ``not_opened``."""

    re: RequestId
    name: str
    opening: Opening
    visibility: Visibility
    by_url: bool = False


class Stop(NamedTuple):
    """End the subscription ``name`` and answer ``unsubscribed``, with the last cursor told."""

    re: RequestId
    name: str


class Resight(NamedTuple):
    """All subscriptions that are left see this from now on."""

    visibility: Visibility


class Beat(NamedTuple):
    """Send a heartbeat."""


class Close(NamedTuple):
    """Send what is due, then close; subscriptions end at once."""

    closing: Closing
    message: str = ""


Effect = Send | CheckToken | Open | Stop | Acknowledge | Resight | Beat | Close
"""With ``Acknowledge``: tell the subscription, and report ``acknowledged`` when that was news, or send the error."""
