"""Questions for several keys of which one is rare, such as an agent in the courses of a grant.

The index finds what has all keys by reading the list of each, also of the commonest, which grows with the log. When few
records have the rare key it is better to look at each of them, which costs the same however long the log is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from lrs.statements.sqlite.terms import Group, expression

_CANDIDATES_MAX = 500
_SHORT = 4
"""How many terms a group that may be rare has at most.

In a record each of so few is looked for by itself, which for more would cost more than taking the array apart.
"""
_MANY = f"""SELECT 1 FROM record_key WHERE record_key MATCH ? AND rowid > ? AND rowid < ?
    LIMIT 1 OFFSET {_CANDIDATES_MAX}"""


class Terms(NamedTuple):
    """``found_by``: the expression by which the index finds candidates; empty when there is no condition at all.

    ``sizes``: how many keys each group has that a candidate has to be held to itself, all long ones alike.
    ``keys``: those groups, as arguments of ``condition``.
    """

    found_by: str
    sizes: tuple[int, ...] = ()
    keys: tuple[str, ...] = ()


def narrow(connection: sqlite3.Connection, groups: Sequence[Group], low: int, high: int) -> Terms:
    """How records with a term out of each of ``groups`` are best found; the group that comes first is the rarest.

    ``low``, ``high``: positions between which they are, both exclusive.
    """
    if len(groups) < 2 or len(groups[0]) > _SHORT:
        return Terms(expression(groups))
    rarest, others = expression(groups[:1]), groups[1:]
    if connection.execute(_MANY, (rarest, low, high)).fetchone() is not None:
        return Terms(expression(groups))
    return Terms(
        rarest,
        tuple(min(len(group), _SHORT + 1) for group in others),
        tuple(key for group in others for key in _keys(group)),
    )


def condition(sizes: Sequence[int], keys: str) -> str:
    """SQL that is true where ``keys``, an expression for a JSON array of key numbers, has one out of each group."""
    return "".join(f"({_has_one(size, keys)}) AND " for size in sizes)


def _has_one(size: int, keys: str) -> str:
    if size <= _SHORT:
        return " OR ".join([f"instr(',' || trim({keys}, '[]') || ',', ?) > 0"] * size)
    return f"EXISTS (SELECT 1 FROM json_each({keys}) AS had WHERE had.value IN (SELECT value FROM json_each(?)))"


def _keys(group: Group) -> Sequence[str]:
    if len(group) <= _SHORT:
        return [f",{number}," for number in group]
    return [f"[{','.join(map(str, group))}]"]
