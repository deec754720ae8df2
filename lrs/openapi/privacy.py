"""Pseudonyms."""

from __future__ import annotations

from lrs.openapi.admin import API, CSRF
from lrs.openapi.parts import TEXT, Json, array, body, in_json, maybe, operation, ref, tagged, thing

_WHERE: dict[str, Json] = {"consumer": maybe(TEXT), "space": maybe(TEXT)}


def _look_up(name: str, items: Json) -> Json:
    """A body that asks by ``name``."""
    members = {**_WHERE, name: array(items)}
    return {"type": "object", "properties": members, "additionalProperties": False, "required": [name]}


_FOUND: Json = {
    "type": "object",
    "properties": {
        "space": TEXT,
        "shown": array(ref("Agent"), description="The accounts by which the agents appear, in order."),
        "stored": array(maybe(ref("Agent")), description="Who is behind the pseudonyms, in order; null for nobody."),
    },
    "required": ["space"],
}

_PSEUDONYMS = {
    "/pseudonyms/lookup": {
        "post": operation(
            "lookUpPseudonyms",
            "Pseudonyms of agents for a consumer or space, or the agents behind pseudonyms.",
            {"200": in_json(_FOUND)},
            request=body({"oneOf": [_look_up("agents", ref("Agent")), _look_up("pseudonyms", TEXT)]}),
        )
    }
}

_ANYWHERE: Json = thing({"found": array(thing({"space": TEXT, "agent": ref("Agent")}))})

_FOR_PEOPLE = {
    "/pseudonyms": {
        "post": operation(
            "lookUpPseudonymsAtPages",
            "The same for who has logged in; one pseudonym alone is looked for in all spaces.",
            {"200": in_json({"oneOf": [_FOUND, _ANYWHERE]})},
            parameters=(CSRF,),
            request=body({"oneOf": [_look_up("agents", ref("Agent")), _look_up("pseudonyms", TEXT)]}),
        )
    }
}

PATHS = tagged("Privacy", _PSEUDONYMS | {f"{API}{path}": found for path, found in _FOR_PEOPLE.items()})
