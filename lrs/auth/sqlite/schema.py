"""The tables of consumers and of what they hold, as ordered migrations."""

from __future__ import annotations

import sqlite_utils

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

_RESTRICTED = (
    # JSON objects of arrays, as ``Restrictions.to_json`` makes them.
    "ALTER TABLE consumer ADD COLUMN restrictions TEXT NOT NULL DEFAULT '{}'",
    "ALTER TABLE token ADD COLUMN restrictions TEXT NOT NULL DEFAULT '{}'",
    """CREATE TRIGGER auth_change_restrictions AFTER UPDATE OF restrictions ON consumer
    BEGIN UPDATE auth_generation SET generation = generation + 1; END""",
    """CREATE TRIGGER auth_fixed_restrictions BEFORE UPDATE OF restrictions ON token
    BEGIN SELECT RAISE(ABORT, 'fixed'); END""",
)

_DISCLOSED = (
    "ALTER TABLE consumer ADD COLUMN actors TEXT NOT NULL DEFAULT 'as-stored'",
    "ALTER TABLE consumer ADD COLUMN space TEXT",
    # Separated by blanks.
    "ALTER TABLE consumer ADD COLUMN strip TEXT NOT NULL DEFAULT ''",
    """CREATE TRIGGER auth_change_disclosure AFTER UPDATE OF actors, space, strip ON consumer
    BEGIN UPDATE auth_generation SET generation = generation + 1; END""",
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


@MIGRATIONS()
def restrictions(db: sqlite_utils.Database) -> None:
    for statement in _RESTRICTED:
        db.execute(statement)


@MIGRATIONS()
def disclosures(db: sqlite_utils.Database) -> None:
    for statement in _DISCLOSED:
        db.execute(statement)
