"""OAuth, health and metrics, and the descriptions themselves."""

from __future__ import annotations

from lrs.openapi.parts import NUMBER, TEXT, YES_NO, Json, array, body, empty, in_json, one_of, operation, tagged, thing

FORM = "application/x-www-form-urlencoded"
_OBJECT: Json = {"type": "object"}
_CLIENT: dict[str, Json] = {"client_id": TEXT, "client_secret": TEXT}
_HINT: dict[str, Json] = {"token": TEXT, "token_type_hint": TEXT, **_CLIENT}
_OPTIONAL = ("token_type_hint", *_CLIENT)
_BY_KEY: list[Json] = [{"key": []}, {}]
_REFUSED: Json = {
    "description": "Refused (RFC 6749 5.2).",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {"error": TEXT, "error_description": TEXT},
                "required": ["error"],
            }
        }
    },
}


def _oauth(name: str, summary: str, answered: Json, fields: Json) -> Json:
    """An endpoint of OAuth, which answers refusals in a form of its own."""
    found = operation(name, summary, {"200": answered}, request=body(fields, media_type=FORM), security=_BY_KEY)
    found["responses"]["default"] = _REFUSED
    return found


_TOKEN = {
    "type": "object",
    "properties": {
        "access_token": TEXT,
        "token_type": one_of("Bearer"),
        "expires_in": NUMBER,
        "scope": TEXT,
        "authorization_details": array(_OBJECT),
    },
    "required": ["access_token", "token_type", "expires_in", "scope"],
}
_ASKED = thing(
    {
        "grant_type": one_of("client_credentials"),
        "scope": TEXT,
        "authorization_details": TEXT,
        "resource": TEXT,
        **_CLIENT,
    },
    optional=("scope", "authorization_details", "resource", *_CLIENT),
)

_OAUTH = {
    "/oauth/token": {
        "post": _oauth("takeToken", "A bearer token for a key and its secret (RFC 6749 4.4).", in_json(_TOKEN), _ASKED)
    },
    "/oauth/revoke": {
        "post": _oauth(
            "endToken", "The end of a token (RFC 7009).", empty("It is over."), thing(_HINT, optional=_OPTIONAL)
        )
    },
    "/oauth/introspect": {
        "post": _oauth(
            "introspectToken",
            "What a token allows now (RFC 7662).",
            in_json({"type": "object", "properties": {"active": YES_NO}, "required": ["active"]}),
            thing(_HINT, optional=_OPTIONAL),
        )
    },
    "/.well-known/oauth-authorization-server": {
        "get": operation(
            "readOAuthMetadata",
            "What this server offers as an authorization server (RFC 8414).",
            {"200": in_json(_OBJECT), "304": empty("As it was.")},
            security=[],
        )
    },
    "/.well-known/jwks.json": {
        "get": operation(
            "readPublicKeys",
            "The public keys of this server's tokens (RFC 7517).",
            {"200": in_json(thing({"keys": array(_OBJECT)})), "304": empty("As it was.")},
            security=[],
        )
    },
}

_HEALTH = thing({"status": TEXT, "reason": TEXT}, optional=("reason",))

_OPERATIONS = {
    "/health/live": {
        "get": operation("readLive", "Whether the process answers.", {"200": in_json(_HEALTH)}, security=[])
    },
    "/health/ready": {
        "get": operation(
            "readReady",
            "Whether it can read the store and write to it.",
            {"200": in_json(_HEALTH), "503": in_json(_HEALTH, "It can't.")},
            security=[],
        )
    },
    "/metrics": {
        "get": operation(
            "readMetrics",
            "Numbers for Prometheus.",
            {
                "200": {
                    "description": "In the text format, or that of OpenMetrics.",
                    "content": {
                        "text/plain": {"schema": TEXT},
                        "application/openmetrics-text": {"schema": TEXT},
                    },
                }
            },
            security=[{}, {"key": []}, {"token": []}],
        )
    },
}

_DESCRIPTIONS = {
    "/openapi.json": {"get": operation("readDescription", "This description.", {"200": in_json(_OBJECT)}, security=[])},
    "/asyncapi.json": {
        "get": operation("readStreamDescription", "The stream, for programs.", {"200": in_json(_OBJECT)}, security=[])
    },
}

PATHS = {
    **tagged("OAuth", _OAUTH),
    **tagged("Operations", _OPERATIONS),
    **tagged("Descriptions", _DESCRIPTIONS),
}
