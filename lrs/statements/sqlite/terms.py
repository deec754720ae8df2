"""The words of the key index: what a record is found by, and what is asked of the index.

A term is the number of a key, or a pair: an agent and a verb that one record has both. Without pairs, what a learner
completed would be found by going through all that the learner did, or all that anybody completed. A record has few
verbs, its own and those that it inherited, so there are not many more pairs than agents.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

import orjson

from lrs.statements.keys import AGENT, VERB
from lrs.statements.sqlite.names import Names

Group = tuple[int | str, ...]
"""Terms, of which a record has to have one."""

_PAIRS_MAX = 32
"""In one question. With more of them the lists of each are not much shorter than that of the agent."""


def index_terms(numbers: Iterable[int], names: Mapping[int, str]) -> str:
    """What the index holds of a record with the keys of these ``numbers``, whose ``names`` are given."""
    words, agents, verbs = [], [], []
    for number in numbers:
        words.append(str(number))
        kind = names[number][0]
        if kind == VERB:
            verbs.append(number)
        elif kind == AGENT:
            agents.append(number)
    words += [_pair(agent, verb) for agent in agents for verb in verbs]
    return " ".join(words)


def stored_terms(connection: sqlite3.Connection, keys: Names, text: str) -> str:
    """The same of a record whose keys are there as ``text``: a JSON array of their numbers."""
    numbers = orjson.loads(text)
    return index_terms(numbers, keys.names(connection, numbers))


def paired(members: Iterable[tuple[frozenset[str], Sequence[int]]]) -> list[Group]:
    """Groups for ``members``, each with the numbers of its names, in their order; if some are all agents and others all
    verbs, the shortest of either become one group of pairs, the first of all.
    """
    sorted_ = [(member, tuple(sorted(found))) for member, found in members]
    agents, verbs = (
        min((group for member, group in sorted_ if all(name[0] == kind for name in member)), key=len, default=())
        for kind in (AGENT, VERB)
    )
    groups: list[Group] = [group for _, group in sorted_]
    if not 0 < len(agents) * len(verbs) <= _PAIRS_MAX:
        return groups
    groups.remove(agents)
    groups.remove(verbs)
    # No record has a pair among its keys: it is what records are found by, and the others what they may be held to.
    return [tuple(_pair(agent, verb) for agent in agents for verb in verbs), *groups]


def expression(groups: Iterable[Group]) -> str:
    """What the index is asked for records that have a term out of each group."""
    return " AND ".join(f"({' OR '.join(map(str, group))})" for group in groups)


def _pair(agent: int, verb: int) -> str:
    return f"{agent}x{verb}"
