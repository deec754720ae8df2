"""The whole description."""

from __future__ import annotations

from copy import deepcopy

from lrs.config import Settings
from lrs.openapi import admin, around, privacy, watching, xapi
from lrs.openapi.parts import Json, ref
from lrs.openapi.schemas import SCHEMAS

_SECURITY: Json = {
    "key": {"type": "http", "scheme": "basic", "description": "A key and its secret."},
    "token": {"type": "http", "scheme": "bearer", "description": "A token of this server, or of a trusted issuer."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "lrs_admin",
        "description": "The session of an administrator; counts below /admin/api only.",
    },
}


def document(settings: Settings, version: str) -> Json:
    """OpenAPI 3.1 for a server with ``settings`` and this ``version`` of the software."""
    base = settings.base.rstrip("/")
    of_xapi = {f"{base}{place}": methods for place, methods in xapi.PATHS.items()}
    around_it = dict(around.PATHS)
    if settings.metrics == "off":
        del around_it["/metrics"]
    found: Json = {
        "openapi": "3.1.0",
        "info": {
            "title": "lrs-lite",
            "version": version,
            "summary": "An xAPI Learning Record Store with live subscriptions.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": settings.public_url.rstrip("/")}],
        "security": [{"key": []}, {"token": []}],
        "paths": {**of_xapi, **admin.PATHS, **watching.PATHS, **privacy.PATHS, **around_it},
        "components": {
            "schemas": dict(SCHEMAS),
            "securitySchemes": _SECURITY,
            "responses": {
                "Problem": {
                    "description": "What is wrong, by its code and for people.",
                    "content": {"application/problem+json": {"schema": ref("Problem")}},
                }
            },
        },
    }
    return deepcopy(found)
