"""The rows of the keys that sign tokens."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from lrs.auth.consumers import SigningKey
from lrs.errors import NotFound
from lrs.storage.sqlite import Store


class SigningKeyRows:
    """Signing keys in one ``Store``."""

    _store: Store

    def signing_keys(self) -> list[SigningKey]:
        with self._store.reading() as connection:
            rows = connection.execute(
                "SELECT kid, private_pem, created_at_us, retired_at_us FROM signing_key "
                "WHERE retired_at_us IS NULL ORDER BY created_at_us DESC, kid"
            ).fetchall()
        return [SigningKey(kid=kid, private_pem=pem, created_at_us=c, retired_at_us=r) for kid, pem, c, r in rows]

    def add_signing_key(self, key: SigningKey) -> None:
        with self._store.writing() as connection:
            _insert_signing_key(connection, key)

    def retire_signing_key(self, kid: str, at_us: int) -> None:
        with self._store.writing() as connection:
            done = connection.execute(
                "UPDATE signing_key SET retired_at_us = ifnull(retired_at_us, ?) WHERE kid = ?", (at_us, kid)
            )
            if not done.rowcount:
                raise NotFound(f"there is no signing key {kid!r}")

    def ensure_signing_key(self, make: Callable[[], SigningKey]) -> None:
        """Keep the key that ``make`` gives, if there is none yet; of several processes that start, one does."""
        if self.signing_keys():
            return
        with self._store.writing() as connection:
            if not connection.execute("SELECT 1 FROM signing_key WHERE retired_at_us IS NULL").fetchone():
                _insert_signing_key(connection, make())


def _insert_signing_key(connection: sqlite3.Connection, key: SigningKey) -> None:
    connection.execute(
        "INSERT INTO signing_key VALUES (?, ?, ?, ?)", (key.kid, key.private_pem, key.created_at_us, key.retired_at_us)
    )
