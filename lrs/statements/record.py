"""A record: one position of the log, with the exact bytes to serve and the keys to find it by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, NewType

Position = NewType("Position", int)
"""Place in the log: 1, 2, 3, … without gaps; 0 is before the first record. Never shown outside (see ``cursor``)."""

Place = NewType("Place", int)
"""Place in the order in which things became known: 1, 2, 3, … without gaps; 0 is before the first (see ``Arrival``)."""

StatementId = NewType("StatementId", bytes)
"""The 16 bytes of a statement's UUID."""


class Record(NamedTuple):
    """A stored statement.

    ``stored_us``: microseconds since the epoch, never decreasing with position (invariant 9). ``keys`` and ``courses``
    include what the statement inherits from the one it refers to. ``payload``: JSON, UTF-8, served as it is.
    """

    position: Position
    id: StatementId
    stored_us: int
    keys: frozenset[str]
    courses: frozenset[str]
    payload: bytes


class Arrival(NamedTuple):
    """What those who follow the log learn at one place.

    Each record arrives once by itself. It arrives again, right after a later record, when that is what it refers to:
    from then on it is found by more, and ``earlier`` is what it was before. As long as everything is stored after what
    it refers to, places are positions.
    """

    place: Place
    record: Record
    earlier: Record | None = None


class Attachment(NamedTuple):
    """An Attachment as a statement names it (Data 2.4.11).

    ``place``: its JSON path in the statement. ``sha2``: as written there. ``elsewhere``: it has a fileUrl. ``signs``:
    it is the signature of the statement. ``came``: its data came along, and is to be found through this statement.
    """

    place: str
    sha2: str
    content_type: str
    elsewhere: bool = False
    signs: bool = False
    came: bool = False

    @property
    def name(self) -> str:
        """The name of the data: the hash in lower case."""
        return self.sha2.lower()


class Draft(NamedTuple):
    """A statement that has passed every check and waits for its position.

    ``body`` is the JSON object without its closing brace and without ``stored``; the writer adds ``stored``, and
    ``timestamp`` where the statement has none (Data 2.4.7: it is then the time of storing). ``refers_to`` is the id of
    the statement that a StatementRef object names; ``voids`` tells whether it is to be voided.
    """

    id: StatementId
    body: bytes
    keys: frozenset[str]
    courses: frozenset[str]
    lacks_timestamp: bool
    refers_to: StatementId | None = None
    voids: bool = False
    event_key: bytes | None = None
    """Set for trusted writers: by it the same event is known again under another id (``events``)."""
    attachments: Sequence[Attachment] = ()


@dataclass(frozen=True, slots=True)
class SetAside:
    """What a trusted writer sent and could not be stored (invariant 11).

    ``body``: the bytes as sent, or of the one statement out of a batch. ``reason``: JSON, an array of objects with
    ``path``, ``rule`` and ``reason``.
    """

    body: bytes
    reason: bytes
    consumer: str
    version: str


@dataclass(frozen=True, slots=True)
class Append:
    """What is to be stored together, all or nothing.

    ``lenient``, for trusted writers: a draft whose id is taken by another content is kept as a conflict for the
    administrator, and costs its neighbours nothing.
    """

    drafts: Sequence[Draft]
    lenient: bool = False
    set_aside: Sequence[SetAside] = ()

    @property
    def size(self) -> int:
        """For the writer's queue: statements."""
        return len(self.drafts) + len(self.set_aside)
