"""Statements with the data of their attachments, in multipart/mixed, both ways (Communication 1.5.2)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

from starlette.responses import Response, StreamingResponse

from lrs.door.http import Exchange
from lrs.errors import InvalidAttachment, MalformedMultipart, TooLarge
from lrs.limits import Limits
from lrs.statements.attachments import JSON, data_name, part_headers, require_statements_part
from lrs.statements.multipart import Event, MultipartParser, PartEnd, PartHead, boundary_in, closing, part_head
from lrs.statements.record import Record
from lrs.statements.service import Statements
from lrs.storage.files import Upload

MULTIPART = "multipart/mixed"

Decode = Callable[[bytes], tuple[Sequence[Any], bool]]
"""From the first part to its statements, and whether they are one object and not an array."""


async def store_multipart(exchange: Exchange, statements: Statements, limits: Limits, decode: Decode) -> Sequence[str]:
    """Store what is in the body of ``exchange``, all or nothing; returns the ids of its statements, in order.

    The statements are checked before any data is taken in. Raises as ``Statements.store_with_data`` does, and
    MalformedMultipart, MalformedJson, TooLarge.
    """
    incoming = _Incoming(exchange, limits)
    found, alone = decode(await incoming.statements())
    return await statements.store_with_data(
        found, exchange.principal, exchange.version, alone=alone, receive=incoming.data
    )


class _Incoming:
    """A multipart body, of which no more is held than one piece and the statements."""

    def __init__(self, exchange: Exchange, limits: Limits) -> None:
        self._limits = limits
        self._parser = MultipartParser(
            boundary_in(exchange.request.headers.get("content-type", "")),
            header_bytes_max=limits.part_header_bytes_max,
            parts_max=1 + limits.attachments_max,
        )
        self._pieces = exchange.pieces(limits.attachments_bytes_max)
        self._left: list[Event] = []

    async def statements(self) -> bytes:
        """The first part."""
        found = bytearray()
        while events := await self._next():
            for number, event in enumerate(events, start=1):
                if isinstance(event, PartHead):
                    require_statements_part(event.headers)
                elif isinstance(event, PartEnd):
                    self._left = events[number:]
                    return bytes(found)
                else:
                    found += event
                    if len(found) > self._limits.body_bytes_max:
                        raise TooLarge(f"the statements are larger than {self._limits.body_bytes_max} bytes")
        raise MalformedMultipart("the body has no part with statements")

    async def data(self, upload: Upload, wanted: Collection[str]) -> None:
        """All further parts, into ``upload``; ``wanted`` are the hashes that the statements name."""
        parts = _DataParts(upload, wanted, self._limits.attachment_bytes_max)
        events = self._left or await self._next()
        while events:
            await asyncio.to_thread(parts.take, events)
            events = await self._next()

    async def _next(self) -> list[Event]:
        """What the next piece told; empty when the body is at its end, and was whole."""
        while piece := await self._pieces.next():
            events = self._parser.feed(piece)
            if events:
                return events
        self._parser.finish()
        return []


class _DataParts:
    """Takes parts with data into an upload."""

    def __init__(self, upload: Upload, wanted: Collection[str], bytes_max: int) -> None:
        self._upload = upload
        self._wanted = wanted
        self._bytes_max = bytes_max
        self._size = 0

    def take(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, PartHead):
                self._upload.begin(data_name(event.headers, self._wanted))
                self._size = 0
            elif isinstance(event, PartEnd):
                if not self._upload.end():
                    raise InvalidAttachment("the data of a part has another hash than its header says")
            else:
                self._size += len(event)
                if self._size > self._bytes_max:
                    raise TooLarge(f"an attachment is larger than {self._bytes_max} bytes")
                self._upload.write(event)


async def multipart_answer(
    exchange: Exchange, statements: Statements, records: Sequence[Record], body: bytes, headers: Mapping[str, str]
) -> Response:
    """``body``, which is JSON with ``records``, and after it the data that came with them, each hash once.

    Whatever the size of the data, no more of it is held than one chunk.
    """
    attachments = await statements.data_of(records, exchange.principal)
    sizes = await asyncio.to_thread(lambda: [statements.files.size(one.name) for one in attachments])
    # Nobody can have put this boundary into data that is stored already.
    boundary = f"lrs-{uuid4().hex}"
    first = part_head(boundary, {"Content-Type": JSON}, first=True) + body
    heads = [part_head(boundary, part_headers(one)) for one in attachments]
    end = closing(boundary)

    def chunks() -> Iterator[bytes]:
        yield first
        for head, one in zip(heads, attachments, strict=True):
            yield head
            yield from statements.files.chunks(one.name)
        yield end

    length = len(first) + sum(map(len, heads)) + sum(sizes) + len(end)
    headers = {**headers, "Content-Length": str(length)}
    media_type = f"{MULTIPART}; boundary={boundary}"
    if exchange.request.method == "HEAD":
        return Response(headers=headers, media_type=media_type)
    return StreamingResponse(chunks(), headers=headers, media_type=media_type)
