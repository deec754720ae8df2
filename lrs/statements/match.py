"""What a reader asks for, and what it may see: the two predicates that every way out shares (invariant 4).

``Filter`` saves bandwidth; ``Visibility`` guards. The SQLite adapter narrows by index first and then asks these same
objects, and the live stream asks them alone, so that push and pull can't disagree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

import orjson

from lrs.auth.disclosure import PLAIN, Disclosure
from lrs.auth.grants import UNRESTRICTED, Grant
from lrs.auth.principal import Principal
from lrs.auth.restrictions import Restrictions
from lrs.statements.keys import ACTIVITY_TYPE, AGENT, COURSE, ORGANISATION, PLATFORM, VERB, VOIDED, WRITER, Keys
from lrs.statements.record import Draft, Record

_VOIDING = VERB + VOIDED


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions on the keys of a record: a record matches when it has a key out of **each** member.

    ``understood``: its agents are named as they are stored, whatever the reader calls them.
    """

    members: frozenset[frozenset[str]] = field(default=frozenset())
    understood: bool = False

    @classmethod
    def of(cls, *members: frozenset[str]) -> Filter:
        """A filter with these members; an empty member matches nothing."""
        return cls(frozenset(members))

    def matches(self, record: Record) -> bool:
        keys = record.keys
        return all(not member.isdisjoint(keys) for member in self.members)


EVERYTHING = Filter()


_RESTRICTED_KINDS = MappingProxyType(
    {"verbs": VERB, "activity_types": ACTIVITY_TYPE, "sites": PLATFORM, "actors": AGENT}
)
"""The kind of keys that each restriction of a grant is about."""


class _Allowed(NamedTuple):
    """A grant's restrictions as keys: for each kind that is restricted, the keys that are allowed."""

    kinds: frozenset[str]
    members: frozenset[frozenset[str]]
    keys: frozenset[str]

    def permits(self, keys: frozenset[str]) -> bool:
        """Whether something is named of each restricted kind, and nothing that is not allowed.

        What voids a statement, by whatever verb and actor, reaches whoever may see that statement: there it is enough
        that something is allowed. By its keys alone, what refers to something that voids looks the same.
        """
        if any(member.isdisjoint(keys) for member in self.members):
            return False
        return _VOIDING in keys or self.holds(keys)

    def holds(self, keys: frozenset[str]) -> bool:
        """Whether all that is named of the restricted kinds is allowed."""
        return all(key in self.keys for key in keys if key[0] in self.kinds)


@lru_cache(maxsize=1024)
def _allowed(restrictions: Restrictions) -> _Allowed | None:
    """None if there are no restrictions."""
    if not restrictions:
        return None
    members = {
        _RESTRICTED_KINDS[name]: frozenset(_RESTRICTED_KINDS[name] + value for value in values)
        for name, values in restrictions.items()
        if values is not None
    }
    return _Allowed(frozenset(members), frozenset(members.values()), frozenset().union(*members.values()))


@dataclass(frozen=True, slots=True)
class Visibility:
    """What one reader may see: what its grant covers, and with ``writer`` set, only what that consumer wrote.

    ``disclosure``: how learners then appear. It decides nothing here, but those who share bytes must have it in common.
    """

    grant: Grant
    writer: int | None = None
    disclosure: Disclosure = PLAIN
    _allowed: _Allowed | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_allowed", _allowed(self.grant.restrictions))

    @property
    def asks_keys(self) -> bool:
        """Whether ``permits`` looks at the keys of a record, and not at its courses alone."""
        return self.writer is not None or self._allowed is not None

    def permits(self, record: Record) -> bool:
        """Whether the reader may see ``record``; voiding is not asked here."""
        if not self.writes(record):
            return False
        allowed = self._allowed
        if allowed is not None and not (
            allowed.permits(record.keys) and (allowed.holds(record.keys) or _voids(record))
        ):
            return False
        return self.grant.permits(record.courses)

    def permitted(self, records: Sequence[Record]) -> Sequence[Record]:
        """Those of ``records`` that the reader may see."""
        if self.writer is None and not self.grant.limited:
            return records
        return [record for record in records if self.permits(record)]

    def writes(self, record: Record) -> bool:
        """Whether its author is one whose statements the reader may see."""
        return self.writer is None or f"{WRITER}{self.writer}" in record.keys

    def members(self) -> frozenset[frozenset[str]]:
        """Necessary conditions on the keys, for an index: each visible record has a key out of each member."""
        return frozenset(self._members())

    def _members(self) -> Iterator[frozenset[str]]:
        if self.grant.courses is not None:
            yield frozenset(map(_index_key, self.grant.courses))
        if self.writer is not None:
            yield frozenset({f"{WRITER}{self.writer}"})
        if self._allowed is not None:
            yield from self._allowed.members


UNRESTRICTED_VISIBILITY = Visibility(UNRESTRICTED)


def _voids(record: Record) -> bool:
    """Whether ``record`` itself voids; what refers to such a statement has the key of its verb too."""
    return bool(orjson.loads(record.payload)["verb"]["id"] == VOIDED)


def told_of_erased(sight: Visibility, record: Record) -> bool:
    """Whether ``record``, of which little is left, is one that the reader with ``sight`` may have seen.

    Where nothing is left of a kind that its grant is restricted to, such as actors, it is told: whoever has read such a
    statement is to forget it, and to others a UUID says nothing. What voids was seen by what it voided.
    """
    if not sight.writes(record):
        return False
    allowed = _allowed(sight.grant.restrictions)
    covered = allowed is None or _VOIDING in record.keys or allowed.holds(record.keys)
    return covered and sight.grant.permits(record.courses)


def permits_writing(grant: Grant, draft: Draft, target: Keys | None) -> bool:
    """Whether who has ``grant`` may store ``draft``; ``target``: what the statement that it refers to is found by, if
    that is there.

    What it will be found by, with what it inherits, must be covered, and all that it names itself must be. So what
    belongs to a course can be voided by whoever may write there, and by nobody else. A void whose target is not there
    takes a grant without limits: nobody knows yet whom it will reach.
    """
    if draft.voids and target is None:
        return not grant.limited
    found_by = with_target(draft, target)
    if not grant.permits(found_by.courses):
        return False
    allowed = _allowed(grant.restrictions)
    if allowed is None:
        return True
    if draft.voids and target is not None:
        return allowed.permits(target.names) and allowed.holds(draft.keys - {_VOIDING})
    return allowed.permits(found_by.names) and allowed.holds(draft.keys)


def with_target(draft: Draft, target: Keys | None) -> Keys:
    """What ``draft`` will be found by, with what it inherits from ``target``."""
    if target is None:
        return Keys(draft.keys, draft.courses)
    return Keys(draft.keys | target.names, draft.courses | target.courses)


def _index_key(entry: str) -> str:
    """The index key of a grant's entry: ``course-v1:Org+*`` stands for the organisation, others for one course."""
    return ORGANISATION + entry.removesuffix("+*") if entry.endswith("+*") else COURSE + entry


def visibility(principal: Principal) -> Visibility:
    """What ``principal`` may see of the log (Communication 4.2, scopes)."""
    writer = principal.consumer_id if principal.only_mine else None
    return Visibility(principal.grant, writer, principal.disclosure)
