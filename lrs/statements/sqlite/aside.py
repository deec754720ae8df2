"""What trusted writers sent and is not in the log, as an administrator looks at it.

What is dropped is overwritten in its row, and the row stays, without its content, until the table has nothing else:
when rows leave a table, SQLite moves others together, and leaves copies of them in unused parts of pages, where a
later erasure would not find them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from lrs.errors import NotFound
from lrs.statements.learners import Learner
from lrs.statements.sqlite.packing import Unpacker
from lrs.statements.sqlite.schema import migrations
from lrs.storage.sqlite import Store

_QUARANTINE = "SELECT number, received, consumer, version, reason, body FROM quarantine"
_CONFLICT = """SELECT c.number, c.received, r.id, c.body, r.payload
    FROM conflict AS c JOIN record AS r USING (position)"""
QUARANTINE, CONFLICT = "quarantine", "conflict"
# Nothing was received before 1970: so a row is marked whose content was dropped.
_THERE = "received >= 0"
_BODIES = f"SELECT number, body FROM {{}} WHERE {_THERE} AND number > ? ORDER BY number LIMIT 20"
_DROP = {
    QUARANTINE: "UPDATE quarantine SET received = -1, consumer = '', version = '', reason = x'', body = x''",
    CONFLICT: "UPDATE conflict SET received = -1, body = x''",
}
_LISTED = f"{_THERE} AND number IN (SELECT value FROM json_each(?))"
_OF_ERASED = f"{_THERE} AND EXISTS (SELECT 1 FROM tombstone AS t WHERE t.position = conflict.position)"
# The newest one is dropped last, mostly, so that this finds one at once.
_LAST = f"SELECT number FROM {{}} WHERE {_THERE} ORDER BY number DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class Quarantined:
    """What could not be stored. ``problems``: objects with path, rule and reason; ``body``: the bytes as they came."""

    number: int
    received_us: int
    consumer: str
    version: str
    problems: list[dict[str, str]]
    body: bytes


@dataclass(frozen=True, slots=True)
class KeptConflict:
    """A statement that came under an id that was taken: ``kept`` is in the log, ``refused`` is not."""

    number: int
    received_us: int
    statement_id: UUID
    refused: dict[str, Any]
    kept: dict[str, Any]


class Aside:
    """Quarantine and conflicts of one store. Lists are oldest first, and go on ``after`` a number."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._unpacker = Unpacker()
        store.migrate(migrations)

    def quarantined(self, *, after: int = 0, limit: int = 100) -> list[Quarantined]:
        with self._store.reading() as connection:
            rows = connection.execute(
                f"{_QUARANTINE} WHERE {_THERE} AND number > ? ORDER BY number LIMIT ?", (after, limit)
            )
            return [_quarantined(row) for row in rows]

    def all_quarantined(self) -> Iterator[Quarantined]:
        """Every one, read in pages."""
        after = 0
        while page := self.quarantined(after=after):
            yield from page
            after = page[-1].number

    def one(self, number: int) -> Quarantined:
        """NotFound if it is not there (any more)."""
        with self._store.reading() as connection:
            row = connection.execute(f"{_QUARANTINE} WHERE {_THERE} AND number = ?", (number,)).fetchone()
        if row is None:
            raise NotFound(f"nothing in quarantine has the number {number}")
        return _quarantined(row)

    def drop(self, number: int) -> None:
        """Remove it for good; NotFound if it is not there."""
        if not self.drop_all(QUARANTINE, [number]):
            raise NotFound(f"nothing in quarantine has the number {number}")

    def conflicts(self, *, after: int = 0, limit: int = 100) -> list[KeptConflict]:
        with self._store.reading() as connection:
            rows = connection.execute(
                f"{_CONFLICT} WHERE {_THERE} AND c.number > ? ORDER BY c.number LIMIT ?", (after, limit)
            )
            return [
                KeptConflict(
                    number,
                    received_us,
                    UUID(bytes=statement_id),
                    orjson.loads(refused),
                    orjson.loads(self._unpacker.unpack(connection, packed)) if packed else {},
                )
                for number, received_us, statement_id, refused, packed in rows.fetchall()
            ]

    def conflict(self, number: int) -> KeptConflict:
        """NotFound if it is not there (any more)."""
        found = self.conflicts(after=number - 1, limit=1)
        if not found or found[0].number != number:
            raise NotFound(f"no conflict has the number {number}")
        return found[0]

    def drop_conflict(self, number: int) -> None:
        """Remove it for good; NotFound if it is not there."""
        if not self.drop_all(CONFLICT, [number]):
            raise NotFound(f"no conflict has the number {number}")

    def naming(self, learner: Learner) -> Iterator[tuple[str, int]]:
        """(table, number) of all that names ``learner``; reads everything."""
        for table in (QUARANTINE, CONFLICT):
            after = 0
            while page := self._bodies(table, after):
                yield from ((table, number) for number, body in page if _names(body, learner))
                after = page[-1][0]

    def drop_all(self, table: str, numbers: Sequence[int]) -> int:
        """Remove those that are there of a table that ``naming`` tells; returns how many."""
        with self._store.writing() as connection:
            return _dropped(connection, table, _LISTED, orjson.dumps(numbers).decode())

    def drop_conflicts_of_erased(self) -> int:
        """Remove conflicts with statements that were erased; returns how many."""
        with self._store.writing() as connection:
            return _dropped(connection, CONFLICT, _OF_ERASED)

    def _bodies(self, table: str, after: int) -> list[tuple[int, bytes]]:
        with self._store.reading() as connection:
            return connection.execute(_BODIES.format(table), (after,)).fetchall()

    def counts(self) -> dict[str, int]:
        """How many there are: ``quarantined``, ``conflicts``, and ``repeats`` (events that came again)."""
        with self._store.reading() as connection:
            row = connection.execute(
                f"""SELECT (SELECT count(*) FROM quarantine WHERE {_THERE}),
                    (SELECT count(*) FROM conflict WHERE {_THERE}),
                    (SELECT coalesce(sum(times), 0) FROM repeat)"""
            ).fetchone()
        return dict(zip(("quarantined", "conflicts", "repeats"), row, strict=True))


def sweep(connection: sqlite3.Connection) -> None:
    """Delete rows whose content was dropped; to be called when all pages are written anew thereafter."""
    for table in _DROP:
        connection.execute(f"DELETE FROM {table} WHERE NOT {_THERE}")


def _dropped(connection: sqlite3.Connection, table: str, condition: str, *bound: str) -> int:
    """Drop what meets ``condition``; returns how many there were."""
    count = connection.execute(f"{_DROP[table]} WHERE {condition}", bound).rowcount
    if count and connection.execute(_LAST.format(table)).fetchone() is None:
        # All pages of the table are overwritten, and free for others.
        connection.execute(f"DELETE FROM {table}")
    return count


def _names(body: bytes, learner: Learner) -> bool:
    try:
        return learner.is_in(orjson.loads(body))
    except orjson.JSONDecodeError:
        return learner.is_in_text(body.decode("utf-8", "replace"))


def _quarantined(row: tuple[Any, ...]) -> Quarantined:
    number, received_us, consumer, version, reason, body = row
    return Quarantined(number, received_us, consumer, version, orjson.loads(reason), body)
