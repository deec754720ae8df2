"""The resources of xAPI (Communication 2), and the stream over HTTP; paths are below the base path."""

from __future__ import annotations

from lrs.openapi.parts import (
    JSON,
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
    one_of,
    operation,
    query,
    ref,
    tagged,
    thing,
)

_IRI: Json = {"type": "string", "format": "iri"}
_ANY: Json = {"schema": {}}
_STATEMENTS: Json = {"oneOf": [ref("Statement"), array(ref("Statement"))]}

VERSION = header(
    "X-Experience-API-Version", one_of("1.0.3", "2.0.0"), "The version of xAPI that the request speaks.", required=True
)
_AGENT = query("agent", TEXT, "An Agent as JSON.", required=True)
_ACTIVITY = query("activityId", _IRI, "The id of the Activity.", required=True)
_REGISTRATION = query("registration", UUID, "The registration of the state.")
_SINCE = query("since", TIME, "For a list of ids: only those changed after.")

_QUERY = (
    VERSION,
    query("statementId", UUID, "One statement."),
    query("voidedStatementId", UUID, "One statement that was voided."),
    query("agent", TEXT, "An Agent or Identified Group as JSON."),
    query("verb", _IRI, "The id of the verb."),
    query("activity", _IRI, "The id of the object."),
    query("registration", UUID, "The registration."),
    query("related_activities", YES_NO, "Also activities in the context, and in SubStatements."),
    query("related_agents", YES_NO, "Also agents in the context, authority, and SubStatements."),
    query("since", TIME, "Stored after."),
    query("until", TIME, "Stored at that time or before."),
    query("limit", {"type": "integer", "minimum": 0}, "Most statements of a page; 0: as many as may be."),
    query("format", one_of("exact", "ids", "canonical"), "In which form."),
    query("attachments", YES_NO, "With the data of attachments, as multipart/mixed."),
    query("ascending", YES_NO, "Oldest first."),
    query("course", array(TEXT), "Course keys: statements that name any of them."),
    query("after", TEXT, "A cursor, or beginning: what came after, in the order of arrival."),
    query("more", TEXT, "What more says of the page before."),
)
_MULTIPART: Json = {"multipart/mixed": _ANY}
_FOUND = in_json({"type": "object"}, "A statement, or a page: statements, and more.")
_FOUND["content"].update(_MULTIPART)
_POSTED = body(_STATEMENTS)
_POSTED["content"].update(_MULTIPART)
_PUT = body(ref("Statement"))
_PUT["content"].update(_MULTIPART)

_STATEMENT_RESOURCE = {
    "/statements": {
        "get": operation("queryStatements", "One statement, or a page of a query.", {"200": _FOUND}, parameters=_QUERY),
        "post": operation(
            "storeStatements",
            "Store one statement or many, all or none.",
            {"200": in_json(array(UUID), "Their ids, in order.")},
            parameters=(VERSION,),
            request=_POSTED,
        ),
        "put": operation(
            "storeStatement",
            "Store one statement under the id in the URL.",
            {"204": empty("It is stored.")},
            parameters=(VERSION, query("statementId", UUID, "The id.", required=True)),
            request=_PUT,
        ),
    },
    "/statements/erased": {
        "get": operation(
            "listErased",
            "Ids of erased statements that the reader may have seen, in the order of erasing.",
            {"200": in_json(thing({"erased": array(TEXT), "after": TEXT, "more": YES_NO}))},
            parameters=(VERSION, query("after", TEXT, "The member after of the answer before.")),
        )
    },
    "/activities": {
        "get": operation(
            "readActivity",
            "An Activity with its definition.",
            {"200": in_json({"type": "object"})},
            parameters=(VERSION, _ACTIVITY),
        )
    },
    "/agents": {
        "get": operation("readPerson", "A Person.", {"200": in_json({"type": "object"})}, parameters=(VERSION, _AGENT))
    },
    "/about": {
        "get": operation(
            "readAbout",
            "The versions of xAPI that this LRS speaks.",
            {
                "200": in_json(
                    thing({"version": array(TEXT), "extensions": {"type": "object"}}, optional=("extensions",))
                )
            },
            security=[],
        )
    },
}


