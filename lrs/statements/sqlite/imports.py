"""How far files were imported."""

from __future__ import annotations

from lrs.statements.sqlite.schema import migrations
from lrs.storage.sqlite import Store


class Imports:
    """The progress of imports into one store; ``file`` is a name that tells a file from all others."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.migrate(migrations)

    def imported(self, file: str) -> int:
        """Bytes of the unpacked text that are safely stored; 0 for a new file."""
        with self._store.reading() as connection:
            row = connection.execute("SELECT imported FROM import WHERE file = ?", (file,)).fetchone()
        return int(row[0]) if row else 0

    def note(self, file: str, imported: int) -> None:
        """Remember that all up to ``imported`` is stored; to be called after it is."""
        with self._store.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO import VALUES (?, ?)", (file, imported))
