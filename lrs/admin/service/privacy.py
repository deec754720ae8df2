"""What a consumer can see, for whoever has to answer for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lrs.admin.forms import time
from lrs.admin.service.acting import Rooms
from lrs.auth.consumers import Consumer
from lrs.auth.disclosure import Actors
from lrs.auth.reads import Read
from lrs.auth.restrictions import ACTORS
from lrs.auth.scopes import MEANINGS, PROFILE_READ, READING, STATE_READ, expanded, listed, reads_all_authors
from lrs.auth.sqlite.reads import ReadRows
from lrs.statements.match import Visibility
from lrs.statements.sqlite.overview import Overview, Seen

DAYS = 30
EXAMINED_MAX = 20_000
"""So many of the newest statements that it may see are looked at for the numbers."""

_STATEMENTS = READING - {STATE_READ, PROFILE_READ}
_APPEAR = {
    Actors.AS_STORED: "Learners appear as they are stored.",
    Actors.PSEUDONYM: "Learners appear under pseudonyms, one UUID for each; the space of these is {space}.",
    Actors.NONE: "All learners appear as one anonymous account.",
}


@dataclass(frozen=True, slots=True)
class PrivacyReport:
    """``seen``: what it may see among the newest statements. ``read``: what it was given, by day (microseconds)."""

    consumer: Consumer
    state: str
    seen: Seen
    read: list[tuple[int, Read]]

    @property
    def total(self) -> Read:
        """Of all these days."""
        return Read(sum(one.queried for _, one in self.read), sum(one.pushed for _, one in self.read))

    def words(self) -> list[str]:
        """Sentences."""
        one, seen, total = self.consumer, self.seen, self.total
        made = [f"{one.name} is {self.state}; it was registered {time(one.created_at_us)}."]
        made += [f"It may {MEANINGS[scope]}." for scope in listed(one.scopes)]
        made += self._of_grant()
        disclosure = one.disclosure.to_consumer(one.id)
        made.append(_APPEAR[one.disclosure.actors].format(space=disclosure.space))
        if one.disclosure.strip:
            made.append(f"Left out of what it is shown: {', '.join(sorted(one.disclosure.strip))}.")
        newest = "" if seen.all else f"Among the newest {seen.statements} statements that it may see, "
        made.append(
            f"{newest}{'I' if not newest else 'i'}t sees {seen.statements} statements of {seen.learners} learners and "
            f"groups, with {seen.verbs} verbs, in {seen.courses} courses"
            + (f"; the oldest was stored {time(seen.oldest_us)}." if seen.oldest_us is not None else ".")
        )
        given = f"{total.queried} statements by queries and {total.pushed} by the stream"
        made.append(f"In the last {DAYS} days it was given {given}.")
        return made

    def to_json(self) -> dict[str, Any]:
        one, seen, disclosure = self.consumer, self.seen, self.consumer.disclosure
        grant = one.grant.to_json()
        return {
            "consumer": one.name,
            "state": self.state,
            "since": time(one.created_at_us),
            "expires_at": time(one.expires_at_us),
            "scopes": listed(one.scopes),
            "grant": grant,
            "statements_of": _statements_of(one),
            "documents": not expanded(one.scopes).isdisjoint({STATE_READ, PROFILE_READ}),
            "actors": str(disclosure.actors),
            "space": disclosure.to_consumer(one.id).space,
            "strip": sorted(disclosure.strip),
            "sees": {
                "statements": seen.statements,
                "learners": seen.learners,
                "verbs": seen.verbs,
                "courses": seen.courses,
                "oldest_stored_at": time(seen.oldest_us),
                "all": seen.all,
            },
            "read": {
                "days": DAYS,
                "queried": self.total.queried,
                "pushed": self.total.pushed,
                "by_day": [
                    {"day": str(time(day_us))[:10], "queried": read.queried, "pushed": read.pushed}
                    for day_us, read in self.read
                ],
            },
            "words": self.words(),
        }

    def _of_grant(self) -> list[str]:
        one = self.consumer
        whose = {"all": "whoever wrote them", "own": "only those that it wrote itself", "none": ""}[_statements_of(one)]
        if not whose:
            return ["It sees no statements."]
        courses = (
            "of every course" if one.grant.courses is None else f"of {', '.join(one.grant.entries()) or 'no course'}"
        )
        made = [f"It sees statements {courses}, {whose}."]
        for name, values in one.grant.restrictions.to_json().items():
            shown = str(len(values)) if name == ACTORS else ", ".join(values) or "none"
            made.append(f"Only with these {name.replace('_', ' ')}: {shown}.")
        return made


class PrivacyActs:
    """Reports."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._overview = Overview(rooms.store)
        self._reads = ReadRows(rooms.store, rooms.clock)

    def report(self, name: str) -> PrivacyReport:
        """On the consumer with this name; NotFound."""
        one = self._rooms.consumers.consumer(name)
        sight = Visibility(one.grant, None if reads_all_authors(one.scopes) else one.id)
        seen = Seen() if _statements_of(one) == "none" else self._overview.seen(sight, EXAMINED_MAX)
        state = one.state(self._rooms.clock.now_us())
        return PrivacyReport(one, state, seen, self._reads.last(one.id, DAYS))


def _statements_of(one: Consumer) -> str:
    """``all``, ``own`` or ``none``."""
    if expanded(one.scopes).isdisjoint(_STATEMENTS):
        return "none"
    return "all" if reads_all_authors(one.scopes) else "own"
