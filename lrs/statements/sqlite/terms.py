"""The words of the key index: what a record is found by, and what is asked of the index.

A term is the number of a key, or a pair: a verb with an agent or with a course, that one record has both. Without
pairs, what a learner completed would be found by going through all that the learner did, or all that anybody completed.
A record has few verbs, its own and those that it inherited, so there are not many more pairs than agents and courses.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import orjson

from lrs.statements.keys import ACTIVITY, AGENT, RELATED_ACTIVITY, VERB
from lrs.statements.sqlite.names import Names
from lrs.xapi.courses import is_course

Group = tuple[int | str, ...]
"""Terms, of which a record has to have one."""

_PAIRS_MAX = 32
"""In one question. With more of them the lists of each are not much shorter than that of the agent or the course."""

_COURSE = "course"
"""The kind of an Activity that is a course, beside those of keys."""


class Sides(NamedTuple):
    """Which of some keys are in pairs: the numbers of ``verbs``, and of the ``others``, agents and courses."""

    verbs: frozenset[int]
    others: frozenset[int]


def sides(names: Iterable[tuple[str, int]]) -> Sides:
    """Those of ``names`` with their numbers."""
    verbs, others = [], []
    for name, number in names:
        kind = _kind(name)
        if kind == VERB:
            verbs.append(number)
        elif kind in (AGENT, _COURSE):
            others.append(number)
    return Sides(frozenset(verbs), frozenset(others))


def index_text(keys: str, numbers: Iterable[int], known: Sides) -> str:
    """What the index is given of a record with ``numbers`` of which it knows the ``sides``; ``keys``: the same as a
    JSON array, in which the index finds its terms as well.
    """
    return " ".join([keys, *_pairs(numbers, known)])


def index_terms(numbers: Iterable[int], known: Sides) -> list[str]:
    """The terms in that."""
    return [*map(str, numbers), *_pairs(numbers, known)]


def stored_text(connection: sqlite3.Connection, keys: Names, text: str) -> str:
    """``index_text`` of a record whose keys are there as ``text``."""
    numbers = orjson.loads(text)
    names = keys.names(connection, numbers)
    return index_text(text, numbers, sides((names[number], number) for number in numbers))


def paired(members: Iterable[tuple[frozenset[str], Sequence[int]]]) -> list[Group]:
    """Groups for ``members``, each with the numbers of its names, in their order; if some are all verbs and others all
    agents, or all a course, the shortest of either become one group of pairs, the first of all.
    """
    groups: list[Group] = []
    sorts: dict[str, list[Group]] = {}
    for member, found in members:
        groups.append(tuple(sorted(found)))
        kinds = {_kind(name) for name in member}
        if len(kinds) == 1:
            sorts.setdefault(kinds.pop(), []).append(groups[-1])
    verbs = min(sorts.get(VERB) or [()], key=len)
    others = min(sorts.get(AGENT) or sorts.get(_COURSE) or [()], key=len)
    if not 0 < len(verbs) * len(others) <= _PAIRS_MAX:
        return groups
    groups.remove(verbs)
    groups.remove(others)
    # No record has a pair among its keys: it is what records are found by, and the others what they may be held to.
    return [tuple(_pair(other, verb) for other in others for verb in verbs), *groups]


def expression(groups: Iterable[Group]) -> str:
    """What the index is asked for records that have a term out of each group."""
    return " AND ".join(f"({' OR '.join(map(str, group))})" for group in groups)


def _kind(name: str) -> str:
    kind = name[0]
    return _COURSE if kind in (ACTIVITY, RELATED_ACTIVITY) and is_course(name[1:]) else kind


def _pairs(numbers: Iterable[int], known: Sides) -> list[str]:
    verbs = known.verbs.intersection(numbers)
    return [_pair(other, verb) for other in known.others.intersection(numbers) for verb in verbs]


def _pair(other: int | str, verb: int | str) -> str:
    return f"{other}x{verb}"
