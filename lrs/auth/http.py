"""Credentials in HTTP: where they stand in a request, and how an answer asks for them."""

from __future__ import annotations

import re

from starlette.datastructures import Headers

from lrs.auth.authenticate import Authenticator
from lrs.auth.failures import failures
from lrs.auth.principal import Principal
from lrs.errors import InsufficientScope, LrsError, Unauthenticated

REALM = "xapi"

# What RFC 6750 3 allows in error_description.
_NOT_DESCRIPTION = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")


def authorization(headers: Headers) -> str | None:
    """The ``Authorization`` header, or None. Unauthenticated if there are several: two readers might pick two."""
    found = headers.getlist("authorization")
    if len(found) > 1:
        raise Unauthenticated("more than one Authorization header")
    return found[0] if found else None


def authenticate(headers: Headers, authenticator: Authenticator) -> Principal:
    """Who sends a request with these ``headers``; raises as ``Authenticator.principal_for_authorization`` does, and
    RateLimited when there were too many.
    """
    principal = authenticator.principal_for_authorization(authorization(headers))
    if authenticator.allowances is not None:
        authenticator.allowances.request(principal)
    return principal


def challenges(error: LrsError, *, offered: bool) -> list[tuple[str, str]]:
    """The ``WWW-Authenticate`` headers of the answer for ``error``; empty if more rights would not help.

    ``offered``: the request had a credential. One that had none is told the schemes and no error (RFC 6750 3.1).
    What is told is counted as a failure.
    """
    failures.note(error, offered=offered)
    if isinstance(error, InsufficientScope):
        return [_bearer("insufficient_scope", error.message, f', scope="{error.scope}"')]
    if not isinstance(error, Unauthenticated):
        return []
    basic = ("WWW-Authenticate", f'Basic realm="{REALM}", charset="UTF-8"')
    if offered:
        return [_bearer("invalid_token", error.message), basic]
    return [("WWW-Authenticate", f'Bearer realm="{REALM}"'), basic]


def _bearer(code: str, description: str, more: str = "") -> tuple[str, str]:
    plain = _NOT_DESCRIPTION.sub("?", description)
    return "WWW-Authenticate", f'Bearer realm="{REALM}", error="{code}", error_description="{plain}"{more}'
