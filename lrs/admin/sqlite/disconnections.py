"""Orders to disconnect in SQLite: one process is told, and the one that has the connection obeys."""

from __future__ import annotations

from lrs.admin.sqlite.schema import migrations
from lrs.storage.sqlite import Store

KEPT_US = 60_000_000
"""Older orders have been seen by every process that could."""


class Disconnections:
    """A short list; ``mark`` of the store moves when there is a new one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.migrate(migrations)

    def order(self, connection_name: str, now_us: int) -> None:
        with self._store.writing() as connection:
            connection.execute("DELETE FROM disconnection WHERE at_us < ?", (now_us - KEPT_US,))
            connection.execute("INSERT INTO disconnection (connection, at_us) VALUES (?, ?)", (connection_name, now_us))

    def after(self, number: int) -> list[tuple[int, str]]:
        """Number and connection of the orders after ``number``, in order."""
        with self._store.reading() as connection:
            rows = connection.execute(
                "SELECT number, connection FROM disconnection WHERE number > ? ORDER BY number", (number,)
            )
            return [(row[0], row[1]) for row in rows]
