"""What the end of a connection means, and the answer to one that was not let in: come again, or not.

``renewable``: whether another token can be had. An expired one is then no reason to stay away.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from lrs.client.errors import CursorInvalid, EpochChanged, Interrupted, Refused, StreamError

TOKEN_EXPIRED = "token_expired"  # noqa: S105
TOKEN_EXPIRED_CLOSE = 4001
CONNECTION_LIMIT = "connection_limit"

# Close codes outside of 4000 to 4999 after which the same client would fail again.
_VAIN_CLOSES = {1002: "protocol_error", 1003: "not_text", 1007: "not_utf8", 1009: "too_large"}

# What the server writes into a close frame: a name for programs, then often words for people.
_REASON = re.compile(r"(?P<name>[a-z0-9_]+)(?:: (?P<message>.+))?$")

# Codes of error frames that are not about what was asked.
_PASSING = {"internal", "overloaded", "rate_limited", "store_unavailable"}

# Statuses below 500 that say: later. (RFC 9110 15.5.9, RFC 8470, RFC 6585)
_LATER = {408, 425, 429}


def closed(code: int | None, reason: str, *, renewable: bool) -> StreamError:
    """For a connection that ended with this close code; None if it was cut off without a word."""
    if code is None:
        return Interrupted("the connection was cut")
    told = _REASON.match(reason)
    name = told["name"] if told else ""
    message = (told and told["message"]) or reason or f"the server closed with {code}"
    if code == TOKEN_EXPIRED_CLOSE and not renewable:
        return Refused(TOKEN_EXPIRED, message)
    if 4500 <= code <= 4999 or code in _VAIN_CLOSES:
        return Refused(name or _VAIN_CLOSES.get(code, str(code)), message)
    return Interrupted(f"{message} ({code})")


def not_let_in(status: int, headers: Mapping[str, str], body: bytes, *, renewable: bool) -> StreamError:
    """For a handshake that was answered with this status; ``body`` may hold problem details (RFC 9457)."""
    problem = _problem(body)
    code = str(problem.get("code") or f"http_{status}")
    message = str(problem.get("detail") or f"the server answered with HTTP status {status}")
    later = status >= 500 or status in _LATER or (code == TOKEN_EXPIRED and renewable)
    if later and code != CONNECTION_LIMIT:
        return Interrupted(message, retry_after_s=_seconds(headers.get("Retry-After", "")))
    return Refused(code, message)


def failed(frame: Mapping[str, Any]) -> StreamError:
    """For an ``error`` frame that ended the subscription."""
    code, message = str(frame.get("code")), str(frame.get("message"))
    if code in _PASSING:
        return Interrupted(message)
    kind = {"cursor_invalid": CursorInvalid, "epoch_changed": EpochChanged}.get(code, Refused)
    return kind(code, message)


def _problem(body: bytes) -> Mapping[str, Any]:
    try:
        problem = json.loads(body)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def _seconds(text: str) -> float:
    """The pause that a Retry-After asks for; a date in it is not looked at."""
    return float(text) if text.isascii() and text.isdigit() else 0.0
