"""The API for administrators: who follows, what was not stored, the store at a glance, and requests for access."""

from __future__ import annotations

from lrs.openapi.admin import API, CONSUMER, CSRF, ID, MATCH, WHO, listing, state
from lrs.openapi.parts import (
    NUMBER,
    REAL,
    TEXT,
    TIME,
    UUID,
    YES_NO,
    Json,
    array,
    body,
    empty,
    header,
    in_json,
    maybe,
    operation,
    path,
    query,
    ref,
    tagged,
    thing,
    with_also,
)
from lrs.openapi.schemas import CONSUMER_NAME, LONG_TEXT, SCHEMAS, SHORT_TEXT

_AT = path("number", NUMBER, "Its number in the list.")
_COUNTED = array(thing({"name": TEXT, "count": NUMBER}))

_FOLLOWERS = {
    "/connections": {
        "get": listing("listConnections", "Who is subscribed to what, in all server processes.", "Connection", CONSUMER)
    },
    "/connections/{connection}/disconnect": {
        "post": operation(
            "disconnect",
            "End a connection.",
            {"202": in_json(thing({"connection": TEXT}), "It ends within a second.")},
            parameters=(path("connection", TEXT, "The name of the connection."), CSRF),
        )
    },
    "/cursors": {"get": listing("listCursors", "Durable cursors, by consumer and name.", "Cursor", CONSUMER)},
    "/cursors/{id}/{name}": {
        "delete": operation(
            "dropCursor",
            "Forget a durable cursor.",
            {"204": empty("Forgotten.")},
            parameters=(ID, path("name", TEXT, "The name of the cursor."), CSRF),
        )
    },
}

_ASIDE = {
    "/quarantine": {"get": listing("listQuarantine", "What could not be stored, without its content.", "Quarantined")},
    "/quarantine/{number}": {
        "get": operation(
            "lookAtQuarantine",
            "One of them with its content.",
            {"200": in_json(with_also(SCHEMAS["Quarantined"], body=ref("Anything")))},
            parameters=(_AT,),
        ),
        "delete": operation(
            "dropQuarantine", "Remove it for good.", {"204": empty("Removed.")}, parameters=(_AT, CSRF)
        ),
    },
    "/quarantine/{number}/retry": {
        "post": operation(
            "retryQuarantine",
            "Try to store it again, as its sender.",
            {"200": in_json(thing({"stored": YES_NO, "problems": array({"type": "object"})}, optional=("problems",)))},
            parameters=(_AT, CSRF),
        )
    },
    "/conflicts": {
        "get": listing(
            "listConflicts", "Statements that came under an id that was taken, without their content.", "Conflict"
        )
    },
    "/conflicts/{number}": {
        "get": operation(
            "lookAtConflict",
            "Both contents of one conflict.",
            {"200": in_json(with_also(SCHEMAS["Conflict"], kept=ref("Statement"), refused=ref("Statement")))},
            parameters=(_AT,),
        ),
        "delete": operation(
            "dropConflict", "Remove a conflict for good.", {"204": empty("Removed.")}, parameters=(_AT, CSRF)
        ),
    },
}

_AMOUNTS = thing({"statements": NUMBER, "documents": NUMBER, "attachments": NUMBER, "aside": NUMBER})
_ERASURES = {
    "/erasures": {
        "get": listing("listErasures", "What was erased, and what is under way; not whom it was about.", "Erasure"),
        "post": operation(
            "erase",
            "Erase a learner; the scope erase is enough.",
            {
                "200": in_json(_AMOUNTS, "How much there is, with dry_run."),
                "202": in_json(ref("Erasure"), "Begun.", Location="Where it is."),
            },
            parameters=(CSRF,),
            request=body(
                thing(
                    {"agents": array({"type": "object"}, minItems=1), "reason": TEXT, "dry_run": YES_NO},
                    optional=("reason", "dry_run"),
                )
            ),
        ),
    },
    "/erasures/{number}": {
        "get": operation("readErasure", "Whether it is finished.", {"200": in_json(ref("Erasure"))}, parameters=(_AT,))
    },
}

_STATISTICS = thing(
    {
        "at": TIME,
        "statements": NUMBER,
        "newest_stored_at": maybe(TIME),
        "rates": thing({"bucket_s": NUMBER, "from": TIME, "counts": array(NUMBER)}),
        "recent": thing({"statements": NUMBER, "courses": _COUNTED, "verbs": _COUNTED}),
        "store": thing({"bytes": NUMBER, "wal_bytes": NUMBER, "free_bytes": NUMBER}),
        "consumers": NUMBER,
        "connections": NUMBER,
        "processes": NUMBER,
        "lag_s": REAL,
        "bytes_sent": NUMBER,
        "quarantined": NUMBER,
        "conflicts": NUMBER,
        "repeats": NUMBER,
        "requests_open": NUMBER,
    }
)
_SETTING = thing({"variable": TEXT, "value": TEXT, "default": TEXT, "changed": YES_NO, "unit": TEXT, "doc": TEXT})
_KNOWN = thing(
    {
        "id": UUID,
        "stored_at": TIME,
        "courses": array(TEXT),
        "voided": YES_NO,
        "voided_by": maybe(UUID),
        "voids": maybe(UUID),
        "seen_by": array(TEXT),
    }
)

