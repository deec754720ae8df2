"""The rows of the keys and tokens that consumers hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from lrs.auth.consumers import Consumer, Key, TokenRow
from lrs.auth.sqlite.consumers import CONSUMER_COLUMNS, consumer_named, consumer_of, grant_of, grant_texts, scopes_text
from lrs.auth.sqlite.signing_keys import require_signing
from lrs.errors import NotFound
from lrs.storage.sqlite import Store


class _Held(NamedTuple):
    """A kind of credential: its table, its column of ids, and the others in the order of its dataclass."""

    table: str
    id: str
    columns: str


_KEY = _Held("consumer_key", "id", "h.id, c.name, h.sha256, h.created_at_us, h.revoked_at_us, h.last_used_at_us")
_TOKEN = _Held(
    "token",
    "jti",
    "h.jti, c.name, h.scopes, h.courses, h.restrictions, h.kid, h.issued_at_us, h.expires_at_us, h.revoked_at_us, "
    "h.last_used_at_us",
)


class CredentialRows:
    """Keys and tokens in one ``Store``."""

    _store: Store

    def add_key(self, key: Key) -> None:
        with self._store.writing() as connection:
            consumer = consumer_named(connection, key.consumer)
            connection.execute(
                "INSERT INTO consumer_key (id, consumer_id, sha256, created_at_us) VALUES (?, ?, ?, ?)",
                (key.id, consumer.id, key.sha256, key.created_at_us),
            )

    def key(self, key_id: str) -> tuple[Key, Consumer] | None:
        row = self._held(_KEY, key_id)
        return None if row is None else (_key(row), consumer_of(row[6:]))

    def keys(self, consumer: str | None = None) -> list[Key]:
        return [_key(row) for row in self._all_held(_KEY, "h.created_at_us, h.id", consumer)]

    def revoke_key(self, key_id: str, at_us: int) -> Key:
        return _key(self._revoked(_KEY, key_id, at_us, "key"))

    def add_token(self, token: TokenRow) -> None:
        with self._store.writing() as connection:
            consumer = consumer_named(connection, token.consumer)
            require_signing(connection, token.kid)
            connection.execute(
                "INSERT INTO token (jti, consumer_id, scopes, courses, restrictions, kid, issued_at_us, expires_at_us) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    token.jti,
                    consumer.id,
                    scopes_text(token.scopes),
                    *grant_texts(token.grant),
                    token.kid,
                    token.issued_at_us,
                    token.expires_at_us,
                ),
            )

    def token(self, jti: str) -> tuple[TokenRow, Consumer] | None:
        row = self._held(_TOKEN, jti)
        return None if row is None else (_token(row), consumer_of(row[10:]))

    def tokens(self, consumer: str | None = None) -> list[TokenRow]:
        return [_token(row) for row in self._all_held(_TOKEN, "h.issued_at_us, h.jti", consumer)]

    def revoke_token(self, jti: str, at_us: int) -> TokenRow:
        return _token(self._revoked(_TOKEN, jti, at_us, "token"))

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
            of = consumer_named(connection, consumer).id
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


def _select(held: _Held) -> str:
    return f"SELECT {held.columns}, {CONSUMER_COLUMNS} FROM {held.table} h JOIN consumer c ON c.id = h.consumer_id"


def _key(row: tuple[Any, ...]) -> Key:
    return Key(
        id=row[0], consumer=row[1], sha256=row[2], created_at_us=row[3], revoked_at_us=row[4], last_used_at_us=row[5]
    )


def _token(row: tuple[Any, ...]) -> TokenRow:
    return TokenRow(
        jti=row[0],
        consumer=row[1],
        scopes=frozenset(row[2].split()),
        grant=grant_of(row[3], row[4]),
        kid=row[5],
        issued_at_us=row[6],
        expires_at_us=row[7],
        revoked_at_us=row[8],
        last_used_at_us=row[9],
    )
