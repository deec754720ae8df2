"""Spaces in SQLite."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from uuid import UUID

import sqlite_utils

from lrs.clock import Clock, SystemClock
from lrs.pseudonyms.naming import SECRET_BYTES
from lrs.pseudonyms.spaces import Known
from lrs.storage.sqlite import Store

MIGRATIONS = sqlite_utils.Migrations("pseudonyms")

_TABLES = (
    # ``looked_through``: up to which learner the table of pseudonyms is filled.
    """CREATE TABLE pseudonym_space (
        name TEXT PRIMARY KEY,
        secret BLOB NOT NULL,
        created_at_us INTEGER NOT NULL,
        looked_through INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID, STRICT""",
    # Made from the secrets, whenever somebody is looked up: it can always be made again. ``name``: a canonical IFI.
    """CREATE TABLE pseudonym (
        space TEXT NOT NULL, pseudonym BLOB NOT NULL, name TEXT NOT NULL, PRIMARY KEY (space, pseudonym)
    ) WITHOUT ROWID, STRICT""",
    "CREATE INDEX pseudonym_name ON pseudonym (name)",
)

_MAKE = "INSERT INTO pseudonym_space (name, secret, created_at_us) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_KEEP = "INSERT INTO pseudonym VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_LOOKED = "UPDATE pseudonym_space SET looked_through = max(looked_through, ?) WHERE name = ?"


@MIGRATIONS()
def spaces_and_pseudonyms(db: sqlite_utils.Database) -> None:
    for statement in _TABLES:
        db.execute(statement)


class SqliteSpaces:
    """See ``Spaces`` for every method; several processes may share the file."""

    def __init__(self, store: Store, clock: Clock | None = None) -> None:
        store.migrate(MIGRATIONS)
        self._store = store
        self._clock = clock or SystemClock()

    def secret(self, space: str) -> bytes:
        found = self._secret(space)
        if found is None:
            with self._store.writing() as connection:
                # Of two processes that ask at the same time, the first one makes it.
                connection.execute(_MAKE, (space, secrets.token_bytes(SECRET_BYTES), self._clock.now_us()))
            found = self._secret(space)
        assert found is not None
        return found

    def names(self) -> Sequence[str]:
        with self._store.reading() as connection:
            return [name for (name,) in connection.execute("SELECT name FROM pseudonym_space ORDER BY name")]

    def name(self, space: str, pseudonym: str) -> str | None:
        with self._store.reading() as connection:
            row = connection.execute(
                "SELECT name FROM pseudonym WHERE space = ? AND pseudonym = ?", (space, UUID(pseudonym).bytes)
            ).fetchone()
        return None if row is None else str(row[0])

    def keep(self, found: Sequence[Known]) -> None:
        with self._store.writing() as connection:
            connection.executemany(_KEEP, _rows(found))

    def looked_through(self, space: str) -> int:
        with self._store.reading() as connection:
            row = connection.execute("SELECT looked_through FROM pseudonym_space WHERE name = ?", (space,)).fetchone()
        return 0 if row is None else int(row[0])

    def look_through(self, space: str, number: int, found: Sequence[Known]) -> None:
        with self._store.writing() as connection:
            connection.executemany(_KEEP, _rows(found))
            connection.execute(_LOOKED, (number, space))

    def forget(self, name: str) -> None:
        with self._store.writing() as connection:
            connection.execute("DELETE FROM pseudonym WHERE name = ?", (name,))

    def clear(self) -> None:
        """Forget all pseudonyms, which are made again when somebody is looked up, so that nothing is left of any."""
        with self._store.writing() as connection:
            connection.execute("DELETE FROM pseudonym")
            connection.execute("UPDATE pseudonym_space SET looked_through = 0")

    def _secret(self, space: str) -> bytes | None:
        with self._store.reading() as connection:
            row = connection.execute("SELECT secret FROM pseudonym_space WHERE name = ?", (space,)).fetchone()
        return None if row is None else bytes(row[0])


def _rows(found: Sequence[Known]) -> Iterable[tuple[str, bytes, str]]:
    return [(one.space, UUID(one.pseudonym).bytes, one.name) for one in found]
