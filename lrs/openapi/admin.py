"""The API for administrators: logging in, consumers and what they hold."""

from __future__ import annotations

from lrs.openapi.parts import (
    NUMBER,
    TEXT,
    TIME,
    YES_NO,
    Json,
    array,
    body,
    empty,
    header,
    in_json,
    maybe,
    one_of,
    operation,
    page_of,
    path,
    query,
    ref,
    tagged,
    thing,
    with_also,
)
from lrs.openapi.schemas import CONSUMER_NAME, SCHEMAS

API = "/admin/api"
WHO: tuple[Json, ...] = ({"session": []}, {"key": []}, {"token": []})

PAGE = (
    query("limit", {"type": "integer", "minimum": 1, "maximum": 500, "default": 100}, "Most items of a page."),
    query("after", TEXT, "The member next of the page before."),
)
CSRF = header("X-LRS-CSRF", one_of("1"), "Needed with the cookie of a session, beside Origin or Sec-Fetch-Site.")
MATCH = header("If-Match", TEXT, "The ETag of what was seen, or *. 428 without it, 412 when it has changed.")
ID = path("id", NUMBER, "The number of the consumer.")
NAME = path("name", TEXT, "The name of the administrator.")

_PASSWORD: Json = {"type": "string", "minLength": 12, "maxLength": 200, "format": "password"}
_TEXT_1: Json = {"type": "string", "minLength": 1, "maxLength": 200}
_CHANGES: dict[str, Json] = {
    "scopes": ref("Scopes"),
    "grant": ref("Grant"),
    "disclosure": ref("Disclosure"),
    "expires_at": maybe(TIME),
    "trusted": YES_NO,
}
_LINKED = with_also(SCHEMAS["Administrator"], link=TEXT, link_expires_at=TIME)
_SIGNING_KEYS = thing({"items": array(ref("SigningKey"))})
_LOGGED_IN = in_json(ref("Session"), "Logged in.", Set_Cookie="The cookie of the session.")
_TAG = {"ETag": "Needed for changing it."}


def state(*states: str) -> Json:
    """The parameter of that name."""
    return query("state", one_of(*states), "Only those in this state.")


def listing(name: str, summary: str, item: str, *filters: Json) -> Json:
    """Reading a list of what the schema ``item`` describes, page by page."""
    return operation(name, summary, {"200": in_json(page_of(ref(item)))}, parameters=(*PAGE, *filters))


CONSUMER = query("consumer", TEXT, "Only of the consumer with this name.")

_SESSIONS = {
    "/session": {
        "post": operation(
            "logIn",
            "Log in with name and password.",
            {"201": _LOGGED_IN},
            parameters=(CSRF,),
            request=body(thing({"name": _TEXT_1, "password": _TEXT_1})),
            security=[],
        ),
        "get": operation("readSession", "Who is asking.", {"200": in_json(ref("Session"))}),
        "delete": operation("logOut", "End the session.", {"204": empty("Logged out.")}, parameters=(CSRF,)),
    },
    "/session/stream-token": {
        "post": operation(
            "issueStreamToken",
            "A token of a few minutes that reads all statements, live and by query.",
            {"201": in_json(thing({"token": TEXT, "expires_at": TIME, "scopes": array(TEXT)}))},
            parameters=(CSRF,),
        )
    },
    "/session/password": {
        "put": operation(
            "changePassword",
            "Replace the own password; all other sessions end.",
            {"204": empty("Replaced.")},
            parameters=(CSRF,),
            request=body(thing({"current": _TEXT_1, "password": _PASSWORD})),
        )
    },
    "/password-link": {
        "post": operation(
            "usePasswordLink",
            "Set a password by a one-time link, and log in.",
            {"201": _LOGGED_IN},
            parameters=(CSRF,),
            request=body(thing({"link": _TEXT_1, "password": _PASSWORD})),
            security=[],
        )
    },
}

_ADMINISTRATORS = {
    "/administrators": {
        "get": listing("listAdministrators", "Administrators by name.", "Administrator"),
        "post": operation(
            "addAdministrator",
            "Make an administrator, with the link by which they set a password.",
            {"201": in_json(_LINKED)},
            parameters=(CSRF,),
            request=body(thing({"name": {"type": "string", "pattern": "^[a-z0-9][a-z0-9._@-]{0,63}$"}})),
        ),
    },
    "/administrators/{name}": {
        "delete": operation(
            "removeAdministrator",
            "Remove an administrator, and end their sessions.",
            {"204": empty("Removed.")},
            parameters=(NAME, CSRF),
        )
    },
    "/administrators/{name}/link": {
        "post": operation(
            "linkAdministrator",
            "A new link for an administrator.",
            {"201": in_json(_LINKED)},
            parameters=(NAME, CSRF),
        )
    },
}

