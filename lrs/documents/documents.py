"""What a document is, where it belongs, and the port of the store that keeps it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol
from uuid import UUID

from lrs.door.entity_tags import entity_tag

JSON = "application/json"


class Kind(StrEnum):
    """The three document resources; the values are kept in the store."""

    STATE = "state"
    AGENT_PROFILE = "agent profile"
    ACTIVITY_PROFILE = "activity profile"


@dataclass(frozen=True, slots=True)
class Context:
    """Where documents belong: an id is unique within its context (Communication 2.2).

    ``agent`` is an IFI in canonical form. State has both activity and agent, a profile has one of them. Having no
    registration is a context of its own: a request without one never touches the documents of a registration.
    """

    kind: Kind
    activity: str | None = None
    agent: str | None = None
    registration: UUID | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """What a client stores: any bytes, and the Content-Type that it gave them, both kept as they are."""

    content_type: str
    body: bytes

    @property
    def is_json(self) -> bool:
        """Whether the type is application/json, whatever its parameters and case."""
        return self.content_type.partition(";")[0].strip().lower() == JSON


@dataclass(frozen=True, slots=True)
class Document:
    """A stored document. ``updated_us`` grows with every change of it."""

    content: Content
    updated_us: int

    @property
    def etag(self) -> str:
        return entity_tag(self.content.body)


class Listing(NamedTuple):
    """Ids of documents, the longest unchanged first, and when the newest of them changed; None if there is none."""

    ids: Sequence[str]
    updated_us: int | None


Change = Callable[[Document | None], Content | None]
"""From the present document, None if there is none, to what shall be there instead; raises to leave it as it is."""


class DocumentStore(Protocol):
    """Documents by context and id. Methods block and may be called from any thread.

    ``tests/contracts/document_store.py`` holds every adapter to this.
    """

    def read(self, context: Context, document_id: str) -> Document | None:
        """The document as it was last committed."""

    def listed(self, context: Context, since_us: int | None = None) -> Listing:
        """The documents of ``context``; with ``since_us`` only those changed after it."""

    def change(self, context: Context, document_id: str, change: Change) -> Document | None:
        """Put what ``change`` returns in the place of the document and return it, durably.

        Nobody else changes the document between what ``change`` is shown and what it returns; so of two writers that
        rely on the same ETag one wins. What ``change`` raises is raised. TooLarge if there are as many documents of
        this kind, activity and agent as there may be.
        """

    def clear(self, context: Context) -> None:
        """Delete all documents of ``context``."""