_OVERVIEW = {
    "/statistics": {
        "get": operation("readStatistics", "The store at a glance.", {"200": in_json(_STATISTICS)}),
    },
    "/metrics": {
        "get": operation(
            "readNumbers",
            "The numbers of /metrics, also where that is closed.",
            {"200": {"description": "In the text format.", "content": {"text/plain": {"schema": TEXT}}}},
        )
    },
    "/statements/{id}": {
        "get": operation(
            "lookAtStatement",
            "What is known of a statement beside its content.",
            {"200": in_json(_KNOWN)},
            parameters=(path("id", UUID, "The id of the statement."),),
        )
    },
    "/settings": {
        "get": operation("listSettings", "Every setting in force.", {"200": in_json(thing({"items": array(_SETTING)}))})
    },
    "/audit": {
        "get": listing(
            "listAudit",
            "Who did what, newest first.",
            "Entry",
            query("since", TIME, "Not before this time."),
            query("until", TIME, "Not after this time."),
            query("actor", TEXT, "admin:anna, or admin for all of that kind."),
            query("act", TEXT, "consumer.add, or consumer for all of them."),
            query("about", TEXT, "consumer:engine."),
        )
    },
}

_WISH: dict[str, Json] = {
    "organisation": SHORT_TEXT,
    "contact": SHORT_TEXT,
    "courses": array(SHORT_TEXT, minItems=1, maxItems=50),
    "purpose": LONG_TEXT,
}
_WORD = maybe({"type": "string", "maxLength": 2_000})
_APPROVAL = thing(
    {
        "name": CONSUMER_NAME,
        "scopes": maybe(ref("Scopes")),
        "grant": maybe(ref("Grant")),
        "disclosure": maybe(ref("Disclosure")),
        "expires_at": maybe(TIME),
        "word": _WORD,
    },
    optional=("scopes", "grant", "disclosure", "expires_at", "word"),
)
_DECIDED = in_json(ref("AccessRequest"), ETag="Needed for changing it.")

_REQUESTS = {
    "/requests": {
        "get": listing(
            "listRequests",
            "Requests for access, newest first.",
            "AccessRequest",
            state("open", "approved", "refused", "taken"),
        )
    },
    "/requests/{number}": {
        "get": operation("readRequest", "One request for access.", {"200": _DECIDED}, parameters=(_AT,))
    },
    "/requests/{number}/approve": {
        "post": operation(
            "approveRequest",
            "Make a consumer for a request.",
            {"200": _DECIDED},
            parameters=(_AT, MATCH, CSRF),
            request=body(_APPROVAL),
        )
    },
    "/requests/{number}/refuse": {
        "post": operation(
            "refuseRequest",
            "Refuse a request.",
            {"200": _DECIDED},
            parameters=(_AT, MATCH, CSRF),
            request=body(thing({"word": _WORD}, optional=("word",))),
        )
    },
}

SECRET = header("X-LRS-Request", TEXT, "The secret of the private link.", required=True)

_ASKING = {
    "/request/api": {
        "post": operation(
            "askForAccess",
            "Ask for access; the answer has the private link, shown this once.",
            {"201": in_json(thing({"link": TEXT, "secret": TEXT, "state": TEXT}))},
            request=body(thing(_WISH)),
            security=[],
        )
    },
    "/request/api/state": {
        "get": operation(
            "followRequest",
            "What has become of a request.",
            {
                "200": in_json(
                    thing(
                        {
                            "state": TEXT,
                            "organisation": TEXT,
                            "courses": array(TEXT),
                            "made_at": TIME,
                            "decided_at": maybe(TIME),
                            "word": maybe(TEXT),
                            "consumer": maybe(TEXT),
                            "grant": maybe(ref("Grant")),
                        }
                    )
                )
            },
            parameters=(SECRET,),
            security=[],
        )
    },
    "/request/api/key": {
        "post": operation(
            "takeKey",
            "The key of a request that was approved, once.",
            {"201": in_json(thing({"key": TEXT, "secret": TEXT, "consumer": TEXT, "endpoint": TEXT}))},
            parameters=(SECRET,),
            security=[],
        )
    },
}

PATHS = {
    f"{API}{place}": methods
    for tag, table in (
        ("Followers", _FOLLOWERS),
        ("Not stored", _ASIDE),
        ("Erasures", _ERASURES),
        ("Overview", _OVERVIEW),
        ("Requests for access", _REQUESTS),
    )
    for place, methods in tagged(tag, table, WHO).items()
} | tagged("Requests for access", _ASKING)
