"""The formats of a statement beside ``exact`` (Communication 2.1.3, 9274.1.1 4.1.6.1 format)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from lrs.xapi.languages import choose_language

_AGENT_PARTS = ("objectType", "mbox", "mbox_sha1sum", "openid", "account")
_INTERACTION_LISTS = ("choices", "scale", "source", "target", "steps")


def formatted(payload: bytes, form: str, accept_language: str) -> bytes:
    """The stored ``payload`` in ``form``: exact (untouched), ids or canonical (one language of each language map)."""
    if form == "exact":
        return payload
    statement = orjson.loads(payload)
    if form == "ids":
        _ids(statement)
    else:
        _canonical(statement, accept_language)
    return orjson.dumps(statement)


def _ids(part: dict[str, Any]) -> None:
    """Leave of each Agent, Activity, Verb and Group only what identifies it, in a Statement or SubStatement."""
    part["verb"] = {"id": part["verb"]["id"]}
    part["actor"] = _bare_agent(part["actor"])
    part["object"] = _bare_object(part["object"])
    if "authority" in part:
        part["authority"] = _bare_agent(part["authority"])
    context = part.get("context", {})
    for name in ("instructor", "team"):
        if name in context:
            context[name] = _bare_agent(context[name])
    for activities in context.get("contextActivities", {}).values():
        activities[:] = [{"id": activity["id"]} for activity in activities]
    for entry in context.get("contextAgents", ()):
        entry["agent"] = _bare_agent(entry["agent"])
    for entry in context.get("contextGroups", ()):
        entry["group"] = _bare_agent(entry["group"])


def _bare_object(target: dict[str, Any]) -> dict[str, Any]:
    kind = target.get("objectType", "Activity")
    if kind in ("Agent", "Group"):
        return _bare_agent(target)
    if kind == "SubStatement":
        _ids(target)
        return target
    if kind == "StatementRef":
        return target
    return {"id": target["id"]}


def _bare_agent(agent: Mapping[str, Any]) -> dict[str, Any]:
    """An Agent or Group without names; an anonymous Group is identified by its members."""
    bare = {name: agent[name] for name in _AGENT_PARTS if name in agent}
    if not bare.keys() - {"objectType"}:
        bare["member"] = [_bare_agent(member) for member in agent["member"]]
    return bare


def _canonical(part: dict[str, Any], accept_language: str) -> None:
    """Reduce each language map to the language that suits the reader best."""

    def one_language(holder: dict[str, Any], *names: str) -> None:
        for name in names:
            if holder.get(name):
                holder[name] = choose_language(holder[name], accept_language)

    one_language(part["verb"], "display")
    for attachment in part.get("attachments", ()):
        one_language(attachment, "display", "description")
    for activity in _activities(part):
        definition = activity.get("definition")
        if definition is None:
            continue
        one_language(definition, "name", "description")
        for name in _INTERACTION_LISTS:
            for component in definition.get(name, ()):
                one_language(component, "description")
    target = part["object"]
    if target.get("objectType") == "SubStatement":
        _canonical(target, accept_language)


def _activities(part: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    """The Activities of a Statement or SubStatement itself: object and context."""
    target = part["object"]
    found = [target] if target.get("objectType", "Activity") == "Activity" else []
    for activities in part.get("context", {}).get("contextActivities", {}).values():
        found.extend(activities)
    return found
