"""The tables of the log, as ordered migrations.

``record`` is the log; all else can be made again from it. The key index is FTS5 without content: beside a B-tree of
(key, position) it costs a fifth to write, takes a sixth of the room, and finds rare conjunctions faster
(``benchmarks/key_index.py`` measures both).
"""

from __future__ import annotations

import secrets
import sqlite3

import orjson
import sqlite_utils
from sqlite_utils.db import Database

from lrs.errors import StoreCorrupt
from lrs.statements.cursor import EPOCH_BYTES
from lrs.statements.keys import COURSE, ORGANISATION, WRITER
from lrs.statements.sqlite.names import ERASED_NAME, HASH_KEY_BYTES, hasher
from lrs.statements.sqlite.packing import SHIPPED
from lrs.statements.sqlite.terms import index_text, sides

migrations = sqlite_utils.Migrations("statements")

_SECRET_BYTES = 32
LISTED = f"substr(name, 1, 1) IN ('{COURSE}', '{ORGANISATION}', '{WRITER}')"
"""Which names of keys can be looked for by how they begin: a condition in SQL, to be used word for word."""


@migrations()
def m001_log(db: Database) -> None:
    """The log, its key index, and who it is."""
    # ``keys``: JSON array of key numbers. ``courses``: a course_set. ``chain``: see lrs.statements.chain.
    db.execute(
        """CREATE TABLE record (
            position INTEGER PRIMARY KEY,
            id BLOB NOT NULL,
            stored INTEGER NOT NULL,
            courses INTEGER NOT NULL,
            keys TEXT NOT NULL,
            chain BLOB NOT NULL,
            payload BLOB NOT NULL
        ) STRICT"""
    )
    db.execute("CREATE UNIQUE INDEX record_id ON record (id)")
    for verb in ("UPDATE", "DELETE"):
        db.execute(
            f"""CREATE TRIGGER record_refuses_{verb.lower()} BEFORE {verb} ON record
            BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"""
        )
    # Without this, INSERT OR REPLACE would delete a record and fire no trigger (recursive triggers are off by default).
    db.execute(
        """CREATE TRIGGER record_refuses_replace BEFORE INSERT ON record
        WHEN EXISTS (SELECT 1 FROM record WHERE position = NEW.position OR id = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"""
    )
    db.execute("CREATE TABLE key_name (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT")
    db.execute("CREATE TABLE course_set (number INTEGER PRIMARY KEY, courses TEXT NOT NULL UNIQUE) STRICT")
    db.execute(
        "CREATE VIRTUAL TABLE record_key USING fts5 (keys, content='', detail=none, columnsize=0, tokenize='ascii')"
    )
    db.execute(
        """CREATE TABLE log_identity (
            only INTEGER PRIMARY KEY CHECK (only = 1), epoch BLOB NOT NULL, secret BLOB NOT NULL
        ) STRICT"""
    )
    db.execute(
        "INSERT INTO log_identity VALUES (1, ?, ?)",
        (secrets.token_bytes(EPOCH_BYTES), secrets.token_bytes(_SECRET_BYTES)),
    )


@migrations()
def m002_references(db: Database) -> None:
    """Which records refer to which statements, which of them void, and what a record inherited after it was stored."""
    db.execute(
        """CREATE TABLE reference (
            target BLOB NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (target, position)
        ) WITHOUT ROWID, STRICT"""
    )
    # A voiding statement can't be voided itself (Data 2.3.2): then its row is there, and not effective.
    db.execute(
        """CREATE TABLE void (
            target BLOB NOT NULL, position INTEGER NOT NULL, effective INTEGER NOT NULL,
            PRIMARY KEY (target, position)
        ) WITHOUT ROWID, STRICT"""
    )
    db.execute("CREATE INDEX void_position ON void (position)")
    db.execute(
        "CREATE TABLE inherited (position INTEGER PRIMARY KEY, courses INTEGER NOT NULL, keys TEXT NOT NULL) STRICT"
    )