_CONSUMERS = {
    "/consumers": {
        "get": listing(
            "listConsumers",
            "Consumers by name.",
            "Consumer",
            state("active", "disabled", "expired"),
            query("search", TEXT, "Part of the name."),
        ),
        "post": operation(
            "addConsumer",
            "Register a consumer.",
            {"201": in_json(ref("Consumer"), "Registered.", Location="Where it is.", **_TAG)},
            parameters=(CSRF,),
            request=body(thing({"name": CONSUMER_NAME, **_CHANGES}, optional=tuple(_CHANGES))),
        ),
    },
    "/consumers/{id}": {
        "get": operation("readConsumer", "One consumer.", {"200": in_json(ref("Consumer"), **_TAG)}, parameters=(ID,)),
        "patch": operation(
            "changeConsumer",
            "Replace scopes, grant and the like of a consumer, or disable it.",
            {"200": in_json(ref("Consumer"), **_TAG)},
            parameters=(ID, MATCH, CSRF),
            request=body(thing({**_CHANGES, "disabled": YES_NO}, optional=(*_CHANGES, "disabled"))),
        ),
    },
    "/consumers/{id}/allowance": {
        "get": operation(
            "readAllowance",
            "How much a consumer may ask for, as far as that was set for it alone.",
            {"200": in_json(ref("Allowance"), **_TAG)},
            parameters=(ID,),
        ),
        "put": operation(
            "setAllowance",
            "Set how much a consumer may ask for: null is what the settings say, 0 no limit.",
            {"200": in_json(ref("Allowance"), **_TAG)},
            parameters=(ID, MATCH, CSRF),
            request=body(ref("Allowance")),
        ),
    },
    "/consumers/{id}/privacy": {
        "get": operation(
            "reportPrivacy",
            "What a consumer can see of learners, and what it has read in the last 30 days.",
            {"200": in_json(ref("PrivacyReport"))},
            parameters=(ID,),
        )
    },
    "/scopes": {
        "get": operation(
            "listScopes",
            "Every scope that can be granted.",
            {"200": in_json(thing({"items": array(thing({"name": TEXT, "meaning": TEXT}))}))},
        )
    },
    "/courses": {
        "get": operation(
            "suggestCourses",
            "Courses and organisations that the log knows.",
            {"200": in_json(thing({"items": array(thing({"entry": TEXT, "kind": one_of("course", "organisation")}))}))},
            parameters=(
                query("prefix", {"type": "string", "maxLength": 300}, "How the key begins."),
                query("limit", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}, "How many at most."),
            ),
        )
    },
}

_KEY_ID = path("key", TEXT, "The id of the key.")
_JTI = path("jti", TEXT, "The id of the token.")
_KID = path("kid", TEXT, "The id of the signing key.")
_SECONDS: Json = {"anyOf": [{"type": "integer", "minimum": 0, "maximum": 315_360_000}, {"type": "null"}]}

_CREDENTIALS = {
    "/keys": {
        "get": listing("listKeys", "Keys, newest first.", "Key", CONSUMER, state("active", "revoked")),
        "post": operation(
            "addKey",
            "Make a key; its secret is shown this once.",
            {"201": in_json(with_also(SCHEMAS["Key"], secret=TEXT))},
            parameters=(CSRF,),
            request=body(thing({"consumer": CONSUMER_NAME})),
        ),
    },
    "/keys/{key}/revoke": {
        "post": operation(
            "revokeKey", "Refuse a key from now on.", {"200": in_json(ref("Key"))}, parameters=(_KEY_ID, CSRF)
        )
    },
    "/tokens": {
        "get": listing("listTokens", "Tokens, newest first.", "Token", CONSUMER, state("active", "revoked", "expired")),
        "post": operation(
            "issueToken",
            "Issue a token; its text is shown this once.",
            {"201": in_json(with_also(SCHEMAS["Token"], token=TEXT))},
            parameters=(CSRF,),
            request=body(
                thing(
                    {
                        "consumer": CONSUMER_NAME,
                        "scopes": maybe(ref("Scopes")),
                        "grant": maybe(ref("Grant")),
                        "ttl_s": _SECONDS,
                    },
                    optional=("scopes", "grant", "ttl_s"),
                )
            ),
        ),
    },
    "/tokens/{jti}/revoke": {
        "post": operation(
            "revokeToken", "Refuse a token from now on.", {"200": in_json(ref("Token"))}, parameters=(_JTI, CSRF)
        )
    },
    "/signing-keys": {
        "get": operation("listSigningKeys", "The keys that sign and verify tokens.", {"200": in_json(_SIGNING_KEYS)}),
        "post": operation(
            "rotateSigningKey",
            "Make a new signing key; those before verify what they signed.",
            {"201": in_json(_SIGNING_KEYS)},
            parameters=(CSRF,),
            request=body(thing({"retire_after_s": _SECONDS}, optional=("retire_after_s",))),
        ),
    },
    "/signing-keys/{kid}/retire": {
        "post": operation(
            "retireSigningKey",
            "Refuse every token that a signing key has signed.",
            {"200": in_json(ref("SigningKey"))},
            parameters=(_KID, CSRF),
        )
    },
}

PATHS = {
    f"{API}{place}": methods
    for tag, table in (
        ("Sessions", _SESSIONS),
        ("Administrators", _ADMINISTRATORS),
        ("Consumers", _CONSUMERS),
        ("Credentials", _CREDENTIALS),
    )
    for place, methods in tagged(tag, table, WHO).items()
}
