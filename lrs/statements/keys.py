"""The keys of a statement: everything a reader can ask for, extracted once, before the statement is stored.

A key is one string, a letter for its kind and then the value. Kinds that a parameter joins are kept apart, so that
``related_activities=true`` is the union of ``o`` and ``c``, and nothing is stored twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from lrs.xapi.actors import ifi
from lrs.xapi.courses import named_courses, organisation

AGENT = "a"  # IFI of actor or object, and of the members of a Group that stands there (Communication 2.1.3 agent)
RELATED_AGENT = "r"  # IFI of authority, instructor, team, and of all actors in a SubStatement
VERB = "v"
ACTIVITY = "o"  # id of an object that is an Activity
RELATED_ACTIVITY = "c"  # ids of context activities, and of all activities in a SubStatement
REGISTRATION = "g"
COURSE = "k"
ORGANISATION = "n"
ACTIVITY_TYPE = "t"  # definition.type of the object
PLATFORM = "p"  # homePage of the actor's account
DEVIATION = "x"  # how a statement of a trusted writer deviates from the standard (``deviations``)
DEFINER = "d"  # the credential that stored the statement could define Activities and Agents (Communication 4.2 define)
WRITER = "w"  # number of the consumer whose credential stored the statement

# What a statement takes over from the one it refers to (Communication 2.1.3, filter conditions for StatementRefs).
INHERITED_KINDS = frozenset("arvocgkntp")

# What is left of the keys of an erased statement: who else may be told of it.
LEFT_KINDS = frozenset("wkn")

# What its tombstone keeps of the others for the same end. They tell what was done, and not by whom.
KEPT_KINDS = frozenset("vtp")

_RARITY = {
    kind: rank
    for rank, kind in enumerate(
        (
            REGISTRATION,
            AGENT,
            RELATED_AGENT,
            ACTIVITY,
            COURSE,
            RELATED_ACTIVITY,
            ORGANISATION,
            ACTIVITY_TYPE,
            VERB,
            PLATFORM,
            WRITER,
        )
    )
}
"""Kinds by how few records share a key of them."""

VOIDED = "http://adlnet.gov/expapi/verbs/voided"


class Keys(NamedTuple):
    """``names``: the keys; ``courses``: the course keys that the statement names, without a kind letter."""

    names: frozenset[str]
    courses: frozenset[str]


def rarity(member: frozenset[str]) -> tuple[int, int]:
    """Sorts members of a question, those that probably fewest records match first: by the commonest kind of their keys,
    then by how many keys they have.
    """
    kinds = {name[0] for name in member}
    return max((_RARITY.get(kind, len(_RARITY)) for kind in kinds), default=-1), len(member)


def _add_agents(names: set[str], kind: str, actor: Mapping[str, Any]) -> None:
    """Add the keys of an Agent or Group and of its members."""
    name = ifi(actor)
    if name is not None:
        names.add(kind + name)
    if "member" in actor:
        for member in actor["member"]:
            _add_agents(names, kind, member)


def _extract_context(context: Mapping[str, Any], names: set[str], activities: list[Mapping[str, Any]]) -> None:
    """Add what the context of a normalised Statement or SubStatement contributes: all of it is related."""
    lists = context.get("contextActivities")
    if lists:
        # Each member is an array.
        for listed in lists.values():
            for activity in listed:
                activities.append(activity)
                names.add(RELATED_ACTIVITY + activity["id"])
    for name in ("instructor", "team"):
        if name in context:
            _add_agents(names, RELATED_AGENT, context[name])
    if "contextAgents" in context:
        for entry in context["contextAgents"]:
            _add_agents(names, RELATED_AGENT, entry["agent"])
    if "contextGroups" in context:
        for entry in context["contextGroups"]:
            _add_agents(names, RELATED_AGENT, entry["group"])


def extract(statement: Mapping[str, Any]) -> Keys:
    """The keys of a valid, normalised statement, but for its authority and writer, which the credential decides."""
    names = {VERB + statement["verb"]["id"]}
    actor, target = statement["actor"], statement["object"]
    activities: list[Mapping[str, Any]] = []
    _add_agents(names, AGENT, actor)
    if "account" in actor:
        names.add(PLATFORM + actor["account"]["homePage"])
    kind = target.get("objectType", "Activity")
    if kind in ("Agent", "Group"):
        _add_agents(names, AGENT, target)
    elif kind == "SubStatement":
        _extract_substatement(target, names, activities)
    elif kind != "StatementRef":
        activities.append(target)
        names.add(ACTIVITY + target["id"])
        activity_type = target.get("definition", {}).get("type")
        if activity_type is not None:
            names.add(ACTIVITY_TYPE + activity_type)
    context = statement.get("context")
    if context is not None:
        _extract_context(context, names, activities)
        registration = context.get("registration")
        if registration is not None:
            names.add(REGISTRATION + registration.lower())
    courses = named_courses(activities)
    names.update(course_names(courses))
    return Keys(frozenset(names), courses)


def _extract_substatement(part: Mapping[str, Any], names: set[str], activities: list[Mapping[str, Any]]) -> None:
    """Add what a SubStatement contributes: it is related to the statement, never its direct actor or object."""
    _add_agents(names, RELATED_AGENT, part["actor"])
    target = part["object"]
    kind = target.get("objectType", "Activity")
    if kind in ("Agent", "Group"):
        _add_agents(names, RELATED_AGENT, target)
    elif kind != "StatementRef":
        activities.append(target)
        names.add(RELATED_ACTIVITY + target["id"])
    if "context" in part:
        _extract_context(part["context"], names, activities)


def course_names(courses: frozenset[str]) -> Iterator[str]:
    """The keys under which a statement that names ``courses`` is found: each course, and its organisation."""
    for course in courses:
        yield COURSE + course
        owner = organisation(course)
        if owner is not None:
            yield ORGANISATION + owner