@migrations()
def m003_trusted_writers(db: Database) -> None:
    """What trusted writers sent and is not in the log, and by what their events are known again (invariant 11)."""
    db.execute("CREATE TABLE event (event BLOB PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID, STRICT")
    db.execute("CREATE TABLE repeat (position INTEGER PRIMARY KEY, times INTEGER NOT NULL) STRICT")
    # ``position``: the record that was kept. ``received``: microseconds since the epoch, as in quarantine.
    db.execute(
        """CREATE TABLE conflict (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            position INTEGER NOT NULL,
            received INTEGER NOT NULL,
            body BLOB NOT NULL
        ) STRICT"""
    )
    db.execute(
        """CREATE TABLE quarantine (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            received INTEGER NOT NULL,
            consumer TEXT NOT NULL,
            version TEXT NOT NULL,
            reason BLOB NOT NULL,
            body BLOB NOT NULL
        ) STRICT"""
    )


@migrations()
def m004_imports(db: Database) -> None:
    """How far each file was imported, in bytes of its unpacked text, so that an import can go on."""
    db.execute("CREATE TABLE import (file TEXT PRIMARY KEY, imported INTEGER NOT NULL) WITHOUT ROWID, STRICT")


@migrations()
def m004_attachments(db: Database) -> None:
    """Which data came with which record."""
    # ``sha2``: as the statement has it; in lower case it is the name of the data.
    db.execute(
        """CREATE TABLE attachment (
            position INTEGER NOT NULL, sha2 TEXT NOT NULL, content_type TEXT NOT NULL, PRIMARY KEY (position, sha2)
        ) WITHOUT ROWID, STRICT"""
    )
    db.execute("CREATE INDEX attachment_name ON attachment (lower(sha2))")


@migrations()
def m005_late_inheritance(db: Database) -> None:
    """When a record inherited something later than it was stored: from then on it is found by more (``follow``)."""
    # What the record was found by when it was stored; NULL as long as it has gained nothing since.
    db.execute("ALTER TABLE inherited ADD COLUMN first_courses INTEGER")
    db.execute("ALTER TABLE inherited ADD COLUMN first_keys TEXT")
    # ``at``: position of the record whose arrival brought it. ``place`` less ``at``: how many gains there are by then.
    db.execute(
        """CREATE TABLE gain (
            place INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            position INTEGER NOT NULL,
            courses INTEGER NOT NULL,
            keys TEXT NOT NULL,
            courses_before INTEGER NOT NULL,
            keys_before TEXT NOT NULL
        ) STRICT"""
    )
    db.execute("CREATE INDEX gain_at ON gain (at)")
    db.execute(
        "CREATE VIRTUAL TABLE gain_key USING fts5 (keys, content='', detail=none, columnsize=0, tokenize='ascii')"
    )


@migrations()
def m006_bounded_inheritance(db: Database) -> None:
    """What is left to be passed on, when so many refer to one statement that a commit does not do all (``inherit``)."""
    db.execute("CREATE INDEX reference_position ON reference (position)")
    db.execute(
        """CREATE TABLE owed (
            number INTEGER PRIMARY KEY, target BLOB NOT NULL, beyond INTEGER NOT NULL, depth INTEGER NOT NULL
        ) STRICT"""
    )
    # Whether a voiding statement voids its target is seen from that, without a change to many rows when it comes late.
    db.execute("ALTER TABLE void DROP COLUMN effective")


@migrations()
def m007_packed_payloads(db: Database) -> None:
    """What payloads are packed with from now on (``packing``); those that are there stay as they are."""
    # The number is the first byte of what is packed; 123 would be that of a payload as it is.
    db.execute(
        """CREATE TABLE payload_dictionary (
            number INTEGER PRIMARY KEY CHECK (number BETWEEN 1 AND 122), content BLOB NOT NULL
        ) STRICT"""
    )
    for verb in ("UPDATE", "DELETE"):
        db.execute(
            f"""CREATE TRIGGER payload_dictionary_refuses_{verb.lower()} BEFORE {verb} ON payload_dictionary
            BEGIN SELECT RAISE(ABORT, 'payloads are packed with it'); END"""
        )
    db.execute("INSERT INTO payload_dictionary VALUES (1, ?)", (SHIPPED.read_bytes(),))


