"""Errors as answers: problem details (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus

import orjson

from lrs.errors import LrsError

MEDIA_TYPE = "application/problem+json"


def problem_details(error: LrsError) -> bytes:
    """The body for ``error``: ``code`` for programs, ``detail`` for people, every problem by its path."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(error.http_status).phrase,
        "status": error.http_status,
        "code": error.code,
        "detail": error.message,
    }
    if error.problems:
        body["errors"] = [{"path": p.path, "rule": p.rule, "reason": p.reason} for p in error.problems]
    return orjson.dumps(body)
