"""Are two Statements the same? (Data 2.3.1, Statement Immutability and Statement Comparison Requirements)

Ignored is what an LRS may have added or changed, and nothing else:

* ``id``, ``timestamp`` and ``attachments`` that only one side has; ``authority``, ``stored`` and ``version`` always;
* ``display`` of verbs and ``definition`` of Activities, which are not part of the Statement;
* the order of members in a Group, the one list of the standard that is said to be unordered;
* a single Activity in contextActivities instead of an array of one, for the LRS must return arrays (Data 2.4.6.2);
* how an instant is written, and what is beyond its milliseconds (Data 4.5);
* the case of UUIDs, language tags, hashes and the domains of e-mail addresses;
* what a duration has beyond 0.01 seconds (Data 4.6); otherwise durations are compared as strings.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

import orjson

from lrs.xapi.actors import comparable_mbox
from lrs.xapi.durations import comparable_duration
from lrs.xapi.timestamps import parse_timestamp

SIGNATURE: Final = "http://adlnet.gov/expapi/attachments/signature"
_MILLISECOND_US: Final = 1_000


def equivalent(new: Mapping[str, Any], stored: Mapping[str, Any], *, ignore_extensions: Collection[str] = ()) -> bool:
    """True if ``new`` says nothing that ``stored`` does not say; both are valid Statements.

    ``ignore_extensions`` are names of extensions of context and result that do not count either, for writers that are
    trusted to change them, such as the version of the program that wrote a Statement.
    """
    inner_new, inner_stored = _substatement(new), _substatement(stored)
    return (
        _agree(new.get("id"), stored.get("id"), _same_letters)
        and _agree(new.get("timestamp"), stored.get("timestamp"), _same_instant)
        and _agree(_hashes(new), _hashes(stored), _equal)
        and ("timestamp" in inner_new) == ("timestamp" in inner_stored)
        and _agree(inner_new.get("timestamp"), inner_stored.get("timestamp"), _same_instant)
        and _same(_part(new, ignore_extensions), _part(stored, ignore_extensions))
    )


def _agree(one: Any, other: Any, same: Callable[[Any, Any], bool]) -> bool:
    return one is None or other is None or same(one, other)


def _equal(one: Any, other: Any) -> bool:
    return bool(one == other)


def _same_letters(one: str, other: str) -> bool:
    return one.lower() == other.lower()


def _same_instant(one: str, other: str) -> bool:
    return abs(parse_timestamp(one) - parse_timestamp(other)) < _MILLISECOND_US


def _substatement(statement: Mapping[str, Any]) -> Mapping[str, Any]:
    """The SubStatement in ``statement``, or nothing."""
    target: Mapping[str, Any] = statement["object"]
    return target if target.get("objectType") == "SubStatement" else {}


def _hashes(statement: Mapping[str, Any]) -> list[str] | None:
    """The attachments by what they hold. A signature signs a Statement and so can't be in it (Data 2.6)."""
    attachments = statement.get("attachments", ())
    return [entry["sha2"].lower() for entry in attachments if entry["usageType"] != SIGNATURE] or None


def _part(part: Mapping[str, Any], ignored: Collection[str]) -> dict[str, Any]:
    """What counts in a Statement or SubStatement, in a form in which equal means the same."""
    found: dict[str, Any] = {
        "actor": _actor(part["actor"]),
        "verb": part["verb"]["id"],
        "object": _object(part["object"], ignored),
    }
    if "result" in part:
        found["result"] = _result(part["result"], ignored)
    if "context" in part:
        found["context"] = _context(part["context"], ignored)
    return found


def _object(target: Mapping[str, Any], ignored: Collection[str]) -> dict[str, Any]:
    kind = target.get("objectType")
    if kind in ("Agent", "Group"):
        return _actor(target)
    if kind == "SubStatement":
        return _part(target, ignored) | {"objectType": kind, "attachments": _hashes(target)}
    if kind == "StatementRef":
        return _reference(target)
    return _activity(target)


def _actor(actor: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(actor)
    if "mbox" in found:
        found["mbox"] = comparable_mbox(found["mbox"])
    if "mbox_sha1sum" in found:
        found["mbox_sha1sum"] = found["mbox_sha1sum"].lower()
    if "member" in found:
        found["member"] = sorted(map(_actor, found["member"]), key=_sorted_json)
    return found


def _sorted_json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _activity(activity: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in activity.items() if name != "definition"}


def _reference(reference: Mapping[str, Any]) -> dict[str, Any]:
    return {**reference, "id": reference["id"].lower()}


def _result(result: Mapping[str, Any], ignored: Collection[str]) -> dict[str, Any]:
    found = _with_extensions(result, ignored)
    if "duration" in found:
        found["duration"] = comparable_duration(found["duration"])
    return found


def _context(context: Mapping[str, Any], ignored: Collection[str]) -> dict[str, Any]:
    found = _with_extensions(context, ignored)
    for name, comparable in _COMPARABLE_IN_CONTEXT.items():
        if name in found:
            found[name] = comparable(found[name])
    return found


def _context_activities(groups: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(map(_activity, [value] if isinstance(value, dict) else value)) for name, value in groups.items()}


_COMPARABLE_IN_CONTEXT: Final[Mapping[str, Callable[[Any], Any]]] = {
    "registration": str.lower,
    "language": str.lower,
    "instructor": _actor,
    "team": _actor,
    "statement": _reference,
    "contextActivities": _context_activities,
    "contextAgents": lambda entries: [{**entry, "agent": _actor(entry["agent"])} for entry in entries],
    "contextGroups": lambda entries: [{**entry, "group": _actor(entry["group"])} for entry in entries],
}


def _with_extensions(part: Mapping[str, Any], ignored: Collection[str]) -> dict[str, Any]:
    """A copy of ``part`` without the extensions that do not count."""
    found = dict(part)
    if ignored and "extensions" in found:
        found["extensions"] = {name: value for name, value in found["extensions"].items() if name not in ignored}
        if not found["extensions"]:
            del found["extensions"]
    return found


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: ``1`` is ``1.0``, but ``true`` is not ``1``, as Python has it."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return _equal(one, other)
