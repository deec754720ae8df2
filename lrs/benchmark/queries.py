"""Which pages are asked for: each filter of the standard, with values that the LRS was seen to hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any
from urllib.parse import urlencode

PAGE_STATEMENTS = 50
_COURSE = "http://adlnet.gov/expapi/activities/course"
_NOBODY = "https://example.com/nobody-ever-used-this"

Statement = Mapping[str, Any]
Pairs = dict[str, str]


def _agent(one: Statement) -> Pairs | None:
    actor = one["actor"]
    named = {name: actor[name] for name in ("mbox", "mbox_sha1sum", "openid", "account") if name in actor}
    return {"agent": json.dumps(named)} if named else None


def _verb(one: Statement) -> Pairs:
    return {"verb": one["verb"]["id"]}


def _activity(one: Statement) -> Pairs | None:
    about = one["object"]
    return {"activity": about["id"]} if about.get("objectType", "Activity") == "Activity" else None


def _related(one: Statement) -> Pairs | None:
    """The course of the statement, else whatever it is about in its context."""
    near = one.get("context", {}).get("contextActivities", {})
    found = [activity for kind in near.values() for activity in (kind if isinstance(kind, list) else [kind])]
    found.sort(key=lambda activity: activity.get("definition", {}).get("type") != _COURSE)
    return {"activity": found[0]["id"], "related_activities": "true"} if found else None


def _registration(one: Statement) -> Pairs | None:
    named = one.get("context", {}).get("registration")
    return {"registration": named} if named else None


def _since(one: Statement) -> Pairs:
    return {"since": one["stored"], "ascending": "true"}


def _both(*filters: Callable[[Statement], Pairs | None]) -> Callable[[Statement], Pairs | None]:
    def combined(one: Statement) -> Pairs | None:
        parts = [found for found in (each(one) for each in filters) if found]
        return {name: value for part in parts for name, value in part.items()} if len(parts) == len(filters) else None

    return combined


FILTERS: Mapping[str, Callable[[Statement], Pairs | None]] = {
    "newest page": lambda _: {},
    "agent": _agent,
    "verb": _verb,
    "activity": _activity,
    "related course": _related,
    "registration": _registration,
    "since, oldest first": _since,
    "agent and verb": _both(_agent, _verb),
    "related course and verb": _both(_related, _verb),
    "verb and since": _both(_verb, _since),
}

UNKNOWN: Mapping[str, Pairs] = {
    "unknown verb": {"verb": _NOBODY},
    "unknown activity": {"activity": _NOBODY},
    "unknown agent": {"agent": json.dumps({"account": {"homePage": _NOBODY, "name": "nobody"}})},
}

ONE = "one by its id"


def queries(
    found: Sequence[Statement], chance: Random, *, limit: int = PAGE_STATEMENTS, each: int = 100
) -> dict[str, list[str]]:
    """Up to ``each`` resources (``statements?…``) for every case, in the order in which the table shows them.

    ``found``: statements as the LRS gave them. A case for which none of them has a value is left out.
    """
    made: dict[str, list[str]] = {}
    for name, parameters in FILTERS.items():
        pairs = [given for one in found if (given := parameters(one)) is not None]
        texts = sorted({urlencode({**given, "limit": str(limit)}) for given in pairs})
        if texts:
            chance.shuffle(texts)
            made[name] = [f"statements?{text}" for text in texts[:each]]
    for name, given in UNKNOWN.items():
        made[name] = [f"statements?{urlencode({**given, 'limit': str(limit)})}"]
    ids = sorted({one["id"] for one in found})
    if ids:
        made[ONE] = [f"statements?statementId={identifier}" for identifier in chance.sample(ids, min(each, len(ids)))]
    return made
