"""Which courses a statement names.

A course is known by its key (``course-v1:Org+Course+Run``, ``ccx-v1:Org+Course+Run+ccx@1``), wherever in an IRI it
stands: Open edX writes ``/course/``, ``/courses/`` and ``/xblock/block-v1:…`` for the same course, so a URL prefix says
nothing. A course that is not of Open edX is known by the IRI of the Activity that is typed as a course.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

COURSE_TYPE = "http://adlnet.gov/expapi/activities/course"

# The characters that opaque keys allow in an organisation, a course and a run.
_PART = r"[\w\-~.:]+"
_KEY = re.compile(rf"(?:course|(ccx)|block|(ccx)-block)-v1:({_PART}\+{_PART}\+{_PART})(?:\+ccx@([0-9]+))?")


_REMEMBERED = 4096
_REMEMBERED_CHARS_MAX = 512


def course_key(iri: str) -> str | None:
    """The course key inside ``iri``, which may be a key, an IRI of a course, a block, or of anything below one."""
    # A platform sends the same few thousand IRIs over and over. Longer ones are not kept: memory stays under 3 MiB.
    return _remembered_course_key(iri) if len(iri) <= _REMEMBERED_CHARS_MAX else _course_key(iri)


def _course_key(iri: str) -> str | None:
    if "-v1:" not in iri:
        if "%" not in iri:
            return None
        iri = unquote(iri)
    elif "%2" in iri:
        iri = unquote(iri)
    found = _KEY.search(iri)
    if found is None:
        return None
    parts, ccx = found[3], found[4]
    if ccx is not None:
        return f"ccx-v1:{parts}+ccx@{ccx}"
    return None if found[1] or found[2] else f"course-v1:{parts}"


def is_course(iri: str) -> bool:
    """Whether ``iri`` ends with the key of a course, as that of the course itself does, and none of a part of it."""
    # Most are of parts, and this is asked of each Activity that is stored.
    return ("course-v1:" in iri or "ccx-v1:" in iri) and (key := course_key(iri)) is not None and iri.endswith(key)


_remembered_course_key = lru_cache(maxsize=_REMEMBERED)(_course_key)


def organisation(key: str) -> str | None:
    """``course-v1:Org`` for the key of a course (or custom course) of Org; None for a course known by an IRI."""
    scheme, _, parts = key.partition(":")
    if scheme not in ("course-v1", "ccx-v1") or "+" not in parts:
        return None
    return f"course-v1:{parts.partition('+')[0]}"


def named_courses(activities: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Courses that a statement names by ``activities``: its object and context activities, those of a SubStatement too.

    Activities typed as a course decide; only where there is none are keys taken from the other IRIs, because
    a block or a link may well point to another course than the one in which the learner met it.
    """
    activities = list(activities)
    typed = set()
    for activity in activities:
        definition = activity.get("definition")
        if definition is not None and definition.get("type") == COURSE_TYPE:
            typed.add(course_key(activity["id"]) or activity["id"])
    if typed:
        return frozenset(typed)
    return frozenset(key for activity in activities if (key := course_key(activity["id"])) is not None)
