"""What event-routing-backends is known to send against the standard, and how a trusted writer gets it stored.

Open edX can't send these events in another form, and a learner's graded answer is worth more than its spelling. So the
rest of such a statement must be valid all the same, and what was found is a key of the record, by which it can be
looked for. The statement itself is stored as it was sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import orjson

from lrs.xapi.iris import is_iri

GROUP_ACTIVITY = "group-activity"  # objectType GroupActivity for a problem of several questions
ACTIVITY_ID = "activity-id"  # the id of a context activity is no IRI, as of exam attempts
SCORE_RANGE = "score-range"  # max equals min, as of a problem of no weight
ATTACHMENT_MISSING = "attachment-missing"  # an attachment without fileUrl came without its data, as from an export

_CONTEXT_LISTS = ("parent", "grouping", "category", "other")


def mended(statement: Any) -> tuple[Any, frozenset[str]]:
    """A copy of ``statement`` without the known deviations, and the names of those that it had.

    The copy is there to be validated. Without a deviation it is the statement itself. Anything may be given.
    """
    # What came as JSON is copied through JSON, in a tenth of the time.
    copied = orjson.loads(orjson.dumps(statement))
    found = frozenset(name for name, mend in _MENDS.items() if mend(copied))
    return (copied if found else statement), found


def _objects(statement: Any) -> Iterator[dict[str, Any]]:
    """The object and the context activities of whatever was sent, as far as they are JSON objects."""
    if not isinstance(statement, dict):
        return
    if isinstance(statement.get("object"), dict):
        yield statement["object"]
    context = statement.get("context")
    lists = context.get("contextActivities") if isinstance(context, dict) else None
    if isinstance(lists, dict):
        for name in _CONTEXT_LISTS:
            activities = lists.get(name, [])
            yield from (
                a for a in (activities if isinstance(activities, list) else [activities]) if isinstance(a, dict)
            )


def _mend_group_activity(statement: Any) -> bool:
    found = [activity for activity in _objects(statement) if activity.get("objectType") == "GroupActivity"]
    for activity in found:
        activity["objectType"] = "Activity"
    return bool(found)


def _mend_activity_id(statement: Any) -> bool:
    context = [activity for activity in _objects(statement) if activity is not statement["object"]]
    found = [one for one in context if isinstance(one.get("id"), str) and one["id"] and not is_iri(one["id"])]
    for activity in found:
        activity["id"] = "urn:x:deviation"
    return bool(found)


def _mend_score_range(statement: Any) -> bool:
    result = statement.get("result") if isinstance(statement, dict) else None
    score = result.get("score") if isinstance(result, dict) else None
    if not isinstance(score, dict) or "max" not in score or score["max"] != score.get("min"):
        return False
    del score["max"]
    return True


_MENDS: dict[str, Callable[[Any], bool]] = {
    GROUP_ACTIVITY: _mend_group_activity,
    ACTIVITY_ID: _mend_activity_id,
    SCORE_RANGE: _mend_score_range,
}
