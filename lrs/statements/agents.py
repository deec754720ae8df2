"""The Agents Resource: a Person, from what statements say of an Agent (Communication 2.4, 9274.1.1 4.1.6.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lrs.statements.keys import AGENT, DEFINER, RELATED_AGENT
from lrs.statements.match import Filter
from lrs.statements.parts import agents
from lrs.xapi.actors import ifi

IDENTIFIERS = ("mbox", "mbox_sha1sum", "openid", "account")


def about_agent(agent: Mapping[str, Any]) -> Filter:
    """The statements that count for ``agent``: they hold it somewhere, and their writer could define Agents."""
    name = ifi(agent)
    assert name is not None, "an Agent has an identifier"
    return Filter.of(frozenset({AGENT + name, RELATED_AGENT + name}), frozenset({DEFINER}))


def person(agent: Mapping[str, Any], statements: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The Person for ``agent``: its one identifier, and each name that it has itself or in ``statements``, once.

    Other identifiers of the same human are not looked for: who belongs to whom is not for an LRS to guess.
    """
    wanted = ifi(agent)
    found = (one for statement in statements for one in agents(statement) if ifi(one) == wanted)
    # An Identified Group may have the identifier of an Agent, but its name is that of a group.
    named = [agent, *(one for one in found if one.get("objectType") != "Group")]
    names = list(dict.fromkeys(one["name"] for one in named if "name" in one))
    made: dict[str, Any] = {"objectType": "Person"}
    if names:
        made["name"] = names
    return made | {name: [agent[name]] for name in IDENTIFIERS if name in agent}
