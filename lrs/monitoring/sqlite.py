"""What a database tells of itself, without being changed, and what SQLite can do here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlite_utils

from lrs.monitoring import files
from lrs.monitoring.facts import Database

_SIGNING = "retired_at_us IS NULL"
_VERIFYING = "(retired_at_us IS NULL OR retired_at_us > :now)"


def features() -> tuple[bool, bool]:
    """Whether SQLite has FTS5, and STRICT tables."""
    with closing(sqlite3.connect(":memory:")) as connection:
        return (
            _works(connection, "CREATE VIRTUAL TABLE f USING fts5 (x)"),
            _works(connection, "CREATE TABLE s (x TEXT) STRICT"),
        )


def database(path: Path, known: Iterable[sqlite_utils.Migrations], now_us: int) -> Database | None:
    """What is in the database ``path``; None when there is none. ``known``: the migrations of every room."""
    if not path.exists():
        return None
    sizes: dict[str, Any] = {
        "size_bytes": files.size_bytes(path),
        "wal_bytes": files.size_bytes(path.with_name(path.name + "-wal")),
        "in_use": files.in_use(path),
    }
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
            return Database(**sizes, **_contents(connection, now_us), **_migrations(connection, known))
    except sqlite3.Error as error:
        return Database(**sizes, fault=str(error))


def _contents(connection: sqlite3.Connection, now_us: int) -> Mapping[str, Any]:
    """What is known by rows; a store that was made earlier may lack tables."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}

    def value(table: str, what: str, where: str = "1") -> Any:
        if table not in tables:
            return None
        sql = f"SELECT {what} FROM {table} WHERE {where}"  # noqa: S608 - All of it are constants of this file.
        (found,) = connection.execute(sql, {"now": now_us}).fetchone()
        return found

    return {
        "newest_stored_us": value("record", "max(stored)", "position = (SELECT max(position) FROM record)"),
        "consumers": value("consumer", "count(*)") or 0,
        "expired_consumers": value("consumer", "count(*)", "expires_at_us <= :now AND disabled = 0") or 0,
        "signing_keys": value("signing_key", "count(*)", _VERIFYING) or 0,
        "signing": value("signing_key", "count(*)", _SIGNING) or 0,
        "signing_since_us": value("signing_key", "max(created_at_us)", _SIGNING),
        "expired_signing_keys": value("signing_key", "count(*)", f"NOT {_VERIFYING}") or 0,
        "quarantined": value("quarantine", "count(*)") or 0,
        "conflicts": value("conflict", "count(*)") or 0,
    }


def _migrations(connection: sqlite3.Connection, known: Iterable[sqlite_utils.Migrations]) -> Mapping[str, Any]:
    unknown, pending = [], []
    db = sqlite_utils.Database(connection)
    for room in known:
        waiting = {one.name for one in room.pending(db)}
        pending += sorted(f"{room.name}.{name}" for name in waiting)
        # What was applied and is not registered here was made by a later version.
        registered = {one.name for one in room._migrations}  # noqa: SLF001
        unknown += sorted(f"{room.name}.{one.name}" for one in room.applied(db) if one.name not in registered)
    return {"unknown_migrations": unknown, "pending_migrations": pending}


def _works(connection: sqlite3.Connection, statement: str) -> bool:
    try:
        connection.execute(statement)
    except sqlite3.Error:
        return False
    return True
