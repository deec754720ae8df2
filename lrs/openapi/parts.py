"""What the description is written with: schemas, parameters, answers and operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]

JSON = "application/json"

TEXT: Json = {"type": "string"}
NUMBER: Json = {"type": "integer", "minimum": 0}
REAL: Json = {"type": "number", "minimum": 0}
YES_NO: Json = {"type": "boolean"}
TIME: Json = {"type": "string", "format": "date-time", "examples": ["2026-11-22T06:02:56Z"]}
UUID: Json = {"type": "string", "format": "uuid"}
NOTHING: Json = {"type": "null"}


def ref(name: str) -> Json:
    """The schema ``name`` among the components."""
    return {"$ref": f"#/components/schemas/{name}"}


def maybe(schema: Json) -> Json:
    """``schema``, or null."""
    return {"anyOf": [schema, NOTHING]}


def array(schema: Json, **more: Any) -> Json:
    return {"type": "array", "items": schema, **more}


def one_of(*values: str) -> Json:
    return {"type": "string", "enum": list(values)}


def thing(members: Mapping[str, Json], *, optional: Sequence[str] = (), **more: Any) -> Json:
    """An object with these members and no others; all but ``optional`` ones are always there."""
    required = [name for name in members if name not in optional]
    schema: Json = {"type": "object", "properties": dict(members), "additionalProperties": False, **more}
    return {**schema, "required": required} if required else schema


def with_also(schema: Json, **members: Json) -> Json:
    """The object of ``schema`` with further members, which are always there."""
    required = [*schema.get("required", ()), *members]
    return {**schema, "properties": {**schema["properties"], **members}, "required": required}


def page_of(schema: Json) -> Json:
    """One page of a list."""
    return thing({"items": array(schema), "next": maybe(TEXT)})


def query(name: str, schema: Json, description: str, *, required: bool = False) -> Json:
    return {"name": name, "in": "query", "required": required, "schema": schema, "description": description}


def path(name: str, schema: Json, description: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": schema, "description": description}


def header(name: str, schema: Json, description: str, *, required: bool = False) -> Json:
    return {"name": name, "in": "header", "required": required, "schema": schema, "description": description}


def in_json(schema: Json, description: str = "What was asked for.", **headers: str) -> Json:
    """An answer with a JSON body; ``headers``: names and meanings, with ``_`` for ``-``."""
    return {"description": description, "content": {JSON: {"schema": schema}}, **_headers(headers)}


def empty(description: str, **headers: str) -> Json:
    """An answer without a body."""
    return {"description": description, **_headers(headers)}


def body(schema: Json, *, media_type: str = JSON) -> Json:
    return {"required": True, "content": {media_type: {"schema": schema}}}


def _headers(headers: Mapping[str, str]) -> Json:
    if not headers:
        return {}
    described = {name.replace("_", "-"): {"description": text, "schema": TEXT} for name, text in headers.items()}
    return {"headers": described}


def operation(
    name: str,
    summary: str,
    answers: Mapping[str, Json],
    *,
    parameters: Sequence[Json] = (),
    request: Json | None = None,
    security: Sequence[Json] | None = None,
) -> Json:
    """One method of one path. All that goes wrong is answered by problem details."""
    found: Json = {
        "operationId": name,
        "summary": summary,
        "responses": {**answers, "default": {"$ref": "#/components/responses/Problem"}},
    }
    if parameters:
        found["parameters"] = list(parameters)
    if request is not None:
        found["requestBody"] = request
    if security is not None:
        found["security"] = list(security)
    return found


def tagged(
    tag: str, paths: Mapping[str, Mapping[str, Json]], security: Sequence[Json] | None = None
) -> dict[str, Json]:
    """``paths`` with every operation under ``tag``; ``security`` for those that do not say."""
    usual: Json = {"tags": [tag]} if security is None else {"tags": [tag], "security": list(security)}
    return {
        place: {method: {**usual, **described} for method, described in methods.items()}
        for place, methods in paths.items()
    }
