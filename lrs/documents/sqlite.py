"""Documents in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
import sqlite_utils

from lrs.clock import Clock, SystemClock
from lrs.documents.documents import Change, Content, Context, Document, Listing
from lrs.errors import TooLarge
from lrs.limits import DEFAULT_LIMITS, Limits
from lrs.storage.sqlite import Store

MIGRATIONS = sqlite_utils.Migrations("documents")

# What a context lacks is the empty text, because NULLs are never equal in a unique key. The body comes last: whoever
# lists documents then reads no page of it.
_TABLE = """CREATE TABLE document (
    kind TEXT NOT NULL,
    activity TEXT NOT NULL,
    agent TEXT NOT NULL,
    registration TEXT NOT NULL,
    id TEXT NOT NULL,
    updated_us INTEGER NOT NULL,
    content_type TEXT NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (kind, activity, agent, registration, id)
) STRICT"""

_WHERE = "WHERE kind = ? AND activity = ? AND agent = ? AND registration = ?"
_READ = f"SELECT content_type, body, updated_us FROM document {_WHERE} AND id = ?"  # noqa: S608
_LISTED = f"SELECT id, updated_us FROM document {_WHERE} AND updated_us > ? ORDER BY updated_us, id"  # noqa: S608
_COUNT = "SELECT count(*) FROM document WHERE kind = ? AND activity = ? AND agent = ?"
_CLEAR = f"DELETE FROM document {_WHERE}"  # noqa: S608
_DELETE = f"{_CLEAR} AND id = ?"
_PUT = """INSERT INTO document (kind, activity, agent, registration, id, updated_us, content_type, body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE
SET updated_us = excluded.updated_us, content_type = excluded.content_type, body = excluded.body"""

_OF_AGENTS = "SELECT rowid FROM document WHERE agent IN (SELECT value FROM json_each(?))"
_DROP = "DELETE FROM document WHERE rowid IN (SELECT value FROM json_each(?))"

_BEFORE_ALL = -(2**63)


@MIGRATIONS()
def m001_documents(db: sqlite_utils.Database) -> None:
    db.execute(_TABLE)


class SqliteDocuments:
    """See ``DocumentStore`` for every method; several processes may share the file."""

    def __init__(self, store: Store, *, limits: Limits = DEFAULT_LIMITS, clock: Clock | None = None) -> None:
        store.migrate(MIGRATIONS)
        self._store = store
        self._documents_max = limits.documents_max
        self._clock = clock or SystemClock()

    def read(self, context: Context, document_id: str) -> Document | None:
        with self._store.reading() as connection:
            return _read(connection, (*_place(context), document_id))

    def listed(self, context: Context, since_us: int | None = None) -> Listing:
        after = _BEFORE_ALL if since_us is None else since_us
        with self._store.reading() as connection:
            rows = connection.execute(_LISTED, (*_place(context), after)).fetchall()
        return Listing([row[0] for row in rows], rows[-1][1] if rows else None)

    def change(self, context: Context, document_id: str, change: Change) -> Document | None:
        key = (*_place(context), document_id)
        with self._store.writing() as connection:
            present = _read(connection, key)
            content = change(present)
            if content is None:
                connection.execute(_DELETE, key)
                return None
            now_us = self._clock.now_us()
            if present is None:
                self._require_room(connection, key)
            else:
                # A clock that is set back must not hide the change from those who ask what is new.
                now_us = max(now_us, present.updated_us + 1)
            connection.execute(_PUT, (*key, now_us, content.content_type, content.body))
            return Document(content, now_us)

    def clear(self, context: Context) -> None:
        with self._store.writing() as connection:
            connection.execute(_CLEAR, _place(context))

    def of_agents(self, agents: Sequence[str]) -> list[int]:
        """Numbers of all documents about agents, given by their canonical identifiers; reads all that there are."""
        with self._store.reading() as connection:
            rows = connection.execute(_OF_AGENTS, (orjson.dumps(agents).decode(),)).fetchall()
        return [number for (number,) in rows]

    def drop(self, numbers: Sequence[int]) -> int:
        """Delete those with these numbers; returns how many there were."""
        with self._store.writing() as connection:
            return connection.execute(_DROP, (orjson.dumps(numbers).decode(),)).rowcount

    def _require_room(self, connection: sqlite3.Connection, key: tuple[str, ...]) -> None:
        (count,) = connection.execute(_COUNT, key[:3]).fetchone()
        if count >= self._documents_max:
            raise TooLarge(f"there are {count} documents here, as many as there may be: delete some first")


def _place(context: Context) -> tuple[str, str, str, str]:
    registration: UUID | str = context.registration or ""
    return str(context.kind), context.activity or "", context.agent or "", str(registration)


def _read(connection: sqlite3.Connection, key: tuple[str, ...]) -> Document | None:
    row: tuple[Any, ...] | None = connection.execute(_READ, key).fetchone()
    return None if row is None else Document(Content(row[0], row[1]), row[2])
