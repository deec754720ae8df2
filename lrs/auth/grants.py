"""What a credential covers: courses, and what else it is restricted to.

An entry is the key of one course (``course-v1:Org+Course+Run``, ``ccx-v1:Org+Course+Run+ccx@1``), all courses of an
organisation (``course-v1:Org+*``, custom courses too), or ``*`` for every course. Keys are compared exactly: Open edX
treats ``MITx`` and ``mitx`` as two organisations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from lrs.auth.restrictions import NO_RESTRICTIONS, Restrictions
from lrs.errors import InvalidParameter

EVERY_COURSE = "*"

# The characters that opaque keys allow in an organisation, a course and a run.
_PART = r"[\w\-~.:]+"
_COURSE_KEY = re.compile(rf"course-v1:{_PART}\+{_PART}\+{_PART}|ccx-v1:{_PART}\+{_PART}\+{_PART}\+ccx@[0-9]+")
_ORGANISATION = re.compile(rf"course-v1:{_PART}\+\*")
_COURSE_IRI = re.compile(r"https?://[^/?#\s]+(?:/[^?#\s]*)?/courses?/((?:course|ccx)-v1:[^/?#\s]+)(?:[/?#].*)?")
_BLANKS_IN_KEY = re.compile(r"(?:course|ccx)-v1:\S+( \S+)+")


@dataclass(frozen=True, slots=True)
class Grant:
    """The courses that a credential covers; None: every course, and what belongs to no course. ``restrictions`` narrow
    that further.
    """

    courses: frozenset[str] | None
    restrictions: Restrictions = NO_RESTRICTIONS

    @classmethod
    def of(cls, entries: Iterable[str], restrictions: Restrictions = NO_RESTRICTIONS) -> Grant:
        """The grant of these ``entries`` as people write them; InvalidParameter names one that is none.

        No entry at all is a grant of nothing, never of everything.
        """
        parsed = {parse_entry(entry) for entry in entries}
        if EVERY_COURSE in parsed:
            return cls(None, restrictions)
        kept = frozenset(e for e in parsed if _ORGANISATION.fullmatch(e) or _whole_organisation(e) not in parsed)
        return cls(kept, restrictions)

    @classmethod
    def from_json(cls, members: Any) -> Grant:
        """The grant in an object as ``to_json`` makes it; InvalidParameter for any other form.

        A member that is not understood may be a limit, and must not be skipped.
        """
        match members:
            case {"courses": [*entries], **rest} if all(isinstance(entry, str) for entry in entries):
                return cls.of(entries, Restrictions.of({str(name): values for name, values in rest.items()}))
            case _:
                raise InvalidParameter("a grant is an object with the member courses, an array of course keys")

    @property
    def limited(self) -> bool:
        """Whether there is anything that it does not cover."""
        return self.courses is not None or bool(self.restrictions)

    def permits(self, courses: frozenset[str]) -> bool:
        """THE predicate (invariant 4) on courses: whether what names ``courses`` is covered.

        All of them must be, so that a course can't be read through its neighbour. A statement that names none
        belongs to nobody's course, and only a grant without limits covers it. The restrictions are asked beside it:
        ``lrs.statements.match`` for statements, ``Restrictions.cover_agent`` for documents.
        """
        held = self.courses
        if held is None:
            return True
        return bool(courses) and all(key in held or _whole_organisation(key) in held for key in courses)

    def covers(self, entry: str) -> bool:
        """Whether the course, or all courses, that ``entry`` (in its parsed form) stands for are covered."""
        held = self.courses
        return held is None or entry in held or _whole_organisation(entry) in held

    def excess(self, other: Grant) -> str | None:
        """What ``other`` covers beyond this: a course entry, or the name of a restriction; None if nothing."""
        courses = (entry for entry in other.entries() if not self.covers(entry))
        return next(courses, None) or self.restrictions.excess(other.restrictions)

    def narrowed(self, other: Grant) -> Grant:
        """What both cover; never wider than either."""
        return Grant(self._common_courses(other), self.restrictions.narrowed(other.restrictions))

    def _common_courses(self, other: Grant) -> frozenset[str] | None:
        if self.courses is None:
            return other.courses
        if other.courses is None:
            return self.courses
        mine = {entry for entry in self.courses if other.covers(entry)}
        return frozenset(mine | {entry for entry in other.courses if self.covers(entry)})

    def entries(self) -> list[str]:
        """The courses for JSON, sorted: ``["*"]`` for every course, ``[]`` for none."""
        return [EVERY_COURSE] if self.courses is None else sorted(self.courses)

    def to_json(self) -> dict[str, Any]:
        """The form for JSON: ``courses``, and those restrictions that there are."""
        return {"courses": self.entries(), **self.restrictions.to_json()}

    def authorization_details(self) -> list[dict[str, Any]]:
        """The grant of a token (RFC 9396)."""
        return [{"type": "xapi", **self.to_json()}]


UNRESTRICTED = Grant(None)


def grant_in(details: Any) -> Grant:
    """The grant in ``authorization_details`` that this house wrote (RFC 9396).

    InvalidParameter for any other form: a detail that is not understood may be a limit, and must not be skipped.
    """
    match details:
        case [{"type": "xapi", **members}]:
            return Grant.from_json(members)
        case _:
            raise InvalidParameter("authorization_details are not of this server")


def parse_entry(text: str) -> str:
    """The entry that ``text`` means: a course key, ``course-v1:Org+*``, ``*``, or the IRI of a course, which becomes
    its key. InvalidParameter for all else.
    """
    if text == EVERY_COURSE or _ORGANISATION.fullmatch(text):
        return text
    try:
        return course_key(text)
    except InvalidParameter:
        raise InvalidParameter(
            f"{text!r} is not a course: give a key such as course-v1:Org+Course+Run, "
            "course-v1:Org+* for a whole organisation, or * for every course"
        ) from None


def course_key(text: str) -> str:
    """The key of one course, from the key itself or from an IRI with ``/course/`` or ``/courses/`` before the key.

    A key whose ``+`` became blanks in a URL is repaired. InvalidParameter for all else, also for wildcards.
    """
    found = _COURSE_IRI.fullmatch(text)
    key = repaired(unquote(found[1]) if found else text)
    if not _COURSE_KEY.fullmatch(key):
        raise InvalidParameter(f"{text!r} is not a course key such as course-v1:Org+Course+Run")
    return key


def repaired(text: str) -> str:
    """``text`` with ``+`` for each blank if it begins like a course key: no key has blanks, so they can only be that.

    A ``+`` in a query string means a blank, and is easily left unencoded. Other texts are returned as they are.
    """
    return text.replace(" ", "+") if _BLANKS_IN_KEY.fullmatch(text) else text


def _whole_organisation(key: str) -> str | None:
    """The entry for all courses of the organisation that ``key`` belongs to; None if it is no Open edX key."""
    scheme, _, parts = key.partition(":")
    organisation, plus, _ = parts.partition("+")
    return f"course-v1:{organisation}+*" if plus and scheme in ("course-v1", "ccx-v1") else None
