"""How learners appear to a consumer (OEP-26, Anonymized User ID): a setting of the consumer, not of its credentials."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from lrs.errors import InvalidParameter


class Actors(StrEnum):
    """What stands where a statement names an Agent or a Group; the values are kept in the store."""

    AS_STORED = "as-stored"
    PSEUDONYM = "pseudonym"
    NONE = "none"


NAMES, MBOXES, RESPONSE = "names", "mboxes", "response"
STRIPPABLE = (NAMES, MBOXES, RESPONSE)
"""What can be left out of statements: the names of Agents, e-mail addresses, ``result.response``."""

# Those that are given begin with a letter: a consumer's own space is called by its number.
_SPACE = re.compile(r"[a-z][a-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Disclosure:
    """``space``: consumers with the same one know a learner by the same pseudonym; None: a space of its own."""

    actors: Actors = Actors.AS_STORED
    space: str | None = None
    strip: frozenset[str] = frozenset()

    @classmethod
    def of(cls, actors: str = Actors.AS_STORED, space: str | None = None, strip: Iterable[str] = ()) -> Disclosure:
        """The disclosure in these texts; InvalidParameter names the first that can't be."""
        if actors not in list(Actors):
            raise InvalidParameter(f"actors={actors!r} must be one of {', '.join(Actors)}")
        if space is not None and not _SPACE.fullmatch(space):
            raise InvalidParameter(
                f"a pseudonym space is called by 1 to 64 of a-z, 0-9, _ and -, a letter first; {space!r} is not"
            )
        if space is not None and actors != Actors.PSEUDONYM:
            raise InvalidParameter("a pseudonym space goes with actors=pseudonym only")
        for name in strip:
            if name not in STRIPPABLE:
                raise InvalidParameter(f"{name!r} can't be stripped; there are: {', '.join(STRIPPABLE)}")
        return cls(Actors(actors), space, frozenset(strip))

    @property
    def plain(self) -> bool:
        """Whether everything is shown as it is stored."""
        return self.actors is Actors.AS_STORED and not self.strip

    def to_consumer(self, consumer_id: int) -> Disclosure:
        """The same with the space that it means for this consumer: equal for all who may share what they are sent."""
        if self.actors is not Actors.PSEUDONYM or self.space is not None:
            return self
        return replace(self, space=str(consumer_id))

    def to_json(self) -> dict[str, Any]:
        """The form for JSON: ``actors``, ``space`` and ``strip``."""
        return {"actors": str(self.actors), "space": self.space, "strip": sorted(self.strip)}


PLAIN = Disclosure()
