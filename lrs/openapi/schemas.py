"""The schemas that several operations share."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from lrs.auth.allowances import Allowance
from lrs.auth.disclosure import STRIPPABLE, Actors
from lrs.auth.scopes import MEANINGS
from lrs.openapi.parts import NUMBER, REAL, TEXT, TIME, UUID, YES_NO, Json, array, maybe, one_of, ref, thing

_ANY: Json = {}
_IRIS = array({"type": "string", "format": "iri"})

CONSUMER_NAME: Json = {"type": "string", "minLength": 1, "maxLength": 100}
LONG_TEXT: Json = {"type": "string", "minLength": 1, "maxLength": 2_000}
SHORT_TEXT: Json = {"type": "string", "minLength": 1, "maxLength": 200}

GRANT = {
    "type": "object",
    "description": "What may be seen: courses, and what else it is restricted to.",
    "properties": {
        "courses": array(
            TEXT, description='Course keys, course-v1:Org+* for an organisation, or "*" for every course.'
        ),
        "verbs": _IRIS,
        "activity_types": _IRIS,
        "sites": _IRIS,
        "actors": array(ref("Agent"), description="Agents or Identified Groups."),
    },
    "required": ["courses"],
}

PROBLEM = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "properties": {
        "type": TEXT,
        "title": TEXT,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "code": {"type": "string", "description": "For programs; docs/errors.md lists them."},
        "detail": {"type": "string", "description": "For people."},
        "errors": array(thing({"path": TEXT, "rule": TEXT, "reason": TEXT})),
    },
    "required": ["type", "title", "status", "code", "detail"],
}

_ALLOWANCE = thing({name: maybe(REAL) for name in Allowance.__dataclass_fields__})

_CREDENTIALS: dict[str, Json] = {
    "Key": thing(
        {
            "key": TEXT,
            "consumer": TEXT,
            "state": one_of("active", "revoked"),
            "created_at": TIME,
            "revoked_at": maybe(TIME),
            "last_used_at": maybe(TIME),
        }
    ),
    "Token": thing(
        {
            "jti": TEXT,
            "consumer": TEXT,
            "state": one_of("active", "revoked", "expired"),
            "scopes": array(TEXT),
            "grant": ref("Grant"),
            "issued_at": TIME,
            "expires_at": TIME,
            "revoked_at": maybe(TIME),
            "last_used_at": maybe(TIME),
        }
    ),
    "SigningKey": thing(
        {
            "kid": TEXT,
            "state": one_of("signs", "verifies", "retired"),
            "created_at": TIME,
            "retired_at": maybe(TIME),
        }
    ),
}

_PEOPLE: dict[str, Json] = {
    "Session": thing(
        {
            "kind": one_of("administrator", "consumer"),
            "name": TEXT,
            "started_at": maybe(TIME),
            "expires_at": maybe(TIME),
            "idle_s": maybe(NUMBER),
        }
    ),
    "Administrator": thing(
        {
            "name": TEXT,
            "created_at": TIME,
            "has_password": YES_NO,
            "last_login_at": maybe(TIME),
            "sessions": NUMBER,
        }
    ),
    "AccessRequest": thing(
        {
            "number": NUMBER,
            "state": one_of("open", "approved", "refused", "taken"),
            "organisation": TEXT,
            "contact": TEXT,
            "courses": array(TEXT),
            "purpose": TEXT,
            "made_at": TIME,
            "decided_at": maybe(TIME),
            "decided_by": maybe(TEXT),
            "word": maybe(TEXT),
            "consumer": maybe(TEXT),
            "taken_at": maybe(TIME),
        }
    ),
}

_FOLLOWERS: dict[str, Json] = {
    "Connection": thing(
        {
            "connection": TEXT,
            "process": TEXT,
            "kind": one_of("websocket", "events", "poll"),
            "consumer": maybe(TEXT),
            "credential": maybe(TEXT),
            "since": maybe(TIME),
            "bytes_sent": NUMBER,
            "lag_s": REAL,
            "subscriptions": array(
                thing({"name": TEXT, "filter": {"type": "object"}, "cursor": TEXT, "behind": NUMBER, "lag_s": REAL})
            ),
        }
    ),
    "Cursor": thing(
        {
            "consumer_id": NUMBER,
            "consumer": TEXT,
            "name": TEXT,
            "behind": maybe(NUMBER),
            "acknowledged_at": TIME,
        }
    ),
    "Quarantined": thing(
        {
            "number": NUMBER,
            "received_at": TIME,
            "consumer": TEXT,
            "version": TEXT,
            "problems": array({"type": "object"}),
            "bytes": NUMBER,
        }
    ),
    "Conflict": thing({"number": NUMBER, "received_at": TIME, "statement": UUID}),
    "Erasure": thing(
        {
            "number": NUMBER,
            "begun_at": TIME,
            "reason": TEXT,
            "finished_at": maybe(TIME),
            "statements": NUMBER,
            "documents": NUMBER,
            "attachments": NUMBER,
            "aside": NUMBER,
        }
    ),
    "PrivacyReport": thing(
        {
            "consumer": TEXT,
            "state": TEXT,
            "since": TIME,
            "expires_at": maybe(TIME),
            "scopes": ref("Scopes"),
            "grant": ref("Grant"),
            "statements_of": one_of("all", "own", "none"),
            "documents": YES_NO,
            "actors": TEXT,
            "space": maybe(TEXT),
            "strip": array(TEXT),
            "sees": thing(
                {
                    "statements": NUMBER,
                    "learners": NUMBER,
                    "verbs": NUMBER,
                    "courses": NUMBER,
                    "oldest_stored_at": maybe(TIME),
                    "all": YES_NO,
                }
            ),
            "read": thing(
                {
                    "days": NUMBER,
                    "queried": NUMBER,
                    "pushed": NUMBER,
                    "by_day": array(thing({"day": TEXT, "queried": NUMBER, "pushed": NUMBER})),
                }
            ),
            "words": array(TEXT),
        }
    ),
    "Entry": thing(
        {
            "number": NUMBER,
            "at": TIME,
            "actor": TEXT,
            "act": TEXT,
            "about": TEXT,
            "details": {"type": "object"},
        }
    ),
}

SCHEMAS: MappingProxyType[str, Any] = MappingProxyType(
    {
        "Problem": PROBLEM,
        "Scopes": array(one_of(*MEANINGS), minItems=1),
        "Grant": GRANT,
        "Agent": {"type": "object", "description": "An Agent or Identified Group (Data 2.4.2)."},
        "Statement": {"type": "object", "description": "A Statement (Data 2.4)."},
        "Consumer": thing(
            {
                "id": NUMBER,
                "name": CONSUMER_NAME,
                "state": one_of("active", "disabled", "expired"),
                "disabled": YES_NO,
                "trusted": YES_NO,
                "scopes": array(TEXT),
                "grant": ref("Grant"),
                "disclosure": ref("Disclosure"),
                "created_at": TIME,
                "expires_at": maybe(TIME),
            }
        ),
        "Disclosure": thing(
            {
                "actors": one_of(*map(str, Actors)),
                "space": maybe({"type": "string", "pattern": "^[a-z][a-z0-9_-]{0,63}$"}),
                "strip": array(one_of(*STRIPPABLE)),
            },
            optional=("actors", "space", "strip"),
            description="How learners appear to a consumer.",
        ),
        "Allowance": _ALLOWANCE,
        **_CREDENTIALS,
        **_PEOPLE,
        **_FOLLOWERS,
        "Anything": _ANY,
    }
)
"""By name, as ``ref`` finds them."""
