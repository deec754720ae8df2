"""How many statements each consumer was given, day by day."""

from __future__ import annotations

from collections.abc import Mapping

import sqlite_utils

from lrs.auth.reads import Read
from lrs.clock import Clock
from lrs.storage.sqlite import Store

MIGRATIONS = sqlite_utils.Migrations("reads")
DAY_US = 86_400_000_000
KEPT_DAYS = 400

_NOTE = """INSERT INTO read_count VALUES (?, ?, ?, ?) ON CONFLICT (consumer_id, day)
    DO UPDATE SET queried = queried + excluded.queried, pushed = pushed + excluded.pushed"""
_SINCE = "SELECT day, queried, pushed FROM read_count WHERE consumer_id = ? AND day > ? ORDER BY day"


@MIGRATIONS()
def m001_reads(db: sqlite_utils.Database) -> None:
    # ``day``: days since the epoch, in UTC.
    db.execute(
        """CREATE TABLE read_count (
            consumer_id INTEGER NOT NULL, day INTEGER NOT NULL, queried INTEGER NOT NULL, pushed INTEGER NOT NULL,
            PRIMARY KEY (consumer_id, day)
        ) WITHOUT ROWID, STRICT"""
    )


class ReadRows:
    """Those of one store, of about a year."""

    def __init__(self, store: Store, clock: Clock) -> None:
        store.migrate(MIGRATIONS)
        self._store = store
        self._clock = clock

    def note(self, counts: Mapping[int, Read]) -> None:
        """Add ``counts`` to today's."""
        day = self._clock.now_us() // DAY_US
        with self._store.writing() as connection:
            connection.executemany(_NOTE, [(consumer_id, day, *read) for consumer_id, read in counts.items()])
            connection.execute("DELETE FROM read_count WHERE day < ?", (day - KEPT_DAYS,))

    def last(self, consumer_id: int, days: int) -> list[tuple[int, Read]]:
        """Of the last ``days``, today included: microseconds at which a day began, and its counts, oldest first."""
        today = self._clock.now_us() // DAY_US
        with self._store.reading() as connection:
            rows = connection.execute(_SINCE, (consumer_id, today - days)).fetchall()
        return [(day * DAY_US, Read(queried, pushed)) for day, queried, pushed in rows]