@migrations()
def m008_erasure(db: Database) -> None:
    """What is left of erased records, and the one way in which a record may be erased (``erase``)."""
    # ``wanted``: JSON of what is to be erased; who it was goes when that is done, and ``finished`` is set when no byte
    # of it is left.
    db.execute(
        """CREATE TABLE erasure (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            at INTEGER NOT NULL,
            reason TEXT NOT NULL,
            wanted TEXT,
            finished INTEGER,
            statements INTEGER NOT NULL DEFAULT 0,
            documents INTEGER NOT NULL DEFAULT 0,
            attachments INTEGER NOT NULL DEFAULT 0,
            aside INTEGER NOT NULL DEFAULT 0
        ) STRICT"""
    )
    # ``digest``: SHA-256 of the payload, which its link of the chain was made from.
    db.execute(
        """CREATE TABLE tombstone (
            number INTEGER PRIMARY KEY,
            position INTEGER NOT NULL UNIQUE,
            erasure INTEGER NOT NULL,
            digest BLOB NOT NULL
        ) STRICT"""
    )
    for verb in ("UPDATE", "DELETE"):
        db.execute(
            f"""CREATE TRIGGER tombstone_refuses_{verb.lower()} BEFORE {verb} ON tombstone
            BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"""
        )
    # Holds a row within the transactions that erase, and none when they end.
    db.execute("CREATE TABLE erasing (erasure INTEGER PRIMARY KEY) STRICT")
    db.execute("DROP TRIGGER record_refuses_update")
    db.execute(
        """CREATE TRIGGER record_refuses_update BEFORE UPDATE ON record WHEN NOT (
            NEW.position = OLD.position AND NEW.id = OLD.id AND NEW.stored = OLD.stored AND NEW.courses = OLD.courses
            AND NEW.chain = OLD.chain AND NEW.payload = x'' AND EXISTS (
                SELECT 1 FROM tombstone AS t JOIN erasing AS e USING (erasure) WHERE t.position = OLD.position))
        BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"""
    )
    # ``records``: the newest tombstone. ``names``: the generation of the names of keys.
    db.execute("CREATE TABLE erased_state (only INTEGER PRIMARY KEY CHECK (only = 1), records INTEGER, names INTEGER)")
    db.execute("INSERT INTO erased_state VALUES (1, 0, 0)")
    # What is left to be done of an erasure under way: who inherited from what was erased, which names may be nobody's
    # any more, and which data.
    db.execute(
        """CREATE TABLE disowned (
            number INTEGER PRIMARY KEY, target BLOB NOT NULL, beyond INTEGER NOT NULL, depth INTEGER NOT NULL
        ) STRICT"""
    )
    db.execute("CREATE INDEX gain_position ON gain (position)")
    db.execute("CREATE TABLE nameless (number INTEGER PRIMARY KEY) STRICT")
    db.execute("CREATE TABLE unattached (name TEXT PRIMARY KEY) WITHOUT ROWID, STRICT")


@migrations()
def m009_kept(db: Database) -> None:
    """What a tombstone keeps of the keys, so that it is told to those who could see the statement; NULL in older ones.

    ``keys``: JSON of a sorted array. There are few such sets, and no learner is in them.
    """
    db.execute("CREATE TABLE kept_set (number INTEGER PRIMARY KEY, keys TEXT NOT NULL UNIQUE) STRICT")
    db.execute("ALTER TABLE tombstone ADD COLUMN kept INTEGER")


