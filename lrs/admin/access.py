"""Requests for access, as people without an account make them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lrs.auth.grants import Grant
from lrs.errors import InvalidParameter, Problem

TEXT_CHARACTERS_MAX = 200
PURPOSE_CHARACTERS_MAX = 2_000
COURSES_MAX = 50

OPEN, APPROVED, REFUSED, TAKEN = "open", "approved", "refused", "taken"
STATES = (OPEN, APPROVED, REFUSED, TAKEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody asks for. ``courses`` are entries of a grant."""

    organisation: str
    contact: str
    courses: tuple[str, ...]
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRequest:
    """One request and what became of it. ``consumer``: the name of the one that was made for it."""

    number: int
    wish: Wish
    state: str
    made_at_us: int
    decided_at_us: int | None = None
    decided_by: str | None = None
    word: str | None = None
    consumer: str | None = None
    taken_at_us: int | None = None


def parse_wish(body: Mapping[str, Any]) -> Wish:
    """The wish in ``body``, whose members are known ones; InvalidParameter names all that are wrong."""
    problems: list[Problem] = []

    def text(name: str, most: int) -> str:
        value = body.get(name)
        if not isinstance(value, str) or not value.strip():
            problems.append(Problem(f"$.{name}", "required", "is a text that says something"))
            return ""
        value = value.strip()
        if len(value) > most:
            problems.append(Problem(f"$.{name}", "length", f"has at most {most} characters"))
        if any(not (c.isprintable() or c == "\n") for c in value):
            problems.append(Problem(f"$.{name}", "characters", "holds characters that can't be shown"))
        return value

    wish = Wish(
        organisation=text("organisation", TEXT_CHARACTERS_MAX),
        contact=text("contact", TEXT_CHARACTERS_MAX),
        courses=_courses(body.get("courses"), problems),
        purpose=text("purpose", PURPOSE_CHARACTERS_MAX),
    )
    if problems:
        raise InvalidParameter("the request can't be taken as it is", problems=tuple(problems))
    return wish


def parse_word(value: Any) -> str | None:
    """The word of an administrator to the person who asked; None for none."""
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > PURPOSE_CHARACTERS_MAX:
        raise InvalidParameter(f"word is a text of at most {PURPOSE_CHARACTERS_MAX} characters")
    return value


def _courses(value: Any, problems: list[Problem]) -> tuple[str, ...]:
    """The entries in ``value`` in their usual form."""
    if not isinstance(value, list) or not 1 <= len(value) <= COURSES_MAX:
        problems.append(Problem("$.courses", "count", f"is an array of 1 to {COURSES_MAX} courses"))
        return ()
    entries: list[str] = []
    for index, entry in enumerate(value):
        if not isinstance(entry, str) or len(entry) > TEXT_CHARACTERS_MAX:
            problems.append(Problem(f"$.courses[{index}]", "course", f"is text of {TEXT_CHARACTERS_MAX} characters"))
            continue
        try:
            entries += Grant.of([entry.strip()]).entries()
        except InvalidParameter as error:
            problems.append(Problem(f"$.courses[{index}]", "course", error.message))
    return tuple(dict.fromkeys(entries))
