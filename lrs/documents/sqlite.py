"""Documents in SQLite: entries, by which they are found, and slots, which hold them (``slots``)."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import sqlite_utils

from lrs.clock import Clock, SystemClock
from lrs.documents.documents import Change, Content, Context, Document, Listing
from lrs.documents.slots import BEGINNING_BYTES, KEY_BYTES, body_in, digester, head_bytes, head_in, laid
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

_SLOTTED = (
    "CREATE TABLE document_key (only INTEGER PRIMARY KEY CHECK (only = 1), key BLOB NOT NULL) STRICT",
    # Digests: ``place`` of the context, ``whose`` of what documents are counted by, ``agent`` of whom they are about.
    """CREATE TABLE document_entry (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        place BLOB NOT NULL,
        id BLOB NOT NULL,
        whose BLOB NOT NULL,
        agent BLOB NOT NULL,
        updated_us INTEGER NOT NULL,
        slot INTEGER NOT NULL,
        UNIQUE (place, id)
    ) STRICT""",
    "CREATE INDEX document_entry_whose ON document_entry (whose)",
    "CREATE INDEX document_entry_agent ON document_entry (agent)",
    # Rows come at the end only, keep their length, and stay.
    "CREATE TABLE document_slot (number INTEGER PRIMARY KEY, content BLOB NOT NULL) STRICT",
    # Those that hold nothing.
    """CREATE TABLE document_free_slot (
        bytes INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (bytes, number)
    ) WITHOUT ROWID, STRICT""",
)

_KEY = "SELECT key FROM document_key"
_READ = """SELECT s.content, e.updated_us, e.number, e.slot FROM document_entry AS e
    JOIN document_slot AS s ON s.number = e.slot WHERE e.place = ? AND e.id = ?"""
_LISTED = "SELECT slot, updated_us FROM document_entry WHERE place = ? AND updated_us > ?"
_COUNT = "SELECT count(*) FROM document_entry WHERE whose = ?"
_OF_PLACE = "SELECT number FROM document_entry WHERE place = ?"
_OF_AGENTS = "SELECT number FROM document_entry WHERE agent = ?"
_NEW = "INSERT INTO document_entry (place, id, whose, agent, updated_us, slot) VALUES (?, ?, ?, ?, ?, ?)"
_CHANGED = "UPDATE document_entry SET updated_us = ?, slot = ? WHERE number = ?"
_GONE = "DELETE FROM document_entry WHERE number = ? RETURNING slot"

_TAKE = """DELETE FROM document_free_slot
    WHERE (bytes, number) = (SELECT bytes, number FROM document_free_slot WHERE bytes = ? LIMIT 1) RETURNING number"""
_APPEND = "INSERT INTO document_slot (content) VALUES (?) RETURNING number"
_FILL = "UPDATE document_slot SET content = ? WHERE number = ?"
_EMPTY = "UPDATE document_slot SET content = zeroblob(length(content)) WHERE number = ? RETURNING length(content)"
_FREE = "INSERT INTO document_free_slot VALUES (?, ?)"
_SWEEP = (
    "DELETE FROM document_slot WHERE number IN (SELECT number FROM document_free_slot)",
    "DELETE FROM document_free_slot",
)

_BEFORE_ALL = -(2**63)

Digest = Callable[..., bytes]


@MIGRATIONS()
def m001_documents(db: sqlite_utils.Database) -> None:
    db.execute(_TABLE)


@MIGRATIONS()
def m002_slots(db: sqlite_utils.Database) -> None:
    """Documents in slots, and found by digests, so that no unused part of a page holds anything of them."""
    # The pages of the old table hold identifiers, also in their unused parts.
    db.execute("PRAGMA secure_delete=ON")
    for statement in _SLOTTED:
        db.execute(statement)
    key = secrets.token_bytes(KEY_BYTES)
    db.execute("INSERT INTO document_key VALUES (1, ?)", (key,))
    digest = digester(key)
    rows = db.execute("SELECT kind, activity, agent, registration, id, updated_us, content_type, body FROM document")
    for *place, document_id, updated_us, content_type, body in rows:
        slot = _filled(db.conn, laid(document_id, content_type, body))
        db.execute(_NEW, (*_digests(digest, tuple(place), document_id), updated_us, slot))
    rows.close()
    db.execute("DROP TABLE document")


class SqliteDocuments:
    """See ``DocumentStore`` for every method; several processes may share the file."""

    def __init__(self, store: Store, *, limits: Limits = DEFAULT_LIMITS, clock: Clock | None = None) -> None:
        store.migrate(MIGRATIONS)
        self._store = store
        self._documents_max = limits.documents_max
        self._clock = clock or SystemClock()
        with store.reading() as connection:
            (key,) = connection.execute(_KEY).fetchone()
        self._digest = digester(key)

    def read(self, context: Context, document_id: str) -> Document | None:
        place, id_, _, _ = _digests(self._digest, _place(context), document_id)
        with self._store.reading() as connection:
            row = connection.execute(_READ, (place, id_)).fetchone()
        return None if row is None else _document(row)

    def listed(self, context: Context, since_us: int | None = None) -> Listing:
        place, after = self._digest(*_place(context)), _BEFORE_ALL if since_us is None else since_us
        with self._store.snapshot() as connection:
            rows = connection.execute(_LISTED, (place, after)).fetchall()
            found = sorted((updated_us, _id_in(connection, slot)) for slot, updated_us in rows)
        return Listing([id_ for _, id_ in found], found[-1][0] if found else None)

    def change(self, context: Context, document_id: str, change: Change) -> Document | None:
        place, id_, whose, agent = _digests(self._digest, _place(context), document_id)
        with self._store.writing() as connection:
            row = connection.execute(_READ, (place, id_)).fetchone()
            present = None if row is None else _document(row)
            content = change(present)
            if content is None:
                if row is not None:
                    _drop(connection, row[2])
                return None
            now_us = self._clock.now_us()
            filling = laid(document_id, content.content_type, content.body)
            if present is None:
                self._require_room(connection, whose)
                connection.execute(_NEW, (place, id_, whose, agent, now_us, _filled(connection, filling)))
            else:
                # A clock that is set back must not hide the change from those who ask what is new.
                now_us = max(now_us, present.updated_us + 1)
                connection.execute(_CHANGED, (now_us, _refilled(connection, row[3], row[0], filling), row[2]))
            return Document(content, now_us)

    def clear(self, context: Context) -> None:
        with self._store.writing() as connection:
            rows = connection.execute(_OF_PLACE, (self._digest(*_place(context)),)).fetchall()
            for (number,) in rows:
                _drop(connection, number)

    def of_agents(self, agents: Sequence[str]) -> list[int]:
        """Numbers of all documents about agents, given by their canonical identifiers."""
        with self._store.snapshot() as connection:
            rows = [row for agent in agents for row in connection.execute(_OF_AGENTS, (self._digest(agent),))]
        return [number for (number,) in rows]

    def drop(self, numbers: Sequence[int]) -> int:
        """Delete those with these numbers; returns how many there were."""
        with self._store.writing() as connection:
            return sum(_drop(connection, number) for number in numbers)

    def _require_room(self, connection: sqlite3.Connection, whose: bytes) -> None:
        (count,) = connection.execute(_COUNT, (whose,)).fetchone()
        if count >= self._documents_max:
            raise TooLarge(f"there are {count} documents here, as many as there may be: delete some first")


def sweep(connection: sqlite3.Connection) -> None:
    """Delete slots that hold nothing; to be called when all pages are written anew thereafter."""
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'document_free_slot'").fetchone() is not None:
        for statement in _SWEEP:
            connection.execute(statement)


def _place(context: Context) -> tuple[str, str, str, str]:
    registration: UUID | str = context.registration or ""
    return str(context.kind), context.activity or "", context.agent or "", str(registration)


def _digests(digest: Digest, place: Sequence[str], document_id: str) -> tuple[bytes, bytes, bytes, bytes]:
    """Of a place, a document there, those that count with it, and the agent."""
    return digest(*place), digest(document_id), digest(*place[:3]), digest(place[2])


def _document(row: Sequence[Any]) -> Document:
    content, updated_us, *_ = row
    return Document(Content(*body_in(content)), updated_us)


def _id_in(connection: sqlite3.Connection, slot: int) -> str:
    """The id of the document in ``slot``, without reading the rest of it."""
    with connection.blobopen("document_slot", "content", slot, readonly=True) as blob:
        beginning = blob.read(BEGINNING_BYTES)
        return head_in(beginning + blob.read(max(0, head_bytes(beginning) - len(beginning)))).id


def _filled(connection: sqlite3.Connection, filling: bytes) -> int:
    """The number of a slot that holds ``filling`` from now on."""
    row = connection.execute(_TAKE, (len(filling),)).fetchone()
    if row is None:
        row = connection.execute(_APPEND, (filling,)).fetchone()
    else:
        connection.execute(_FILL, (filling, row[0]))
    return int(row[0])


def _refilled(connection: sqlite3.Connection, slot: int, before: bytes, filling: bytes) -> int:
    """The same for what another content takes the place of, in the same slot if that has the size."""
    if len(before) == len(filling):
        connection.execute(_FILL, (filling, slot))
        return slot
    _emptied(connection, slot)
    return _filled(connection, filling)


def _emptied(connection: sqlite3.Connection, slot: int) -> None:
    (size,) = connection.execute(_EMPTY, (slot,)).fetchone()
    connection.execute(_FREE, (size, slot))


def _drop(connection: sqlite3.Connection, number: int) -> bool:
    """Delete the document with this number, if it is there."""
    row = connection.execute(_GONE, (number,)).fetchone()
    if row is not None:
        _emptied(connection, row[0])
    return row is not None
