"""Refusals in the form of RFC 6749 5.2, with the words that RFC 7009 2.2.1, RFC 8707 2 and RFC 9396 5 add."""

from __future__ import annotations

import re

import orjson

from lrs.errors import LrsError, RateLimited, TooLarge, Unauthenticated

INVALID_REQUEST = "invalid_request"
INVALID_CLIENT = "invalid_client"
INVALID_GRANT = "invalid_grant"
INVALID_SCOPE = "invalid_scope"
INVALID_TARGET = "invalid_target"
INVALID_AUTHORIZATION_DETAILS = "invalid_authorization_details"
UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
UNSUPPORTED_TOKEN_TYPE = "unsupported_token_type"  # noqa: S105 - A word of RFC 7009.

# What RFC 6749 5.2 allows in error_description.
_NOT_DESCRIPTION = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")


class OAuthRefusal(LrsError):
    """``error`` is one of the words above."""

    http_status = 400

    def __init__(self, error: str, message: str) -> None:
        super().__init__(message)
        self.error = error


def error_of(error: LrsError) -> str:
    """The word for ``error``. RFC 6749 has none for a server that can't serve now but that of 4.1.2.1."""
    match error:
        case OAuthRefusal():
            return error.error
        case Unauthenticated():
            return INVALID_CLIENT
        case RateLimited():
            return "temporarily_unavailable"
        case TooLarge():
            return INVALID_REQUEST
        case _ if error.http_status == 503:
            return "temporarily_unavailable"
        case _ if error.http_status >= 500:
            return "server_error"
        case _:
            return INVALID_REQUEST


def body_of(error: str, message: str) -> bytes:
    """The answer's body: ``message`` without the characters that may not stand there."""
    return orjson.dumps({"error": error, "error_description": _NOT_DESCRIPTION.sub("?", message)})
