"""Why the server ends a connection: every close code of the stream, in one table (RFC 6455 7.4).

The first ones are of the standard; that of PROTOCOL_ERROR comes from the library, with a reason of its own.
Codes 4000 to 4499 ask the client to come again, with backoff and jitter; 4500 to 4999 say that it would be in vain.
"""

from __future__ import annotations

from typing import NamedTuple

from lrs.errors import LrsError

REASON_BYTES_MAX = 123
"""A control frame holds 125 bytes, two of which are the code (RFC 6455 5.5)."""


class Closing(NamedTuple):
    """One way to end: ``again`` tells whether the same client may succeed when it comes back."""

    code: int
    name: str
    again: bool
    meaning: str


SERVER_STOPS = Closing(1001, "going_away", True, "The server stops or restarts.")
PROTOCOL_ERROR = Closing(1002, "protocol_error", False, "The client broke the rules of websockets.")
NOT_TEXT = Closing(1003, "not_text", False, "The client sent a binary frame.")
NOT_UTF8 = Closing(1007, "not_utf8", False, "The client sent text that is not UTF-8.")
TOO_LARGE = Closing(1009, "too_large", False, "The client sent a frame over the limit.")
INTERNAL = Closing(1011, "internal", True, "A fault of the server.")
OVERLOADED = Closing(1013, "overloaded", True, "The server can serve no more, or not yet tell if the token is good.")
TOKEN_EXPIRED = Closing(4001, "token_expired", True, "The token has ended; come again with a new one.")
TOO_SLOW = Closing(4008, "too_slow", True, "The client took nothing for too long.")
NO_PONG = Closing(4009, "no_pong", True, "The client did not answer a ping.")
RATE_LIMITED = Closing(4013, "rate_limited", True, "The client sent too many frames.")
STORE_UNAVAILABLE = Closing(4014, "store_unavailable", True, "The log can't be read at the moment.")
INVALID_TOKEN = Closing(4500, "invalid_token", False, "The token is not one of this server's.")
INVALID_REQUEST = Closing(4501, "invalid_request", False, "A frame that can't be read, or a bad start in the URL.")
AUTH_TIMEOUT = Closing(4502, "auth_timeout", False, "The first frame was not a token, or came too late.")
TOKEN_REVOKED = Closing(4503, "token_revoked", False, "The token, key or consumer was revoked or disabled.")
CONNECTION_LIMIT = Closing(4504, "connection_limit", False, "The credential has too many connections.")
DISCONNECTED = Closing(4505, "disconnected_by_admin", False, "An administrator ended this connection.")
FORBIDDEN = Closing(4507, "forbidden", False, "A good credential that may not do this.")

CLOSINGS = {
    closing.code: closing
    for closing in (
        SERVER_STOPS,
        PROTOCOL_ERROR,
        NOT_TEXT,
        NOT_UTF8,
        TOO_LARGE,
        INTERNAL,
        OVERLOADED,
        TOKEN_EXPIRED,
        TOO_SLOW,
        NO_PONG,
        RATE_LIMITED,
        STORE_UNAVAILABLE,
        INVALID_TOKEN,
        INVALID_REQUEST,
        AUTH_TIMEOUT,
        TOKEN_REVOKED,
        CONNECTION_LIMIT,
        DISCONNECTED,
        FORBIDDEN,
    )
}
"""By code; ``docs/stream.md`` shows the same rows."""


def closing_for(error: LrsError) -> Closing:
    """How a connection ends that can't go on because of ``error``."""
    return CLOSINGS[error.close_code]


def reason_text(closing: Closing, message: str = "") -> str:
    """What stands in the close frame: the name, and ``message`` for people as far as it fits."""
    text = f"{closing.name}: {message}" if message else closing.name
    return text.encode()[:REASON_BYTES_MAX].decode(errors="ignore")
