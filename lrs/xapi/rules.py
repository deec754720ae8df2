"""What the standard says about a Statement and no schema can: how values relate, and whether a day exists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from lrs.errors import Problem
from lrs.xapi.timestamps import parse_timestamp

_COMPONENT_LISTS: Final = ("choices", "scale", "source", "target", "steps")
_EMPTY: Final[Mapping[str, Any]] = {}


def broken_rules(statement: Mapping[str, Any], path: str = "$") -> list[Problem]:
    """What is wrong with a Statement that its schema accepts; ``path`` is where it stands."""
    found: list[Problem] = []
    _judge(statement, path, found)
    target = statement["object"]
    if target.get("objectType") == "SubStatement":
        _judge(target, f"{path}.object", found)
    return found


def _judge(part: Mapping[str, Any], path: str, found: list[Problem]) -> None:
    """Add what is wrong in a Statement, or in a SubStatement, which is judged like one (Data 2.4.4.3)."""
    for name in ("timestamp", "stored"):
        text = part.get(name)
        if text is not None and not _exists(text):
            found.append(Problem(f"{path}.{name}", "timestamp", "this day or moment does not exist"))
    score = part.get("result", _EMPTY).get("score")
    if score is not None:
        found.extend(_score_problems(score, f"{path}.result.score"))
    target = part["object"]
    if "definition" in target:
        _judge_definition(target, f"{path}.object", found)
    context_activities = part.get("context", _EMPTY).get("contextActivities")
    if context_activities:
        for name, activities in context_activities.items():
            if isinstance(activities, dict):
                _judge_definition(activities, f"{path}.context.contextActivities.{name}", found)
                continue
            for index, activity in enumerate(activities):
                if "definition" in activity:
                    _judge_definition(activity, f"{path}.context.contextActivities.{name}[{index}]", found)


def _exists(timestamp: str) -> bool:
    """True if a text of the right shape is a moment."""
    # Every month has 28 days; nearly all timestamps need no closer look.
    if timestamp[8:10] <= "28" and ":60" not in timestamp and "0001" < timestamp[:4] < "9999":
        return True
    try:
        parse_timestamp(timestamp)
    except ValueError:
        return False
    return True


def _score_problems(score: Mapping[str, float], path: str) -> Iterator[Problem]:
    """Data 2.4.5.1: min < max, and min <= raw <= max."""
    low, raw, high = score.get("min"), score.get("raw"), score.get("max")
    if low is not None and high is not None and low >= high:
        yield Problem(f"{path}.max", "score", "max must be greater than min")
    if raw is not None and low is not None and raw < low:
        yield Problem(f"{path}.raw", "score", "raw must not be less than min")
    if raw is not None and high is not None and raw > high:
        yield Problem(f"{path}.raw", "score", "raw must not be greater than max")


def _judge_definition(activity: Mapping[str, Any], path: str, found: list[Problem]) -> None:
    """Data 2.4.4.1, interaction components: within a list, ids are distinct."""
    definition = activity.get("definition", _EMPTY)
    if "interactionType" not in definition:
        return
    for name in _COMPONENT_LISTS:
        components = definition.get(name)
        if components and len({component["id"] for component in components}) < len(components):
            found.append(Problem(f"{path}.definition.{name}", "distinct-ids", "ids of components must be distinct"))
