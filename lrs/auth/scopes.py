"""What a credential allows: the xAPI scopes (Communication 4.2), and ``stream``, ``admin`` and ``pseudonyms``."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from types import MappingProxyType

from lrs.errors import InvalidParameter

STATEMENTS_WRITE = "statements/write"
STATEMENTS_READ_MINE = "statements/read/mine"
STATEMENTS_READ = "statements/read"
STREAM = "stream"
STATE = "state"
PROFILE = "profile"
DEFINE = "define"
ALL_READ = "all/read"
ALL = "all"
ADMIN = "admin"
PSEUDONYMS = "pseudonyms"
ERASE = "erase"

# These two are never granted by name. They come with a wider scope, and are what reading a document asks for.
STATE_READ = "state/read"
PROFILE_READ = "profile/read"

MEANINGS = MappingProxyType(
    {
        STATEMENTS_WRITE: "write statements",
        STATEMENTS_READ_MINE: "read the statements that it wrote itself",
        STATEMENTS_READ: "read statements, whoever wrote them",
        STREAM: "read statements live, whoever wrote them",
        STATE: "read and write state documents",
        PROFILE: "read and write agent and activity profiles",
        DEFINE: "change the stored definitions of activities and actors",
        ALL_READ: "read everything, also live",
        ALL: "everything but administration",
        ADMIN: "administer consumers, keys and tokens",
        PSEUDONYMS: "look up who is behind the pseudonyms of consumers, and the other way round",
        ERASE: "erase learners",
    }
)
"""Every scope that can be granted, with its meaning, narrow ones first."""

IMPLIED = MappingProxyType(
    {
        STATEMENTS_READ: frozenset({STATEMENTS_READ_MINE}),
        STATE: frozenset({STATE_READ}),
        PROFILE: frozenset({PROFILE_READ}),
        ALL_READ: frozenset({STATEMENTS_READ, STREAM, STATE_READ, PROFILE_READ}),
        ALL: frozenset({ALL_READ, STATEMENTS_WRITE, STATE, PROFILE, DEFINE}),
    }
)
"""What a scope brings with it, one step at a time. ``admin`` and ``pseudonyms`` stand alone."""

READING = frozenset({STATEMENTS_READ_MINE, STATEMENTS_READ, STREAM, STATE_READ, PROFILE_READ})
"""The permissions that decide what is shown, rather than what may be changed."""

DEFAULT_SCOPES = frozenset({STATEMENTS_WRITE, STATEMENTS_READ_MINE})
"""What a consumer gets when nothing is said; the standard's default (Communication 4.2)."""


def scope_set(names: Iterable[str]) -> frozenset[str]:
    """``names`` as a set of scopes; InvalidParameter names the first that does not exist."""
    found = frozenset(names)
    for name in sorted(found):
        if name not in MEANINGS:
            raise InvalidParameter(f"unknown scope {name!r}; there are: {', '.join(MEANINGS)}")
    return found


@lru_cache(maxsize=1024)
def expanded(scopes: frozenset[str]) -> frozenset[str]:
    """``scopes`` with all that they imply."""
    reached = set(scopes)
    waiting = list(scopes)
    while waiting:
        new = IMPLIED.get(waiting.pop(), frozenset()) - reached
        reached |= new
        waiting.extend(new)
    return frozenset(reached)


def narrowed(asked: frozenset[str], held: frozenset[str]) -> frozenset[str]:
    """What both allow, expanded: ``asked`` can never add to ``held``."""
    return expanded(asked) & expanded(held)


def reads_all_authors(scopes: frozenset[str]) -> bool:
    """Whether statements of other consumers are shown, within the grant.

    ``stream`` counts: otherwise a credential with ``stream`` alone would see more than one that holds
    ``statements/read/mine`` as well, and taking a scope away would widen what is seen.
    """
    return not expanded(scopes).isdisjoint({STATEMENTS_READ, STREAM})


def listed(scopes: frozenset[str]) -> list[str]:
    """``scopes`` in the order of ``MEANINGS``, for people and for the ``scope`` claim."""
    return [name for name in MEANINGS if name in scopes]
