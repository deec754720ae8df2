"""Consumers in SQLite."""

# ruff: noqa: S608 - whatever is put together into SQL here are constants of this file; values are always bound.

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import sqlite_utils

from lrs.auth.consumers import Consumer, Key, SigningKey, TokenRow
from lrs.auth.grants import Grant
from lrs.auth.scopes import listed
from lrs.auth.tokens import new_signing_key
from lrs.clock import Clock, SystemClock
from lrs.errors import Conflict, NotFound
from lrs.storage.sqlite import Store

MIGRATIONS = sqlite_utils.Migrations("auth")

_TABLES = (
    """CREATE TABLE consumer (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        scopes TEXT NOT NULL,  -- separated by blanks
        courses TEXT NOT NULL,  -- JSON array of entries; ["*"]: every course
        created_at_us INTEGER NOT NULL,
        expires_at_us INTEGER,
        disabled INTEGER NOT NULL DEFAULT 0,
        trusted INTEGER NOT NULL DEFAULT 0
    ) STRICT""",
    """CREATE TABLE consumer_key (
        id TEXT PRIMARY KEY,
        consumer_id INTEGER NOT NULL REFERENCES consumer (id),
        sha256 BLOB NOT NULL,
        created_at_us INTEGER NOT NULL,
        revoked_at_us INTEGER,
        last_used_at_us INTEGER
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE token (
        jti TEXT PRIMARY KEY,
        consumer_id INTEGER NOT NULL REFERENCES consumer (id),
        scopes TEXT NOT NULL,
        courses TEXT NOT NULL,
        kid TEXT NOT NULL,
        issued_at_us INTEGER NOT NULL,
        expires_at_us INTEGER NOT NULL,
        revoked_at_us INTEGER,
        last_used_at_us INTEGER
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE signing_key (
        kid TEXT PRIMARY KEY,
        private_pem TEXT NOT NULL,
        created_at_us INTEGER NOT NULL,
        retired_at_us INTEGER
    ) STRICT, WITHOUT ROWID""",
    "CREATE TABLE auth_generation (generation INTEGER NOT NULL) STRICT",
    "INSERT INTO auth_generation VALUES (1)",
    "CREATE INDEX consumer_key_consumer ON consumer_key (consumer_id)",
    "CREATE INDEX token_consumer ON token (consumer_id)",
)

LOOK_S = 0.25
"""How often the store is asked though its mark stays: as it does when a process is killed right after its commit."""

# New consumers, keys and tokens change nothing for what is remembered about others, so only these events count.
_CHANGES = (
    "UPDATE OF scopes, courses, expires_at_us, disabled, trusted ON consumer",
    "DELETE ON consumer",
    "UPDATE OF revoked_at_us ON consumer_key",
    "DELETE ON consumer_key",
    "UPDATE OF expires_at_us, revoked_at_us ON token",
    "DELETE ON token",
    "INSERT ON signing_key",
    "UPDATE ON signing_key",
    "DELETE ON signing_key",
)

# What a remembered proof rests on can't change under it.
_FIXED = (
    "UPDATE OF id, name ON consumer",
    "UPDATE OF id, consumer_id, sha256 ON consumer_key",
    "UPDATE OF jti, consumer_id, scopes, courses, kid ON token",
)


@MIGRATIONS()
def consumers_keys_and_tokens(db: sqlite_utils.Database) -> None:
    for statement in _TABLES:
        db.execute(statement)
    for number, event in enumerate(_CHANGES):
        db.execute(
            f"CREATE TRIGGER auth_change_{number} AFTER {event} "
            "BEGIN UPDATE auth_generation SET generation = generation + 1; END"
        )
    for number, event in enumerate(_FIXED):
        db.execute(f"CREATE TRIGGER auth_fixed_{number} BEFORE {event} BEGIN SELECT RAISE(ABORT, 'fixed'); END")


class _Held(NamedTuple):
    """A kind of credential: its table, its column of ids, and the others in the order of its dataclass."""

    table: str
    id: str
    columns: str


_CONSUMER = "c.id, c.name, c.scopes, c.courses, c.created_at_us, c.expires_at_us, c.disabled, c.trusted"
_KEY = _Held("consumer_key", "id", "h.id, c.name, h.sha256, h.created_at_us, h.revoked_at_us, h.last_used_at_us")
_TOKEN = _Held(
    "token",
    "jti",
    "h.jti, c.name, h.scopes, h.courses, h.kid, h.issued_at_us, h.expires_at_us, h.revoked_at_us, h.last_used_at_us",
)


