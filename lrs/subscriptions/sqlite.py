"""Durable cursors in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

import sqlite_utils

from lrs.errors import CursorLimit, EpochChanged, NotFound, StoreCorrupt
from lrs.statements.record import Place
from lrs.storage.sqlite import Store
from lrs.subscriptions.durables import DurableCursor, DurableName

migrations = sqlite_utils.Migrations("subscriptions")

_CURSORS = "SELECT consumer_id, name, epoch, place, acknowledged_us FROM durable_cursor"
_KEPT = "SELECT epoch, place FROM durable_cursor WHERE consumer_id = ? AND name = ?"


@migrations()
def m001_durable_cursors(db: sqlite_utils.Database) -> None:
    """A cursor by consumer and name; numbers of consumers are those of the register, and 0 for the process itself."""
    db.execute(
        """CREATE TABLE durable_cursor (
            consumer_id INTEGER NOT NULL,
            name TEXT NOT NULL,
            epoch BLOB NOT NULL,
            place INTEGER NOT NULL,
            acknowledged_us INTEGER NOT NULL,
            PRIMARY KEY (consumer_id, name)
        ) STRICT, WITHOUT ROWID"""
    )


class SqliteDurables:
    """See ``DurableStore`` for every method."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.migrate(migrations)

    def begin(self, name: DurableName, place: Place, *, epoch: bytes, now_us: int, reset: bool, most: int) -> Place:
        with self._store.reading() as connection:
            if reset:
                # Clients that come back all at once reset their cursors to where most of them are.
                kept = place if connection.execute(_KEPT, name).fetchone() == (epoch, place) else None
            else:
                kept = _kept(connection, name, epoch)
        if kept is not None:
            return kept
        with self._store.writing() as connection:
            # Another connection of this consumer may have been quicker.
            kept = None if reset else _kept(connection, name, epoch)
            if kept is not None:
                return kept
            others = "SELECT count(*) FROM durable_cursor WHERE consumer_id = ? AND name <> ?"
            (count,) = connection.execute(others, name).fetchone()
            if count >= most:
                raise CursorLimit(f"this consumer has {count} durable cursors, the most that it may have")
            connection.execute("REPLACE INTO durable_cursor VALUES (?, ?, ?, ?, ?)", (*name, epoch, place, now_us))
        return place

    def move(self, places: Mapping[DurableName, Place], *, epoch: bytes, now_us: int) -> None:
        with self._store.writing() as connection:
            connection.executemany(
                """UPDATE durable_cursor SET place = ?, acknowledged_us = ?
                WHERE consumer_id = ? AND name = ? AND epoch = ? AND place < ?""",
                [(place, now_us, *name, epoch, place) for name, place in places.items()],
            )

    def cursors(self, consumer_id: int | None = None) -> Sequence[DurableCursor]:
        condition = "" if consumer_id is None else " WHERE consumer_id = ?"
        with self._store.reading() as connection:
            rows = connection.execute(
                f"{_CURSORS}{condition} ORDER BY consumer_id, name", () if consumer_id is None else (consumer_id,)
            ).fetchall()
        return [DurableCursor(*row) for row in rows]

    def drop(self, name: DurableName) -> None:
        with self._store.writing() as connection:
            sql = "DELETE FROM durable_cursor WHERE consumer_id = ? AND name = ?"
            if not connection.execute(sql, name).rowcount:
                raise NotFound(f"there is no durable cursor {name.name!r} of this consumer")


def verify_cursors(connection: sqlite3.Connection, *, epoch: bytes, last: Place) -> None:
    """Check on one snapshot that no durable cursor is beyond ``last``, the end of the log with ``epoch``.

    One of an earlier history says nothing of this one. Raises StoreCorrupt with the first that is.
    """
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'durable_cursor'").fetchone() is None:
        return
    for row in connection.execute(f"{_CURSORS} WHERE epoch = ? AND place NOT BETWEEN 0 AND ?", (epoch, last)):
        found = DurableCursor(*row)
        raise StoreCorrupt(
            f"durable cursor {found.name!r} of consumer {found.consumer_id}: it stands at place {found.place}, "
            f"and the log ends at {last}; the log itself is whole"
        )


def _kept(connection: sqlite3.Connection, name: DurableName, epoch: bytes) -> Place | None:
    """The place kept under ``name``; None when there is none, EpochChanged when it is of an earlier history."""
    row = connection.execute(_KEPT, name).fetchone()
    if row is None:
        return None
    if row[0] != epoch:
        raise EpochChanged(
            f"the store's history was replaced since the durable cursor {name.name!r} was kept: "
            "say with reset where to start anew"
        )
    return Place(row[1])
