"""What trusted writers sent and is not in the log, as an administrator looks at it."""

from __future__ import annotations

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
_BODIES = "SELECT number, body FROM {} WHERE number > ? ORDER BY number LIMIT 20"
_DROP_ALL = "DELETE FROM {} WHERE number IN (SELECT value FROM json_each(?))"
_DROP_OF_ERASED = """DELETE FROM conflict
    WHERE EXISTS (SELECT 1 FROM tombstone AS t WHERE t.position = conflict.position)"""


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
            rows = connection.execute(f"{_QUARANTINE} WHERE number > ? ORDER BY number LIMIT ?", (after, limit))
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
            row = connection.execute(f"{_QUARANTINE} WHERE number = ?", (number,)).fetchone()
        if row is None:
            raise NotFound(f"nothing in quarantine has the number {number}")
        return _quarantined(row)

    def drop(self, number: int) -> None:
        """Remove it for good; NotFound if it is not there."""
        with self._store.writing() as connection:
            if connection.execute("DELETE FROM quarantine WHERE number = ?", (number,)).rowcount == 0:
                raise NotFound(f"nothing in quarantine has the number {number}")

    def conflicts(self, *, after: int = 0, limit: int = 100) -> list[KeptConflict]:
        with self._store.reading() as connection:
            rows = connection.execute(f"{_CONFLICT} WHERE c.number > ? ORDER BY c.number LIMIT ?", (after, limit))
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
        with self._store.writing() as connection:
            if connection.execute("DELETE FROM conflict WHERE number = ?", (number,)).rowcount == 0:
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
            return connection.execute(_DROP_ALL.format(table), (orjson.dumps(numbers).decode(),)).rowcount

    def drop_conflicts_of_erased(self) -> int:
        """Remove conflicts with statements that were erased; returns how many."""
        with self._store.writing() as connection:
            return connection.execute(_DROP_OF_ERASED).rowcount

    def _bodies(self, table: str, after: int) -> list[tuple[int, bytes]]:
        with self._store.reading() as connection:
            return connection.execute(_BODIES.format(table), (after,)).fetchall()

    def counts(self) -> dict[str, int]:
        """How many there are: ``quarantined``, ``conflicts``, and ``repeats`` (events that came again)."""
        with self._store.reading() as connection:
            row = connection.execute(
                """SELECT (SELECT count(*) FROM quarantine), (SELECT count(*) FROM conflict),
                    (SELECT coalesce(sum(times), 0) FROM repeat)"""
            ).fetchone()
        return dict(zip(("quarantined", "conflicts", "repeats"), row, strict=True))


def _names(body: bytes, learner: Learner) -> bool:
    try:
        return learner.is_in(orjson.loads(body))
    except orjson.JSONDecodeError:
        return learner.is_in_text(body.decode("utf-8", "replace"))


def _quarantined(row: tuple[Any, ...]) -> Quarantined:
    number, received_us, consumer, version, reason, body = row
    return Quarantined(number, received_us, consumer, version, orjson.loads(reason), body)
