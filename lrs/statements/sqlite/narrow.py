"""Questions for several keys of which one is rare: an agent with a verb, an agent in the courses of a grant.

The index finds what has all keys by reading the list of each, also of the commonest, which grows with the log. When few
records have the rare key it is better to look at each of them, which costs the same however long the log is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from lrs.statements.sqlite.rows import Group, terms

_CANDIDATES_MAX = 500
_NUMBERS_MAX = 16
_MANY = f"""SELECT 1 FROM record_key WHERE record_key MATCH ? AND rowid > ? AND rowid < ?
    LIMIT 1 OFFSET {_CANDIDATES_MAX}"""


class Terms(NamedTuple):
    """``found_by``: the expression by which the index finds candidates; empty when there is no condition at all.

    ``sizes``, ``keys``: of groups that a candidate has to be held to itself, how many keys each has, and these keys one
    after the other as arguments of ``condition``.
    """

    found_by: str
    sizes: tuple[int, ...] = ()
    keys: tuple[str, ...] = ()


def narrow(connection: sqlite3.Connection, groups: Sequence[Group], low: int, high: int) -> Terms:
    """How records with a key out of each of ``groups`` are best found; the group that comes first is the rarest.

    ``low``, ``high``: positions between which they are, both exclusive.
    """
    others = groups[1:]
    if not 0 < sum(map(len, others)) <= _NUMBERS_MAX:
        return Terms(terms(groups))
    rarest = terms(groups[:1])
    if connection.execute(_MANY, (rarest, low, high)).fetchone() is not None:
        return Terms(terms(groups))
    return Terms(rarest, tuple(map(len, others)), tuple(f",{number}," for group in others for number in group))


def condition(sizes: Sequence[int], keys: str) -> str:
    """SQL that is true where ``keys``, an expression for a JSON array of key numbers, has one out of each group."""
    found = f"instr(',' || trim({keys}, '[]') || ',', ?) > 0"
    return "".join(f"({' OR '.join([found] * size)}) AND " for size in sizes)
