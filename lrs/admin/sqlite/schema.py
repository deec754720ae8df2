"""The tables of administration, as ordered migrations. Times are microseconds since the epoch."""

from __future__ import annotations

import sqlite_utils

migrations = sqlite_utils.Migrations("admin")


@migrations()
def m001_administrators(db: sqlite_utils.Database) -> None:
    """Who may log in, by which links they set a password, and who is logged in."""
    db.execute(
        """CREATE TABLE administrator (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL UNIQUE,
            password TEXT,  -- argon2id; NULL as long as none was set
            created_at_us INTEGER NOT NULL,
            last_login_at_us INTEGER
        ) STRICT"""
    )
    # One link for each, so that a new one ends the one before.
    db.execute(
        """CREATE TABLE administrator_link (
            administrator_id INTEGER PRIMARY KEY REFERENCES administrator (id) ON DELETE CASCADE,
            sha256 BLOB NOT NULL UNIQUE,
            expires_at_us INTEGER NOT NULL
        ) STRICT"""
    )
    db.execute(
        """CREATE TABLE administrator_session (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            sha256 BLOB NOT NULL UNIQUE,
            administrator_id INTEGER NOT NULL REFERENCES administrator (id) ON DELETE CASCADE,
            started_at_us INTEGER NOT NULL,
            last_used_at_us INTEGER NOT NULL,
            expires_at_us INTEGER NOT NULL,
            streamed INTEGER NOT NULL DEFAULT 0  -- whether it was given a stream token
        ) STRICT"""
    )
    db.execute("CREATE INDEX administrator_session_of ON administrator_session (administrator_id)")
    # The stream tokens that a session was given, to be revoked when it ends.
    db.execute(
        """CREATE TABLE administrator_token (
            jti TEXT PRIMARY KEY,
            session_id INTEGER NOT NULL,
            expires_at_us INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID"""
    )


@migrations()
def m002_access_requests(db: sqlite_utils.Database) -> None:
    """Requests for access, found by the SHA-256 of the secret in their private link."""
    db.execute(
        """CREATE TABLE access_request (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            sha256 BLOB NOT NULL UNIQUE,
            organisation TEXT NOT NULL,
            contact TEXT NOT NULL,
            courses TEXT NOT NULL,
            purpose TEXT NOT NULL,
            state TEXT NOT NULL,
            made_at_us INTEGER NOT NULL,
            decided_at_us INTEGER,
            decided_by TEXT,
            word TEXT,
            consumer TEXT,
            taken_at_us INTEGER
        ) STRICT"""
    )
    db.execute("CREATE INDEX access_request_state ON access_request (state, number)")


@migrations()
def m003_disconnections(db: sqlite_utils.Database) -> None:
    """Connections that are to be ended, by whichever process has them."""
    db.execute(
        """CREATE TABLE disconnection (
            number INTEGER PRIMARY KEY AUTOINCREMENT, connection TEXT NOT NULL, at_us INTEGER NOT NULL
        ) STRICT"""
    )
