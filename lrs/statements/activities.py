"""The Activities Resource: an Activity as statements describe it (Communication 2.5, 9274.1.1 4.1.6.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lrs.statements.keys import ACTIVITY, DEFINER, RELATED_ACTIVITY
from lrs.statements.match import Filter
from lrs.statements.parts import activities

# These are maps of independent entries, so what one statement leaves out another may have told.
MAPS = ("name", "description", "extensions")

# These describe one interaction together; half of one and half of another would describe none (Data 2.4.4.1).
INTERACTION = ("interactionType", "correctResponsesPattern", "choices", "scale", "source", "target", "steps")


def about_activity(activity_id: str) -> Filter:
    """The statements that count for the Activity: they hold it somewhere, and their writer could define Activities."""
    return Filter.of(frozenset({ACTIVITY + activity_id, RELATED_ACTIVITY + activity_id}), frozenset({DEFINER}))


def described(activity_id: str, statements: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The Activity with all that ``statements``, newest first, say of it; where they differ the newest counts.

    Names, descriptions and extensions are merged entry by entry. An Activity that no statement describes has no
    ``definition``.
    """
    definition: dict[str, Any] = {}
    for statement in reversed(list(statements)):
        for activity in activities(statement):
            if activity["id"] == activity_id:
                _redefine(definition, activity.get("definition", {}))
    made: dict[str, Any] = {"objectType": "Activity", "id": activity_id}
    return made | {"definition": definition} if definition else made


def _redefine(definition: dict[str, Any], newer: Mapping[str, Any]) -> None:
    """Change ``definition`` by what ``newer`` says."""
    if "interactionType" in newer:
        for name in INTERACTION:
            definition.pop(name, None)
    for name, value in newer.items():
        definition[name] = definition.get(name, {}) | value if name in MAPS else value
