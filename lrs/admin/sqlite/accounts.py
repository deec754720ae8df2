"""Administrators, links and sessions in SQLite."""

from __future__ import annotations

import sqlite3
from typing import Any

from lrs.admin.accounts import Administrator, AdminSession
from lrs.admin.sqlite.schema import migrations
from lrs.errors import Conflict, NotFound
from lrs.storage.sqlite import Store

_ADMINISTRATOR = """SELECT a.id, a.name, a.created_at_us, a.password IS NOT NULL, a.last_login_at_us,
    (SELECT count(*) FROM administrator_session s
        WHERE s.administrator_id = a.id AND s.expires_at_us > ?1 AND s.last_used_at_us > ?2)
    FROM administrator a"""
_SESSION = """SELECT s.id, a.name, s.started_at_us, s.last_used_at_us, s.expires_at_us
    FROM administrator_session s JOIN administrator a ON a.id = s.administrator_id"""


class Accounts:
    """Rows only; whoever calls decides what they mean."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.migrate(migrations)

    def add(self, name: str, now_us: int) -> None:
        """A new administrator without a password; Conflict if the name is taken."""
        with self._store.writing() as connection:
            try:
                connection.execute("INSERT INTO administrator (name, created_at_us) VALUES (?, ?)", (name, now_us))
            except sqlite3.IntegrityError:
                raise Conflict(f"there is an administrator {name!r} already") from None

    def count(self, *, with_password: bool = False) -> int:
        """How many there are."""
        where = " WHERE password IS NOT NULL" if with_password else ""
        with self._store.reading() as connection:
            return int(connection.execute(f"SELECT count(*) FROM administrator{where}").fetchone()[0])

    def administrators(self, now_us: int, idle_us: int) -> list[Administrator]:
        """All of them, by name."""
        with self._store.reading() as connection:
            rows = connection.execute(f"{_ADMINISTRATOR} ORDER BY a.name", (now_us, now_us - idle_us)).fetchall()
        return [_administrator(row) for row in rows]

    def password(self, name: str) -> str | None:
        """What is kept of the password of ``name``; None also if there is no such administrator."""
        with self._store.reading() as connection:
            row = connection.execute("SELECT password FROM administrator WHERE name = ?", (name,)).fetchone()
        return None if row is None else row[0]

    def set_password(self, name: str, hashed: str) -> None:
        """NotFound."""
        with self._store.writing() as connection:
            done = connection.execute("UPDATE administrator SET password = ? WHERE name = ?", (hashed, name))
            if not done.rowcount:
                raise NotFound(f"there is no administrator {name!r}")
            connection.execute("DELETE FROM administrator_link WHERE administrator_id = ?", (_id(connection, name),))

    def remove(self, name: str) -> None:
        """With links and sessions; NotFound."""
        with self._store.writing() as connection:
            if not connection.execute("DELETE FROM administrator WHERE name = ?", (name,)).rowcount:
                raise NotFound(f"there is no administrator {name!r}")

    def add_link(self, name: str, sha256: bytes, expires_at_us: int) -> None:
        """The one link of ``name`` from now on; NotFound."""
        with self._store.writing() as connection:
            connection.execute(
                "REPLACE INTO administrator_link (administrator_id, sha256, expires_at_us) VALUES (?, ?, ?)",
                (_id(connection, name), sha256, expires_at_us),
            )

    def linked(self, sha256: bytes, now_us: int) -> str | None:
        """Whose link it is, if it is good."""
        with self._store.reading() as connection:
            row = connection.execute(
                """SELECT a.name FROM administrator_link l JOIN administrator a ON a.id = l.administrator_id
                WHERE l.sha256 = ? AND l.expires_at_us > ?""",
                (sha256, now_us),
            ).fetchone()
        return None if row is None else str(row[0])

    def begin_session(self, name: str, sha256: bytes, now_us: int, expires_at_us: int) -> AdminSession:
        """A new session of ``name``; NotFound."""
        with self._store.writing() as connection:
            administrator_id = _id(connection, name)
            connection.execute(
                """INSERT INTO administrator_session
                (sha256, administrator_id, started_at_us, last_used_at_us, expires_at_us) VALUES (?, ?, ?, ?, ?)""",
                (sha256, administrator_id, now_us, now_us, expires_at_us),
            )
            connection.execute("UPDATE administrator SET last_login_at_us = ? WHERE id = ?", (now_us, administrator_id))
            row = connection.execute(f"{_SESSION} WHERE s.sha256 = ?", (sha256,)).fetchone()
        return _session(row)

    def session(self, sha256: bytes) -> AdminSession | None:
        """The session with this secret, good or not."""
        with self._store.reading() as connection:
            row = connection.execute(f"{_SESSION} WHERE s.sha256 = ?", (sha256,)).fetchone()
        return None if row is None else _session(row)

    def sessions(self, name: str) -> list[AdminSession]:
        """Those of one administrator, oldest first."""
        with self._store.reading() as connection:
            rows = connection.execute(f"{_SESSION} WHERE a.name = ? ORDER BY s.id", (name,)).fetchall()
        return [_session(row) for row in rows]

    def used(self, session_id: int, now_us: int) -> None:
        """The session was used now."""
        with self._store.writing() as connection:
            connection.execute(
                "UPDATE administrator_session SET last_used_at_us = max(last_used_at_us, ?) WHERE id = ?",
                (now_us, session_id),
            )

    def end_session(self, session_id: int) -> bool:
        """Whether there was one."""
        with self._store.writing() as connection:
            done = connection.execute("DELETE FROM administrator_session WHERE id = ?", (session_id,))
            return done.rowcount > 0

    def forget_ended(self, now_us: int, idle_us: int) -> None:
        """Remove what is over: sessions, links, and notes of tokens."""
        with self._store.writing() as connection:
            connection.execute(
                "DELETE FROM administrator_session WHERE expires_at_us <= ? OR last_used_at_us <= ?",
                (now_us, now_us - idle_us),
            )
            connection.execute("DELETE FROM administrator_link WHERE expires_at_us <= ?", (now_us,))
            connection.execute("DELETE FROM administrator_token WHERE expires_at_us <= ?", (now_us,))

    def end_all(self) -> None:
        """End every session, and every link."""
        with self._store.writing() as connection:
            connection.execute("DELETE FROM administrator_session")
            connection.execute("DELETE FROM administrator_link")

    def add_token(self, session_id: int, jti: str, expires_at_us: int) -> bool:
        """A stream token was given to a session; whether it is the first."""
        with self._store.writing() as connection:
            connection.execute("INSERT INTO administrator_token VALUES (?, ?, ?)", (jti, session_id, expires_at_us))
            first = "UPDATE administrator_session SET streamed = 1 WHERE id = ? AND streamed = 0"
            return connection.execute(first, (session_id,)).rowcount > 0

    def tokens(self, session_id: int) -> list[str]:
        """The stream tokens of a session that may still be good."""
        with self._store.reading() as connection:
            rows = connection.execute("SELECT jti FROM administrator_token WHERE session_id = ?", (session_id,))
            return [jti for (jti,) in rows]


def _id(connection: sqlite3.Connection, name: str) -> int:
    row = connection.execute("SELECT id FROM administrator WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise NotFound(f"there is no administrator {name!r}")
    return int(row[0])


def _administrator(row: tuple[Any, ...]) -> Administrator:
    return Administrator(
        id=row[0],
        name=row[1],
        created_at_us=row[2],
        has_password=bool(row[3]),
        last_login_at_us=row[4],
        sessions=row[5],
    )


def _session(row: tuple[Any, ...]) -> AdminSession:
    return AdminSession(id=row[0], name=row[1], started_at_us=row[2], last_used_at_us=row[3], expires_at_us=row[4])