@migrations()
def m010_hashed_names(db: Database) -> None:
    """Names are found by a keyed hash, so that no page of an index ever holds one (``names``)."""
    # The pages of the old tables and their indexes hold names, also in their unused parts.
    db.execute("PRAGMA secure_delete=ON")
    key = secrets.token_bytes(HASH_KEY_BYTES)
    db.execute("ALTER TABLE log_identity ADD COLUMN name_key BLOB")
    db.execute("UPDATE log_identity SET name_key = ?", (key,))
    db.conn.create_function("name_hash", 1, hasher(key), deterministic=True)
    for table, column in (("key_name", "name"), ("course_set", "courses"), ("kept_set", "keys")):
        db.execute(f"ALTER TABLE {table} RENAME TO {table}_before")
        db.execute(f"CREATE TABLE {table} (number INTEGER PRIMARY KEY, {column} TEXT NOT NULL) STRICT")
        # What was nobody's any more had a number in its name, because names were unique.
        name = f"CASE {column} WHEN '{ERASED_NAME}' || number THEN '{ERASED_NAME}' ELSE {column} END"
        db.execute(f"INSERT INTO {table} SELECT number, {name} FROM {table}_before ORDER BY number")
        db.execute(
            f"""CREATE TABLE {table}_hash (
                hash INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (hash, number)
            ) WITHOUT ROWID, STRICT"""
        )
        db.execute(
            f"""INSERT INTO {table}_hash SELECT name_hash({column}) AS hash, number FROM {table}
            WHERE {column} <> '{ERASED_NAME}' ORDER BY hash"""
        )
        db.execute(f"DROP TABLE {table}_before")
    db.conn.create_function("name_hash", 1, None)
    # Names of these kinds are asked for by how they begin. Nobody is told by them, and they are never taken away.
    db.execute(f"CREATE INDEX key_name_listed ON key_name (name) WHERE {LISTED}")


@migrations()
def m011_who_is_erased(db: Database) -> None:
    """Whom an erasure is about, apart from what changes meanwhile: for a row that grows, SQLite moves others."""
    # Rows come at the end, and lose their text when the erasure is done.
    db.execute("CREATE TABLE erasure_wanted (erasure INTEGER PRIMARY KEY, wanted TEXT) STRICT")
    of_learners = "json_extract(wanted, '$.identifiers') IS NOT NULL"
    db.execute(f"INSERT INTO erasure_wanted SELECT number, wanted FROM erasure WHERE {of_learners} ORDER BY number")
    db.execute(f"UPDATE erasure SET wanted = NULL WHERE {of_learners}")


@migrations()
def m012_clean_pages(db: Database) -> None:
    """Tables from which rows have left until now, or in which they have grown, in pages without unused old parts."""
    db.execute("PRAGMA secure_delete=ON")
    for table in ("quarantine", "conflict", "erasure"):
        ((made,),) = db.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).fetchall()
        db.execute(f"ALTER TABLE {table} RENAME TO {table}_before")
        db.execute(made)
        db.execute(f"INSERT INTO {table} SELECT * FROM {table}_before ORDER BY number")
        # No number is given twice, also not that of the newest row when it has left.
        db.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
        db.execute(
            "INSERT INTO sqlite_sequence (name, seq) SELECT ?, seq FROM sqlite_sequence WHERE name = ?",
            (table, f"{table}_before"),
        )
        db.execute(f"DROP TABLE {table}_before")


@migrations()
def m014_pairs(db: Database) -> None:
    """The key index anew, with pairs (``terms``)."""
    paired = sides(db.conn.execute("SELECT name, number FROM key_name"))
    records = "SELECT position, coalesce(i.keys, r.keys) FROM record AS r LEFT JOIN inherited AS i USING (position)"
    for index, rows in (("record_key", records), ("gain_key", "SELECT place, keys FROM gain")):
        db.execute(f"INSERT INTO {index} ({index}) VALUES ('delete-all')")
        db.conn.executemany(
            f"INSERT INTO {index} (rowid, keys) VALUES (?, ?)",
            ((number, index_text(text, orjson.loads(text), paired)) for number, text in db.conn.execute(rows)),
        )


def epoch_of(connection: sqlite3.Connection) -> bytes:
    """What tells this history of the log from others, such as that before a restore."""
    (epoch,) = connection.execute("SELECT epoch FROM log_identity").fetchone()
    assert isinstance(epoch, bytes)
    return epoch


def begin_epoch(connection: sqlite3.Connection) -> None:
    """Tell this history from the one that it was copied from: cursors of before are told so from now on.

    The secret stays, by which they are known as cursors of this store. Raises StoreCorrupt when this is no store.
    """
    try:
        connection.execute("UPDATE log_identity SET epoch = ?", (secrets.token_bytes(EPOCH_BYTES),))
    except sqlite3.DatabaseError as error:
        raise StoreCorrupt(f"this is not a store of lrs-lite: {error}") from error