def _documents(name: str, within: tuple[Json, ...], id_: str, *, all_at_once: bool) -> dict[str, Json]:
    """The four methods of a document resource."""
    one = query(id_, TEXT, "The id of the document.", required=True)
    either = query(id_, TEXT, "The id of the document; without it, the ids of all.")
    match = (
        header("If-Match", TEXT, "Only if it is as seen."),
        header("If-None-Match", TEXT, "Only if it is not as seen; *: only if there is none."),
    )
    stored: Json = {"required": True, "content": {"*/*": _ANY, JSON: _ANY}}
    read: Json = {"description": "The document, or an array of ids.", "content": {"*/*": _ANY, JSON: _ANY}}
    return {
        "get": operation(
            f"read{name}",
            "One document, or the ids of all of them.",
            {"200": read, "304": empty("The client has it.")},
            parameters=(VERSION, *within, either, _SINCE, *match),
        ),
        "put": operation(
            f"store{name}",
            "Store or replace one document.",
            {"204": empty("It is stored.")},
            parameters=(VERSION, *within, one, *match),
            request=stored,
        ),
        "post": operation(
            f"merge{name}",
            "Merge into one document, or store it.",
            {"204": empty("It is stored.")},
            parameters=(VERSION, *within, one, *match),
            request=stored,
        ),
        "delete": operation(
            f"delete{name}",
            "Delete one document.",
            {"204": empty("It is gone.")},
            parameters=(VERSION, *within, either if all_at_once else one, *match),
        ),
    }


_DOCUMENTS = {
    "/activities/state": _documents("State", (_ACTIVITY, _AGENT, _REGISTRATION), "stateId", all_at_once=True),
    "/activities/profile": _documents("ActivityProfile", (_ACTIVITY,), "profileId", all_at_once=False),
    "/agents/profile": _documents("AgentProfile", (_AGENT,), "profileId", all_at_once=False),
}

_FILTER = tuple(
    query(name, array(TEXT), f"Only with {meaning}.")
    for name, meaning in (
        ("course", "these courses"),
        ("verb", "these verbs"),
        ("activity", "these objects"),
        ("related_activity", "these objects or context activities"),
        ("activity_type", "these types of objects"),
        ("actor", "these Agents, as JSON"),
        ("registration", "these registrations"),
        ("platform", "actors with accounts at these sites"),
    )
)
_START = (
    query("after", TEXT, "A cursor."),
    query("since", TIME, "Stored at that time or later."),
    query("from", one_of("beginning", "now"), "Where to begin."),
)

_STREAM = {
    "/stream": {
        "get": operation(
            "followEvents",
            "Statements live, as server-sent events; or a websocket, which /asyncapi.json describes.",
            {
                "200": {
                    "description": "Frames, each as an event.",
                    "content": {"text/event-stream": {"schema": TEXT}},
                },
                "426": {"description": "Ask for text/event-stream.", "content": {"text/plain": {"schema": TEXT}}},
            },
            parameters=(*_FILTER, *_START),
        )
    },
    "/changes": {
        "get": operation(
            "pollChanges",
            "Statements that came after a cursor; waits a while for the first of them.",
            {"200": in_json(thing({"statements": array(ref("Statement")), "cursor": TEXT, "more": YES_NO}))},
            parameters=(
                *_FILTER,
                *_START,
                query("limit", {"type": "integer", "minimum": 0}, "Most statements."),
                query("wait", {"type": "number", "minimum": 0, "maximum": 60}, "How long to wait, in seconds."),
            ),
        )
    },
}

PATHS = {**tagged("xAPI", {**_STATEMENT_RESOURCE, **_DOCUMENTS}), **tagged("Stream", _STREAM)}
