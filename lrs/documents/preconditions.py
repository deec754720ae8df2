"""Optimistic concurrency: If-Match and If-None-Match (RFC 9110 13.1; Communication 3.1; 9274.1.1 4.1.4)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lrs.documents.documents import Kind
from lrs.errors import Conflict, InvalidParameter, PreconditionFailed

ANY = "*"

# Some clients send the bare SHA-1 that they calculated themselves, as the standard's first versions had it.
_TAG = re.compile(r'((?:W/)?"[\x21\x23-\x7e\x80-\xff]*")|([0-9A-Fa-f]{40})')


@dataclass(frozen=True, slots=True)
class Preconditions:
    """The tags of both headers, ``{"*"}`` for any document, None for a header that was not sent."""

    if_match: frozenset[str] | None = None
    if_none_match: frozenset[str] | None = None

    @classmethod
    def of(cls, if_match: Sequence[str], if_none_match: Sequence[str]) -> Preconditions:
        """The preconditions in the lines of both headers; InvalidParameter when they are malformed."""
        return cls(_tags("If-Match", if_match), _tags("If-None-Match", if_none_match))

    def given(self) -> bool:
        return self.if_match is not None or self.if_none_match is not None

    def check(self, etag: str | None) -> None:
        """PreconditionFailed unless the present document, whose tag is ``etag`` (None: there is none), is as expected.

        If-Match is compared strongly, so that ``W/"x"`` matches nothing; If-None-Match weakly.
        """
        if self.if_match is not None and (etag is None or self.if_match.isdisjoint({ANY, etag})):
            present = "there is no such document" if etag is None else f"its ETag is {etag}"
            raise PreconditionFailed(f"If-Match does not hold: {present}. Read it again before you change it.")
        if etag is not None and self.excludes(etag):
            raise PreconditionFailed(f"If-None-Match does not hold: the document is there, with ETag {etag}.")

    def excludes(self, etag: str) -> bool:
        """Whether If-None-Match rules out a document with this tag; for a GET this means that it is not modified."""
        return self.if_none_match is not None and not self.if_none_match.isdisjoint({ANY, etag, f"W/{etag}"})


def check_put(preconditions: Preconditions, etag: str | None, kind: Kind, version: str) -> None:
    """Raises unless a PUT may replace the present document, whose tag is ``etag`` (None: there is none).

    PreconditionFailed when a header does not hold. Without a header: Conflict for a document that exists, but under
    1.0.3 State may be overwritten so; and under 1.0.3 a profile is refused even when it is new, because there the
    client must send one of them (Communication 3.1, client requirements).
    """
    if preconditions.given():
        preconditions.check(etag)
        return
    free = version.startswith("1.") and kind is Kind.STATE
    if etag is not None and not free:
        raise Conflict(
            "The document exists already, and neither If-Match nor If-None-Match was sent. Read its current state, "
            "then send If-Match with its ETag to replace it."
        )
    if version.startswith("1.") and not free:
        raise InvalidParameter(
            'PUT of a profile needs "If-None-Match: *" for a new document, or If-Match with the ETag of the present one'
        )


def _tags(header: str, lines: Sequence[str]) -> frozenset[str] | None:
    """The entity tags in all ``lines`` of a header; empty list elements are passed over (RFC 9110 5.6.1)."""
    if not lines:
        return None
    text = ",".join(lines)
    if text.strip() == ANY:
        return frozenset({ANY})
    tags = set()
    at = 0
    while at < len(text):
        if text[at] in ", \t":
            at += 1
            continue
        found = _TAG.match(text, at)
        if found is None or text[found.end() :].lstrip(" \t")[:1] not in ("", ","):
            raise InvalidParameter(f"{header}: {text!r} is neither * nor a list of ETags in quotes")
        tags.add(found[1] or f'"{found[2].lower()}"')
        at = found.end()
    if not tags:
        raise InvalidParameter(f"{header} is empty")
    return frozenset(tags)