class SqliteConsumers:
    """``ConsumerStore`` on the tables of one ``Store``; several processes may share the file."""

    def __init__(self, store: Store, clock: Clock | None = None) -> None:
        self._store = store
        self._clock = clock or SystemClock()
        store.migrate(MIGRATIONS)
        # The mark and the time when the generation was read, and the generation.
        self._known_generation = b"", 0.0, 0

    def generation(self) -> int:
        # Every request asks. A look at the mark takes no lock and, unlike a query, lets no other thread in between.
        mark, now_s = self._store.mark(), self._clock.monotonic_s()
        known_mark, looked_s, generation = self._known_generation
        if mark != known_mark or not 0 <= now_s - looked_s < LOOK_S:
            with self._store.reading() as connection:
                (generation,) = connection.execute("SELECT generation FROM auth_generation").fetchone()
            self._known_generation = mark, now_s, generation
        return generation

    def add_consumer(
        self,
        name: str,
        *,
        scopes: frozenset[str],
        grant: Grant,
        created_at_us: int,
        expires_at_us: int | None,
        trusted: bool = False,
    ) -> Consumer:
        with self._store.writing() as connection:
            try:
                connection.execute(
                    "INSERT INTO consumer (name, scopes, courses, created_at_us, expires_at_us, trusted) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    (name, _scopes_text(scopes), _courses_text(grant), created_at_us, expires_at_us, int(trusted)),
                )
            except sqlite3.IntegrityError:
                raise Conflict(f"there is a consumer {name!r} already") from None
            return _consumer_named(connection, name)

    def consumer(self, name: str) -> Consumer:
        with self._store.reading() as connection:
            return _consumer_named(connection, name)

    def consumers(self) -> list[Consumer]:
        with self._store.reading() as connection:
            return [_consumer(row) for row in connection.execute(f"SELECT {_CONSUMER} FROM consumer c ORDER BY name")]

    def change_consumer(self, name: str, change: Callable[[Consumer], Consumer]) -> Consumer:
        with self._store.writing() as connection:
            before = _consumer_named(connection, name)
            after = replace(change(before), id=before.id, name=before.name, created_at_us=before.created_at_us)
            connection.execute(
                "UPDATE consumer SET scopes = ?, courses = ?, expires_at_us = ?, disabled = ?, trusted = ? "
                "WHERE id = ?",
                (
                    _scopes_text(after.scopes),
                    _courses_text(after.grant),
                    after.expires_at_us,
                    int(after.disabled),
                    int(after.trusted),
                    after.id,
                ),
            )
        return after

    def add_key(self, key: Key) -> None:
        with self._store.writing() as connection:
            consumer = _consumer_named(connection, key.consumer)
            connection.execute(
                "INSERT INTO consumer_key (id, consumer_id, sha256, created_at_us) VALUES (?, ?, ?, ?)",
                (key.id, consumer.id, key.sha256, key.created_at_us),
            )

    def key(self, key_id: str) -> tuple[Key, Consumer] | None:
        row = self._held(_KEY, key_id)
        return None if row is None else (_key(row), _consumer(row[6:]))

    def keys(self, consumer: str | None = None) -> list[Key]:
        return [_key(row) for row in self._all_held(_KEY, "h.created_at_us, h.id", consumer)]

    def revoke_key(self, key_id: str, at_us: int) -> Key:
        return _key(self._revoked(_KEY, key_id, at_us, "key"))

    def add_token(self, token: TokenRow) -> None:
        with self._store.writing() as connection:
            consumer = _consumer_named(connection, token.consumer)
            connection.execute(
                "INSERT INTO token (jti, consumer_id, scopes, courses, kid, issued_at_us, expires_at_us) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    token.jti,
                    consumer.id,
                    _scopes_text(token.scopes),
                    _courses_text(token.grant),
                    token.kid,
                    token.issued_at_us,
                    token.expires_at_us,
                ),
            )

    def token(self, jti: str) -> tuple[TokenRow, Consumer] | None:
        row = self._held(_TOKEN, jti)
        return None if row is None else (_token(row), _consumer(row[9:]))

    def tokens(self, consumer: str | None = None) -> list[TokenRow]:
        return [_token(row) for row in self._all_held(_TOKEN, "h.issued_at_us, h.jti", consumer)]

    def revoke_token(self, jti: str, at_us: int) -> TokenRow:
        return _token(self._revoked(_TOKEN, jti, at_us, "token"))

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

    def note_uses(self, uses: Mapping[str, int]) -> None:
        with self._store.writing() as connection:
            for credential, at_us in uses.items():
                kind, _, id_ = credential.partition(":")
                held = _KEY if kind == "key" else _TOKEN
                connection.execute(
                    f"UPDATE {held.table} SET last_used_at_us = max(ifnull(last_used_at_us, 0), ?) WHERE {held.id} = ?",
                    (at_us, id_),
                )

    def _held(self, held: _Held, id_: str) -> tuple[Any, ...] | None:
        with self._store.reading() as connection:
            row: tuple[Any, ...] | None = connection.execute(
                f"{_select(held)} WHERE h.{held.id} = ?", (id_,)
            ).fetchone()
        return row

    def _all_held(self, held: _Held, order: str, consumer: str | None) -> list[tuple[Any, ...]]:
        with self._store.reading() as connection:
            if consumer is None:
                return connection.execute(f"{_select(held)} ORDER BY {order}").fetchall()
            of = _consumer_named(connection, consumer).id
            return connection.execute(f"{_select(held)} WHERE h.consumer_id = ? ORDER BY {order}", (of,)).fetchall()

    def _revoked(self, held: _Held, id_: str, at_us: int, word: str) -> tuple[Any, ...]:
        with self._store.writing() as connection:
            connection.execute(
                f"UPDATE {held.table} SET revoked_at_us = ? WHERE {held.id} = ? AND revoked_at_us IS NULL", (at_us, id_)
            )
            row: tuple[Any, ...] | None = connection.execute(
                f"{_select(held)} WHERE h.{held.id} = ?", (id_,)
            ).fetchone()
        if row is None:
            raise NotFound(f"there is no {word} {id_!r}")
        return row


