"""Which data came with which record: the adapter of ``lrs.statements.attachments.AttachmentIndex``."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence

import orjson

from lrs.statements.record import Attachment, Position
from lrs.storage.sqlite import Store

_OF = """SELECT sha2, content_type FROM attachment WHERE position IN (SELECT value FROM json_each(?))
    ORDER BY position, sha2"""
_REFERRED = "SELECT DISTINCT lower(sha2) FROM attachment WHERE lower(sha2) IN (SELECT value FROM json_each(?))"


def attachment_names(connection: sqlite3.Connection) -> list[str]:
    """The names of all data that came with any record."""
    return [name for (name,) in connection.execute("SELECT DISTINCT lower(sha2) FROM attachment ORDER BY 1")]


class AttachmentLinks:
    """See ``AttachmentIndex`` for every method."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, positions: Sequence[Position]) -> Sequence[Attachment]:
        with self._store.reading() as connection:
            rows = connection.execute(_OF, (orjson.dumps(positions).decode(),)).fetchall()
        found: dict[str, Attachment] = {}
        for sha2, content_type in rows:
            found.setdefault(sha2, Attachment("", sha2, content_type, came=True))
        return list(found.values())

    def referred(self, names: Collection[str]) -> Collection[str]:
        with self._store.reading() as connection:
            rows = connection.execute(_REFERRED, (orjson.dumps(list(names)).decode(),)).fetchall()
        return {name for (name,) in rows}
