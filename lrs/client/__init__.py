"""The client of the stream: statements as they are stored, through every break of the connection.

What lives here: what is asked for (``asking``), one reader's way through many connections as a generator that says what
to do next (``follower``, with ``frames``, ``progress``, ``endings``, ``backoff`` and ``batches``: pure), and the two
who do it: ``stream`` on asyncio, ``sync`` on blocking sockets. Does not enter: anything else of ``lrs``, or of what the
server needs. A program that reads the stream loads ``websockets`` and the standard library, and orjson if it is there.

What holds: a cursor moves on, and is acknowledged, when the program asks for what comes next or says that it has
finished, so what it has not finished comes again.
"""

from __future__ import annotations

from lrs.client.asking import Filter
from lrs.client.batches import Batch, Erased
from lrs.client.errors import CursorInvalid, EpochChanged, Interrupted, Refused, StreamError
from lrs.client.stream import Stream
from lrs.client.sync import SyncStream

__all__ = [
    "Batch",
    "CursorInvalid",
    "EpochChanged",
    "Erased",
    "Filter",
    "Interrupted",
    "Refused",
    "Stream",
    "StreamError",
    "SyncStream",
]
