"""The one exception tree of lrs-lite.

Each class says whose fault it is, and carries the answer that every door gives for it: ``http_status`` for
HTTP, ``close_code`` for the stream, ``code`` for programs that read either.

    LrsError                     500 1011  internal
      RequestError               400 4501  the caller sent something wrong
        MalformedJson                      not JSON, or not JSON that we accept
        MalformedMultipart                 not multipart/mixed, or not in one way only
        InvalidStatement                   JSON, but not a Statement (lists every problem)
        InvalidAttachment                  attachments and parts that do not fit, or a false signature
        InvalidParameter                   a query parameter, header or form field
        InvalidDocument                    a document that can't be stored or merged
        UnsupportedVersion                 X-Experience-API-Version
        CursorInvalid                      a cursor that this store never gave
        EpochChanged             410       a cursor of an earlier history of this store
        CursorLimit                        a consumer with as many durable cursors as it may have
        NotFound                 404
        MethodNotAllowed         405
        Conflict                 409       same id, other content; or a missing precondition
        PreconditionFailed       412       If-Match, If-None-Match
        PreconditionRequired     428       If-Match is missing where nobody may change what they have not seen
        TooLarge                 413 1009
        UnsupportedMediaType     415
        RateLimited              429 4013
          ConnectionLimit        429 4504  a credential with as many connections as it may have
      Unauthenticated            401 4500  no credential, or one that is not good (any more)
        TokenExpired             401 4001
        TokenRevoked             401 4503
        LoginRefused             401       a name and password that do not fit, or no session (any more)
      Forbidden                  403 4507  a good credential that may not do this
        InsufficientScope                  it lacks a scope (RFC 6750 3.1)
      StoreUnavailable           503 4014  the database can't be reached or is full
      Overloaded                 503 1013  this process serves as many as it can
        IssuerUnavailable                  the keys of an external issuer are not at hand
      StoreCorrupt               500 1011  the log does not hold what it should
      ConfigError                          a setting that can't be used; never leaves the command line
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input: where (JSON path such as ``$.actor.mbox``), which rule, and why."""

    path: str
    rule: str
    reason: str


class LrsError(Exception):
    """Root of the tree; ``message`` is written for the person who can mend the cause."""

    http_status: ClassVar[int] = 500
    close_code: ClassVar[int] = 1011
    code: ClassVar[str] = "internal"

    def __init__(self, message: str, *, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.problems = problems


class RequestError(LrsError):
    http_status = 400
    close_code = 4501
    code = "invalid_request"


class MalformedJson(RequestError):
    code = "malformed_json"


class MalformedMultipart(RequestError):
    code = "malformed_multipart"


class InvalidStatement(RequestError):
    code = "invalid_statement"


class InvalidAttachment(RequestError):
    code = "invalid_attachment"


class InvalidParameter(RequestError):
    code = "invalid_parameter"


class InvalidDocument(RequestError):
    code = "invalid_document"


class UnsupportedVersion(RequestError):
    code = "unsupported_version"


class CursorInvalid(RequestError):
    code = "cursor_invalid"


class EpochChanged(RequestError):
    http_status = 410
    code = "epoch_changed"


class CursorLimit(RequestError):
    code = "cursor_limit"


class NotFound(RequestError):
    http_status = 404
    code = "not_found"


class MethodNotAllowed(RequestError):
    http_status = 405
    code = "method_not_allowed"


class Conflict(RequestError):
    http_status = 409
    code = "conflict"


class PreconditionFailed(RequestError):
    http_status = 412
    code = "precondition_failed"


class PreconditionRequired(RequestError):
    http_status = 428
    code = "precondition_required"


class TooLarge(RequestError):
    http_status = 413
    close_code = 1009
    code = "too_large"


class UnsupportedMediaType(RequestError):
    http_status = 415
    code = "unsupported_media_type"


class RateLimited(RequestError):
    """``retry_after_s`` is how long the caller should wait, in whole seconds."""

    http_status = 429
    close_code = 4013
    code = "rate_limited"

    def __init__(self, message: str, *, retry_after_s: float = 1) -> None:
        super().__init__(message)
        self.retry_after_s = max(1, ceil(retry_after_s))


class ConnectionLimit(RateLimited):
    close_code = 4504
    code = "connection_limit"


class Unauthenticated(LrsError):
    http_status = 401
    close_code = 4500
    code = "invalid_token"


class TokenExpired(Unauthenticated):
    close_code = 4001
    code = "token_expired"


class TokenRevoked(Unauthenticated):
    close_code = 4503
    code = "token_revoked"


class LoginRefused(Unauthenticated):
    code = "login_refused"


class Forbidden(LrsError):
    http_status = 403
    close_code = 4507
    code = "forbidden"


class InsufficientScope(Forbidden):
    """``scope`` is the one that was asked for."""

    def __init__(self, message: str, *, scope: str) -> None:
        super().__init__(message)
        self.scope = scope


class StoreUnavailable(LrsError):
    http_status = 503
    close_code = 4014
    code = "store_unavailable"


class Overloaded(LrsError):
    http_status = 503
    close_code = 1013
    code = "overloaded"


class IssuerUnavailable(Overloaded):
    """The keys of an external issuer are not at hand yet, or not any more."""

    code = "issuer_unavailable"


class StoreCorrupt(LrsError):
    code = "store_corrupt"


class ConfigError(LrsError):
    code = "config"