def open_consumers(store: Store, clock: Clock) -> SqliteConsumers:
    """The consumers in ``store``, with tables and a signing key from the first start on."""
    consumers = SqliteConsumers(store, clock)
    consumers.ensure_signing_key(lambda: new_signing_key(secrets.token_bytes, created_at_us=clock.now_us()))
    return consumers


def _select(held: _Held) -> str:
    return f"SELECT {held.columns}, {_CONSUMER} FROM {held.table} h JOIN consumer c ON c.id = h.consumer_id"


def _consumer_named(connection: sqlite3.Connection, name: str) -> Consumer:
    row = connection.execute(f"SELECT {_CONSUMER} FROM consumer c WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise NotFound(f"there is no consumer {name!r}")
    return _consumer(row)


def _insert_signing_key(connection: sqlite3.Connection, key: SigningKey) -> None:
    connection.execute(
        "INSERT INTO signing_key VALUES (?, ?, ?, ?)", (key.kid, key.private_pem, key.created_at_us, key.retired_at_us)
    )


def _consumer(row: tuple[Any, ...]) -> Consumer:
    id_, name, scopes, courses, created, expires, disabled, trusted = row
    return Consumer(
        id=id_,
        name=name,
        scopes=frozenset(scopes.split()),
        grant=Grant.of(json.loads(courses)),
        created_at_us=created,
        expires_at_us=expires,
        disabled=bool(disabled),
        trusted=bool(trusted),
    )


def _key(row: tuple[Any, ...]) -> Key:
    return Key(
        id=row[0], consumer=row[1], sha256=row[2], created_at_us=row[3], revoked_at_us=row[4], last_used_at_us=row[5]
    )


def _token(row: tuple[Any, ...]) -> TokenRow:
    return TokenRow(
        jti=row[0],
        consumer=row[1],
        scopes=frozenset(row[2].split()),
        grant=Grant.of(json.loads(row[3])),
        kid=row[4],
        issued_at_us=row[5],
        expires_at_us=row[6],
        revoked_at_us=row[7],
        last_used_at_us=row[8],
    )


def _scopes_text(scopes: frozenset[str]) -> str:
    return " ".join(listed(scopes))


def _courses_text(grant: Grant) -> str:
    return json.dumps(grant.entries())
