"""What is answered when all is well: tokens, what stands behind a token, and what this server offers."""

from __future__ import annotations

from typing import Any

from lrs.auth.authenticate import issuer_and_audience
from lrs.auth.consumers import TokenRow
from lrs.auth.issue import IssuedToken
from lrs.auth.principal import Principal
from lrs.auth.scopes import MEANINGS, listed
from lrs.config import Settings
from lrs.oauth.requests import CLIENT_CREDENTIALS

TOKEN, REVOKE, INTROSPECT, JWKS = "/oauth/token", "/oauth/revoke", "/oauth/introspect", "/.well-known/jwks.json"
METADATA = "/.well-known/oauth-authorization-server"

INACTIVE = {"active": False}
"""All that is said of a token that is not good, and of one that is not for the asker to know (RFC 7662 2.2)."""


def token_answer(issued: IssuedToken) -> dict[str, Any]:
    """The new token (RFC 6749 5.1), and what it allows, whether that was asked for or not (RFC 9396 7)."""
    row = issued.row
    return {
        "access_token": issued.token,
        "token_type": "Bearer",
        "expires_in": (row.expires_at_us - row.issued_at_us) // 1_000_000,
        "scope": " ".join(listed(row.scopes)),
        "authorization_details": row.grant.authorization_details(),
    }


def introspection(principal: Principal, row: TokenRow | None, settings: Settings) -> dict[str, Any]:
    """What a good token allows now, which may be less than it says (RFC 7662 2.2). ``row``: that of a token of ours."""
    issuer, audience = issuer_and_audience(settings)
    found: dict[str, Any] = {
        "active": True,
        "token_type": "Bearer",
        "client_id": principal.consumer,
        "sub": principal.consumer,
        "scope": " ".join(listed(principal.scopes)),
        "authorization_details": principal.grant.authorization_details(),
        "iss": issuer if principal.external is None else principal.external.issuer,
        "aud": audience,
    }
    if principal.expires_at_us is not None:
        found["exp"] = principal.expires_at_us // 1_000_000
    if row is not None:
        found |= {"iat": row.issued_at_us // 1_000_000, "jti": row.jti}
    return found


def metadata(settings: Settings) -> dict[str, Any]:
    """What this server is as an authorization server (RFC 8414 2)."""
    issuer, audience = issuer_and_audience(settings)
    by_secret = ["client_secret_basic", "client_secret_post"]
    return {
        "issuer": issuer,
        "token_endpoint": issuer + TOKEN,
        "revocation_endpoint": issuer + REVOKE,
        "introspection_endpoint": issuer + INTROSPECT,
        "jwks_uri": issuer + JWKS,
        "grant_types_supported": [CLIENT_CREDENTIALS],
        "response_types_supported": [],
        "scopes_supported": list(MEANINGS),
        "authorization_details_types_supported": ["xapi"],
        "token_endpoint_auth_methods_supported": by_secret,
        "revocation_endpoint_auth_methods_supported": by_secret,
        "introspection_endpoint_auth_methods_supported": by_secret,
        "protected_resources": [audience],
    }
