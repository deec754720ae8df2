"""What the matrix is compared with: statements and the plain truth about them, known because they were made so.

Nothing here asks the code which course a statement names, who wrote it, or what it refers to.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

A = "course-v1:Org+A+2026"
B = "course-v1:Org+B+2026"
C = "course-v1:Other+C+2026"
CUSTOM = "ccx-v1:Org+A+2026+ccx@7"
FOREIGN = "https://elsewhere.example.com/courses/math"  # of no Open edX platform, so that no grant can name it
COURSES = (A, B, C, CUSTOM, FOREIGN)


Asked = tuple[tuple[str, str], ...]
"""What is asked for, as (parameter, value)."""


Named = frozenset[tuple[str, str]]
"""What a statement names beside courses, as (restriction, value)."""

NO_LIMITS: Mapping[str, frozenset[str]] = MappingProxyType({})


class Grant(NamedTuple):
    """``entries`` as an administrator writes them, None for all courses; ``covered``: which of COURSES they mean.

    ``limits``: for each restriction of the grant, what is allowed, by the short names of ``Named``.
    """

    entries: tuple[str, ...] | None
    covered: frozenset[str]
    limits: Mapping[str, frozenset[str]] = NO_LIMITS

    @property
    def limited(self) -> bool:
        return self.entries is not None or bool(self.limits)

    def shows(self, named: Named, *, voids: bool) -> bool:
        """Whether the restrictions allow what names ``named``: something of each kind, and all of it. What voids is
        shown where something of it is allowed.
        """
        return all(
            any((kind, value) in named for value in allowed)
            and (voids or all(value in allowed for other, value in named if other == kind))
            for kind, allowed in self.limits.items()
        )

    def holds(self, named: Named) -> bool:
        """Whether nothing in ``named`` is outside the restrictions."""
        return all(value in self.limits.get(kind, {value}) for kind, value in named)

    def permits(self, courses: frozenset[str]) -> bool:
        return self.entries is None or (bool(courses) and courses <= self.covered)


def _limits(**values: str) -> Mapping[str, frozenset[str]]:
    return MappingProxyType({name: frozenset(text.split()) for name, text in values.items()})


GRANTS = MappingProxyType(
    {
        "every course": Grant(None, frozenset(COURSES)),
        "one": Grant((A,), frozenset({A})),
        "two": Grant((A, B), frozenset({A, B})),
        "organisation": Grant(("course-v1:Org+*",), frozenset({A, B, CUSTOM})),
        "organisation and another": Grant(("course-v1:Org+*", C), frozenset({A, B, CUSTOM, C})),
        "custom course": Grant((CUSTOM,), frozenset({CUSTOM})),
        "by its IRI": Grant((f"https://lms.example.com/courses/{C}/about",), frozenset({C})),
        "none": Grant((), frozenset()),
        "unknown": Grant(("course-v1:Nobody+Z+1",), frozenset()),
        "part of a name": Grant(("course-v1:Or+*", "course-v1:Org+A+202"), frozenset()),
        "a verb": Grant(None, frozenset(COURSES), _limits(verbs="answered")),
        "two verbs of an organisation": Grant(
            ("course-v1:Org+*",), frozenset({A, B, CUSTOM}), _limits(verbs="answered watched")
        ),
        "a type": Grant(None, frozenset(COURSES), _limits(activity_types="course")),
        "a site": Grant(None, frozenset(COURSES), _limits(sites="lms")),
        "a learner": Grant(None, frozenset(COURSES), _limits(actors="ann")),
        "a class": Grant(None, frozenset(COURSES), _limits(actors="ann bob team")),
        "a bit of everything": Grant(
            (A, B, C), frozenset({A, B, C}), _limits(verbs="answered asked", sites="lms other", actors="ann cleo")
        ),
        "no verb": Grant(None, frozenset(COURSES), _limits(verbs="")),
    }
)

_READ = frozenset({"read"})
_EVERYTHING_READ = frozenset({"read", "others", "stream", "read state", "read profile"})
RIGHTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "statements/write": frozenset({"write"}),
        "statements/read/mine": _READ,
        "statements/read": _READ | {"others"},
        "stream": frozenset({"stream", "others"}),
        "state": frozenset({"read state", "write state"}),
        "profile": frozenset({"read profile", "write profile"}),
        "define": frozenset({"define"}),
        "all/read": _EVERYTHING_READ,
        "all": _EVERYTHING_READ | {"write", "write state", "write profile", "define"},
        "admin": frozenset(),
        "pseudonyms": frozenset(),
    }
)
"""What each scope is for; ``others``: to see what other consumers wrote."""

SCOPES = (
    *((scope,) for scope in RIGHTS),
    ("statements/write", "statements/read/mine"),
    ("statements/write", "statements/read/mine", "define"),
    ("statements/read/mine", "stream"),
    ("statements/read", "stream"),
    ("statements/read/mine", "all/read"),
    ("state", "profile"),
    ("admin", "statements/read"),
)
"""Each scope alone, and combinations that make sense."""


class Reader(NamedTuple):
    """A credential of ``consumer`` with some of its scopes, and a grant out of GRANTS."""

    consumer: str
    scopes: tuple[str, ...]
    grant: str

    def has(self, right: str) -> bool:
        return any(right in RIGHTS[scope] for scope in self.scopes)


@dataclass(frozen=True)
class Stated:
    """A statement as it is sent.

    ``courses`` and ``named``: what it names itself. ``found_by``: (parameter, value) of the queries that find it for
    its own sake; ``related_agents`` and ``related_activities`` hold the narrower ones too. ``data``: what comes along.
    """

    number: int
    body: dict[str, Any]
    courses: frozenset[str]
    named: Named
    found_by: frozenset[tuple[str, str]]
    refers_to: str | None = None
    voids: bool = False
    data: bytes | None = None

    @property
    def id(self) -> str:
        return str(self.body["id"])


@dataclass(frozen=True)
class Stored:
    """A statement that ``writer`` has stored with the rights of ``defines``."""

    stated: Stated
    writer: str
    defines: bool


@dataclass
class World:
    """All that is stored, in its order. What a statement is found by and names includes that of its target."""

    stored: dict[str, Stored] = field(default_factory=dict)

    def add(self, one: Stored) -> None:
        self.stored[one.stated.id] = one

    def chain(self, stated: Stated) -> list[Stated]:
        """The statement, the one that it refers to, and so on, as far as they are stored."""
        found = [stated]
        while (target := found[-1].refers_to) in self.stored:
            found.append(self.stored[target].stated)
            if found[-1] in found[:-1]:
                break
        return found

    def courses(self, stated: Stated) -> frozenset[str]:
        return frozenset().union(*(one.courses for one in self.chain(stated)))

    def named(self, stated: Stated) -> Named:
        return frozenset().union(*(one.named for one in self.chain(stated)))

    def found_by(self, stated: Stated) -> frozenset[tuple[str, str]]:
        return frozenset().union(*(one.found_by for one in self.chain(stated)))

    def voided(self, statement_id: str) -> bool:
        """Whether another statement voids it; one that voids can't be voided itself."""
        one = self.stored.get(statement_id)
        if one is None or one.stated.voids:
            return False
        return any(other.stated.voids and other.stated.refers_to == statement_id for other in self.stored.values())

    def permits(self, reader: Reader, one: Stored) -> bool:
        """Whether the reader may see it, voided or not."""
        written_by_others_or_it = reader.has("others") or one.writer == reader.consumer
        grant = GRANTS[reader.grant]
        covered = grant.permits(self.courses(one.stated)) and grant.shows(
            self.named(one.stated), voids=one.stated.voids
        )
        return written_by_others_or_it and covered

    def may_write(self, writer: Reader, stated: Stated) -> bool:
        """A void whose target is not there yet is for writers without limits only: it may reach anything. Any other
        void takes a grant for what it voids, whose own verb counts for nothing.
        """
        grant = GRANTS[writer.grant]
        if stated.voids and stated.refers_to not in self.stored:
            return writer.has("write") and not grant.limited
        own = stated.named - {("verbs", "voided")} if stated.voids else stated.named
        reached = self.named(self.stored[stated.refers_to or ""].stated) if stated.voids else self.named(stated)
        covered = grant.permits(self.courses(stated)) and grant.shows(reached, voids=("verbs", "voided") in reached)
        return writer.has("write") and covered and grant.holds(own)

    def found(self, asked: Asked, one: Stored) -> bool:
        """Whether it is found by all of ``asked``, of which ``course`` may stand more than once."""
        found_by = self.found_by(one.stated)
        courses = {pair for pair in asked if pair[0] == "course"}
        return set(asked) - courses <= found_by and (not courses or bool(courses & found_by))

    def seen(self, reader: Reader, asked: Asked = ()) -> list[Stored]:
        """What the reader gets that asks for ``asked``, oldest first."""
        return [
            one
            for one in self.stored.values()
            if not self.voided(one.stated.id) and self.permits(reader, one) and self.found(asked, one)
        ]

    def due(self, reader: Reader, asked: Asked, already: Collection[str]) -> list[str]:
        """The ids of what a subscriber gets with the newest statement: this, and then what is found by it only now."""
        newest = next(reversed(self.stored.values()))
        touched = [one for one in self.stored.values() if one != newest and newest.stated in self.chain(one.stated)]
        return [
            one.stated.id
            for one in (newest, *touched)
            if one.stated.id not in already and not self.voided(one.stated.id)
            if self.permits(reader, one) and self.found(asked, one)
        ]

    def followed(self, reader: Reader, asked: Asked = ()) -> list[str]:
        """The ids of what a subscriber gets that begins at the beginning: what is seen now, in the order of arrival."""
        seen = {one.stated.id for one in self.seen(reader, asked)}
        past = World()
        got: dict[str, None] = {}
        for one in self.stored.values():
            past.add(one)
            got |= dict.fromkeys(each for each in past.due(reader, asked, got) if each in seen)
        return list(got)
