"""The rows of the keys that sign tokens."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from lrs.auth.consumers import SigningKey
from lrs.clock import Clock
from lrs.errors import Conflict, NotFound
from lrs.storage.sqlite import Store


class SigningKeyRows:
    """Signing keys in one ``Store``."""

    _store: Store
    _clock: Clock

    def signing_keys(self) -> list[SigningKey]:
        with self._store.reading() as connection:
            return _in_force(connection, self._clock.now_us())

    def all_signing_keys(self) -> list[SigningKey]:
        with self._store.reading() as connection:
            return _found(connection, "1 = 1")

    def add_signing_key(self, key: SigningKey) -> None:
        with self._store.writing() as connection:
            _insert_signing_key(connection, key)

    def rotate_signing_keys(self, key: SigningKey, *, retire_at_us: int | None) -> list[SigningKey]:
        now_us = self._clock.now_us()
        with self._store.writing() as connection:
            # A token that a slower process signs meanwhile is refused its row: see require_signing.
            connection.execute(
                "UPDATE signing_key SET retired_at_us = max(?, ifnull(?, (SELECT ifnull(max(expires_at_us), 0) "
                "FROM token WHERE token.kid = signing_key.kid))) WHERE retired_at_us IS NULL",
                (now_us, retire_at_us),
            )
            _insert_signing_key(connection, key)
            return _in_force(connection, now_us)

    def retire_signing_key(self, kid: str, at_us: int) -> SigningKey:
        with self._store.writing() as connection:
            done = connection.execute(
                "UPDATE signing_key SET retired_at_us = min(ifnull(retired_at_us, ?1), ?1) WHERE kid = ?2", (at_us, kid)
            )
            if not done.rowcount:
                raise NotFound(f"there is no signing key {kid!r}")
            if not connection.execute("SELECT 1 FROM signing_key WHERE retired_at_us IS NULL").fetchone():
                raise Conflict("this is the key that signs: rotate first")
            (retired,) = _found(connection, "kid = ?", kid)
            return retired

    def ensure_signing_key(self, make: Callable[[], SigningKey]) -> None:
        """Keep the key that ``make`` gives, if there is none yet; of several processes that start, one does."""
        if self.signing_keys():
            return
        with self._store.writing() as connection:
            if not connection.execute("SELECT 1 FROM signing_key WHERE retired_at_us IS NULL").fetchone():
                _insert_signing_key(connection, make())


def require_signing(connection: sqlite3.Connection, kid: str) -> None:
    """Raises Conflict if the key is being retired: a token that it signed now could outlive it."""
    if connection.execute("SELECT 1 FROM signing_key WHERE kid = ? AND retired_at_us IS NOT NULL", (kid,)).fetchone():
        raise Conflict("the signing key has been replaced meanwhile")


def _in_force(connection: sqlite3.Connection, now_us: int) -> list[SigningKey]:
    return _found(connection, "retired_at_us IS NULL OR retired_at_us > ?", now_us)


def _found(connection: sqlite3.Connection, condition: str, *values: object) -> list[SigningKey]:
    """Those for which ``condition`` holds; the one that signs, which has no end yet, comes first."""
    rows = connection.execute(
        f"SELECT kid, private_pem, created_at_us, retired_at_us FROM signing_key WHERE {condition} "
        "ORDER BY retired_at_us IS NOT NULL, created_at_us DESC, kid",
        values,
    )
    return [SigningKey(kid=kid, private_pem=pem, created_at_us=c, retired_at_us=r) for kid, pem, c, r in rows]


def _insert_signing_key(connection: sqlite3.Connection, key: SigningKey) -> None:
    connection.execute(
        "INSERT INTO signing_key VALUES (?, ?, ?, ?)", (key.kid, key.private_pem, key.created_at_us, key.retired_at_us)
    )
