"""Attachments (Data 2.4.11, Communication 1.5.2): what statements name, what came with them, and whether both fit."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

import orjson

from lrs.errors import InvalidAttachment, MalformedMultipart, Problem
from lrs.limits import Limits
from lrs.statements.deviations import ATTACHMENT_MISSING
from lrs.statements.keys import DEVIATION
from lrs.statements.record import Attachment, Draft, Position
from lrs.statements.signatures import check_signature
from lrs.xapi.equivalent import SIGNATURE

JSON: Final = "application/json"
HASH_HEADER: Final = "X-Experience-API-Hash"
ENCODING_HEADER: Final = "Content-Transfer-Encoding"
_ANYTHING: Final = "application/octet-stream"
_CONTENT_TYPE_MAX: Final = 255


class Received(Protocol):
    """Data that came with statements, each piece under its hash in lower case."""

    @property
    def names(self) -> Collection[str]: ...

    def size(self, name: str) -> int:
        """Its bytes."""

    def read(self, name: str) -> bytes:
        """The whole of it."""


class AttachmentIndex(Protocol):
    """Which data came with which record. Written by the log, in the commit that writes the record."""

    def of(self, positions: Sequence[Position]) -> Sequence[Attachment]:
        """What came with the records at ``positions``, each hash once; who asks may see these records."""

    def referred(self, names: Collection[str]) -> Collection[str]:
        """Those of ``names`` that came with any record."""


def named(statement: Mapping[str, Any]) -> tuple[Attachment, ...]:
    """The attachments that a valid ``statement`` names, those of a SubStatement included."""
    return tuple(_named(statement))


def _named(statement: Mapping[str, Any]) -> Iterator[Attachment]:
    for holder, place in ((statement, "attachments"), (statement["object"], "object.attachments")):
        for index, entry in enumerate(holder.get("attachments", ())):
            yield Attachment(
                place=f".{place}[{index}]",
                sha2=entry["sha2"],
                content_type=entry["contentType"],
                elsewhere="fileUrl" in entry,
                # What a SubStatement says did not happen yet, so nobody has signed it.
                signs=entry["usageType"] == SIGNATURE and holder is statement,
            )


def require_statements_part(headers: Mapping[str, str]) -> None:
    """MalformedMultipart unless ``headers``, those of the first part, say that it holds the statements."""
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != JSON:
        raise MalformedMultipart(f"the first part holds the statements and must have the Content-Type {JSON}")


def data_name(headers: Mapping[str, str], wanted: Collection[str]) -> str:
    """The name of the data in a further part with these ``headers``; ``wanted`` are those that the statements name.

    Raises InvalidAttachment for a part without hash, with one that no statement names, or that is not sent as it is.
    """
    name = headers.get(HASH_HEADER.lower(), "").lower()
    if not name:
        raise InvalidAttachment(f"every part after the first must have the header {HASH_HEADER}")
    if headers.get(ENCODING_HEADER.lower(), "").lower() != "binary":
        raise InvalidAttachment(f"every part after the first must have the header {ENCODING_HEADER}: binary")
    require_wanted(name, wanted)
    return name


def require_wanted(name: str, wanted: Collection[str]) -> None:
    """InvalidAttachment if data has a name that is not among those that the statements name."""
    if name not in wanted:
        raise InvalidAttachment(f"no attachment in the statements has the sha2 {name[:128]!r} of the data that came")


def with_data(
    draft: Draft, received: Received | None, *, path: str, version: str, lenient: bool, limits: Limits
) -> Draft:
    """``draft`` with its attachments marked whose data came; signatures are checked.

    Raises InvalidAttachment if one has neither its data nor a fileUrl (Communication 1.5.2), or a signature is missing
    or false (Data 2.6). ``lenient``, for trusted writers: what is missing is a deviation. ``path``: where the statement
    stands; ``version``: of the request.
    """
    names = received.names if received is not None else ()
    attachments = tuple([one._replace(came=one.name in names) for one in draft.attachments])
    missing = [one for one in attachments if not one.came and (one.signs or not one.elsewhere)]
    if missing and not lenient:
        reason = "the signature" if missing[0].signs else "has no fileUrl, and its data"
        raise _invalid(path + missing[0].place, f"{reason} must come along in a part of multipart/mixed")
    for one in attachments:
        if one.signs and one.came and received is not None:
            _check(one, received, draft, place=path + one.place, version=version, limits=limits)
    keys = draft.keys | {DEVIATION + ATTACHMENT_MISSING} if missing else draft.keys
    return draft._replace(attachments=attachments, keys=keys)


def _check(one: Attachment, received: Received, draft: Draft, *, place: str, version: str, limits: Limits) -> None:
    # It holds the statement, which came in a body of that size.
    if received.size(one.name) > 2 * limits.body_bytes_max:
        raise _invalid(place, "the signature is larger than any statement")
    statement = orjson.loads(draft.body + b"}")
    try:
        check_signature(received.read(one.name), statement, version=version, depth_max=limits.json_depth_max)
    except InvalidAttachment as error:
        raise _invalid(place, error.message) from None


def _invalid(path: str, reason: str) -> InvalidAttachment:
    return InvalidAttachment(f"{path}: {reason}", problems=(Problem(path, "attachment", reason),))


def part_headers(one: Attachment) -> dict[str, str]:
    """The headers of the part that gives the data of ``one`` to a reader."""
    content_type = one.content_type
    if len(content_type) > _CONTENT_TYPE_MAX or not (content_type.isascii() and content_type.isprintable()):
        content_type = _ANYTHING
    return {"Content-Type": content_type, ENCODING_HEADER: "binary", HASH_HEADER: one.sha2}
