"""What a client asks for, read from the fields of its form (RFC 6749 appendix B)."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from lrs.auth.grants import Grant, grant_in
from lrs.auth.scopes import scope_set
from lrs.errors import InvalidParameter, MalformedJson
from lrs.oauth.refusals import (
    INVALID_AUTHORIZATION_DETAILS,
    INVALID_CLIENT,
    INVALID_REQUEST,
    INVALID_SCOPE,
    INVALID_TARGET,
    UNSUPPORTED_GRANT_TYPE,
    OAuthRefusal,
)
from lrs.xapi.decode import decode_json

CLIENT_CREDENTIALS = "client_credentials"

_DETAILS_DEPTH_MAX = 8
_SECONDS = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """What the token shall allow; None: all that the client may do, as long as is usual."""

    scopes: frozenset[str] | None
    grant: Grant | None
    ttl_s: int | None


def fields_of(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Fields by name. One without a value counts as not given, one that comes twice is refused (RFC 6749 3.2)."""
    given: dict[str, str] = {}
    for name, value in pairs:
        if name in given:
            raise OAuthRefusal(INVALID_REQUEST, f"{name} is given more than once")
        given[name] = value
    return {name: value for name, value in given.items() if value}


def token_request(fields: Mapping[str, str], *, audience: str) -> TokenRequest:
    """What ``fields`` ask for; unknown fields are passed over (RFC 6749 3.2). OAuthRefusal."""
    grant_type = _required(fields, "grant_type")
    if grant_type != CLIENT_CREDENTIALS:
        raise OAuthRefusal(UNSUPPORTED_GRANT_TYPE, f"the only grant_type here is {CLIENT_CREDENTIALS}")
    if fields.get("resource", audience) != audience:
        raise OAuthRefusal(INVALID_TARGET, f"tokens from here are for {audience}")
    return TokenRequest(scopes=_scopes(fields), grant=_grant(fields), ttl_s=_ttl_s(fields))


def completed(asked: Grant, held: Grant) -> Grant:
    """``asked`` with the restrictions of ``held`` where it has none: who names courses does not ask for every verb."""
    said = {name: values for name, values in asked.restrictions.items() if values is not None}
    return Grant(asked.courses, replace(held.restrictions, **said))


def token_in(fields: Mapping[str, str]) -> str:
    """The token that is to be revoked or looked into (RFC 7009 2.1, RFC 7662 2.1). The hint is of no use here."""
    return _required(fields, "token")


def credentials(fields: Mapping[str, str], authorization: str | None) -> tuple[str, str]:
    """The ``Authorization`` header for the client, whichever of the two ways it chose, and its key or nothing.

    OAuthRefusal if it chose both ways or none (RFC 6749 2.3).
    """
    key, secret = fields.get("client_id", ""), fields.get("client_secret", "")
    if authorization is not None:
        if secret:
            raise OAuthRefusal(INVALID_REQUEST, "the client has authenticated in two ways")
        named = _key_in(authorization)
        if key and named and key != named:
            raise OAuthRefusal(INVALID_REQUEST, "client_id is not the key in the Authorization header")
        return authorization, named
    if not key or not secret:
        raise OAuthRefusal(INVALID_CLIENT, "no client authentication: send a key and its secret by Basic or as fields")
    return f"Basic {base64.b64encode(f'{key}:{secret}'.encode()).decode()}", key


def _key_in(authorization: str) -> str:
    """The key in a Basic header; empty if there is none, which authentication will then refuse."""
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(text.strip(" "), validate=True).decode().partition(":")[0]
    except ValueError:
        return ""


def _required(fields: Mapping[str, str], name: str) -> str:
    if name not in fields:
        raise OAuthRefusal(INVALID_REQUEST, f"{name} is missing")
    return fields[name]


def _scopes(fields: Mapping[str, str]) -> frozenset[str] | None:
    if "scope" not in fields:
        return None
    try:
        return scope_set(fields["scope"].split(" "))
    except InvalidParameter as error:
        raise OAuthRefusal(INVALID_SCOPE, error.message) from None


def _grant(fields: Mapping[str, str]) -> Grant | None:
    if "authorization_details" not in fields:
        return None
    try:
        return grant_in(decode_json(fields["authorization_details"].encode(), depth_max=_DETAILS_DEPTH_MAX))
    except (InvalidParameter, MalformedJson) as error:
        raise OAuthRefusal(INVALID_AUTHORIZATION_DETAILS, error.message) from None


def _ttl_s(fields: Mapping[str, str]) -> int | None:
    text = fields.get("expires_in")
    if text is None:
        return None
    if not _SECONDS.fullmatch(text) or not int(text):
        raise OAuthRefusal(INVALID_REQUEST, "expires_in is not a number of seconds")
    return int(text)
