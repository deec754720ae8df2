"""What a reader asks for, and what it may see: the two predicates that every way out shares (invariant 4).

``Filter`` saves bandwidth; ``Visibility`` guards. The SQLite adapter narrows by index first and then asks these same
objects, and the live stream asks them alone, so that push and pull can't disagree.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lrs.auth.grants import UNRESTRICTED, Grant
from lrs.auth.principal import Principal
from lrs.statements.keys import COURSE, ORGANISATION, WRITER
from lrs.statements.record import Record


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions on the keys of a record: a record matches when it has a key out of **each** member."""

    members: frozenset[frozenset[str]] = field(default=frozenset())

    @classmethod
    def of(cls, *members: frozenset[str]) -> Filter:
        """A filter with these members; an empty member matches nothing."""
        return cls(frozenset(members))

    def matches(self, record: Record) -> bool:
        keys = record.keys
        return all(not member.isdisjoint(keys) for member in self.members)


EVERYTHING = Filter()


@dataclass(frozen=True, slots=True)
class Visibility:
    """What one reader may see: the courses of its grant, and with ``writer`` set, only what that consumer wrote."""

    grant: Grant
    writer: int | None = None

    def permits(self, record: Record) -> bool:
        """Whether the reader may see ``record``; voiding is not asked here."""
        if self.writer is not None and f"{WRITER}{self.writer}" not in record.keys:
            return False
        return self.grant.permits(record.courses)

    def members(self) -> frozenset[frozenset[str]]:
        """Necessary conditions on the keys, for an index: each visible record has a key out of each member."""
        members = set()
        if self.grant.courses is not None:
            members.add(frozenset(map(_index_key, self.grant.courses)))
        if self.writer is not None:
            members.add(frozenset({f"{WRITER}{self.writer}"}))
        return frozenset(members)


UNRESTRICTED_VISIBILITY = Visibility(UNRESTRICTED)


def _index_key(entry: str) -> str:
    """The index key of a grant's entry: ``course-v1:Org+*`` stands for the organisation, others for one course."""
    return ORGANISATION + entry.removesuffix("+*") if entry.endswith("+*") else COURSE + entry


def visibility(principal: Principal) -> Visibility:
    """What ``principal`` may see of the log (Communication 4.2, scopes)."""
    return Visibility(principal.grant, principal.consumer_id if principal.only_mine else None)
