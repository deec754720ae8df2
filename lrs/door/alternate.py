"""The alternate request syntax of 1.0.3: a whole request in the form of a POST (Communication 1.3).

Made for pages that could set neither method nor headers. 9274.1.1 has it no longer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from lrs.errors import InvalidParameter

METHODS = frozenset({"GET", "HEAD", "PUT", "POST", "DELETE"})

HEADERS = frozenset(
    {"authorization", "x-experience-api-version", "content-type", "content-length", "if-match", "if-none-match"}
)
"""Fields of the form that stand for headers, whatever their case; ``content`` is the body, all others parameters."""

FORM = "application/x-www-form-urlencoded"

# What describes the form itself, and not the request inside.
_OF_THE_FORM = frozenset({b"content-type", b"content-length", b"transfer-encoding"})
_VISIBLE = re.compile(r"[\x20-\x7e]*")

RawHeaders = list[tuple[bytes, bytes]]


class Inner(NamedTuple):
    """The request inside a form, in the terms of ASGI: names of headers in lower case."""

    method: str
    query_string: bytes
    headers: RawHeaders
    body: bytes


def intended_method(parameters: Sequence[tuple[str, str]]) -> str | None:
    """The method that a POST with these query parameters stands for; None if it stands for itself.

    InvalidParameter for a method that no resource has, and when other parameters stand beside it.
    """
    methods = [value for name, value in parameters if name == "method"]
    if not methods:
        return None
    if len(parameters) > 1:
        raise InvalidParameter("beside method the query string can't have parameters: they belong into the form")
    if methods[0] not in METHODS:
        raise InvalidParameter(f"method={methods[0]!r} must be one of {', '.join(sorted(METHODS))}")
    return methods[0]


def unpack(method: str, headers: RawHeaders, fields: Iterable[tuple[str, str]]) -> Inner:
    """The request with this ``method`` in the ``fields`` of a form that came with ``headers``.

    A field takes the place of the header with its name. Only an Authorization header stays beside a different field,
    so that it is refused like any request with two credentials. InvalidParameter for a header or ``content`` that
    stands there twice, a value that no header can have, and a PUT or POST without ``content``.
    """
    content: str | None = None
    given: dict[str, str] = {}
    parameters = []
    for name, value in fields:
        header = name.lower()
        if name == "content":
            if content is not None:
                raise InvalidParameter("the form has content twice")
            content = value
        elif header not in HEADERS:
            parameters.append((name, value))
        elif header in given:
            raise InvalidParameter(f"the form has {name} twice")
        elif not _VISIBLE.fullmatch(value):
            raise InvalidParameter(f"{name} in the form can't be a header")
        else:
            given[header] = value
    if content is None and method in ("PUT", "POST"):
        raise InvalidParameter(f"the form of a {method} needs the field content")
    body = (content or "").encode()
    given["content-length"] = str(len(body))
    inner = {name.encode(): value.encode() for name, value in given.items()}
    kept = [(name, value) for name, value in headers if name not in _OF_THE_FORM and _stays(name, value, inner)]
    return Inner(method, urlencode(parameters).encode(), kept + list(inner.items()), body)


def _stays(name: bytes, value: bytes, inner: dict[bytes, bytes]) -> bool:
    """Whether a header of the form's own request still counts beside those ``inner`` ones that the form gives."""
    return name not in inner or (name == b"authorization" and value != inner[name])
