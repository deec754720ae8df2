"""The audit trail in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import sqlite_utils

from lrs.audit.entry import DETAILS_BYTES_MAX, Actor, Entry
from lrs.clock import Clock
from lrs.storage.sqlite import Store

migrations = sqlite_utils.Migrations("audit")


@migrations()
def m001_audit(db: sqlite_utils.Database) -> None:
    """Entries, which the database itself refuses to change (invariant 3)."""
    db.execute(
        """CREATE TABLE audit (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            at_us INTEGER NOT NULL,
            actor TEXT NOT NULL,
            act TEXT NOT NULL,
            about TEXT NOT NULL,
            details TEXT NOT NULL
        ) STRICT"""
    )
    for verb in ("UPDATE", "DELETE"):
        db.execute(
            f"""CREATE TRIGGER audit_refuses_{verb.lower()} BEFORE {verb} ON audit
            BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"""
        )
    # Without this, INSERT OR REPLACE would delete an entry and fire no trigger.
    db.execute(
        """CREATE TRIGGER audit_refuses_replace BEFORE INSERT ON audit
        WHEN EXISTS (SELECT 1 FROM audit WHERE number = NEW.number)
        BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"""
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which entries to list. Both times are included. ``actor`` and ``about`` are whole, or a kind (``admin``,
    ``consumer``); ``act`` is whole, or what stands before the dot.
    """

    since_us: int | None = None
    until_us: int | None = None
    actor: str | None = None
    act: str | None = None
    about: str | None = None

    def conditions(self) -> tuple[list[str], list[Any]]:
        """Parts of a WHERE, and what is bound in them."""
        sql: list[str] = []
        bound: list[Any] = []
        for condition, at_us in (("at_us >= ?", self.since_us), ("at_us <= ?", self.until_us)):
            if at_us is not None:
                sql.append(condition)
                bound.append(at_us)
        for column, text, end in (("actor", self.actor, ":"), ("act", self.act, "."), ("about", self.about, ":")):
            if text is not None:
                # A name may hold such a character too, so only a kind may stand for more than itself.
                kind = "" if end in text else f" OR substr({column}, 1, {len(text) + 1}) = ?"
                sql.append(f"({column} = ?{kind})")
                bound += [text, text + end] if kind else [text]
        return sql, bound


EVERY = Wanted()


class AuditTrail:
    """The trail of one store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        store.migrate(migrations)

    def note(self, actor: Actor, act: str, about: str, details: Mapping[str, Any] | None = None) -> None:
        """Write one entry; to be called within ``Store.writing``, in which the act itself is done.

        ``details`` are JSON, without secrets, contacts and what learners did.
        """
        text = orjson.dumps(details or {})
        if len(text) > DETAILS_BYTES_MAX:
            text = orjson.dumps({"too_long": sorted(details or {})})
        with self._store.writing() as connection:
            connection.execute(
                "INSERT INTO audit (at_us, actor, act, about, details) VALUES (?, ?, ?, ?, ?)",
                (self._clock.now_us(), str(actor), act, about, text.decode()),
            )

    def entries(self, wanted: Wanted = EVERY, *, before: int | None = None, limit: int = 100) -> list[Entry]:
        """The newest first; ``before``: only those with a smaller number."""
        conditions, bound = wanted.conditions()
        if before is not None:
            conditions.append("number < ?")
            bound.append(before)
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        with self._store.reading() as connection:
            rows = connection.execute(
                f"SELECT number, at_us, actor, act, about, details FROM audit{where} ORDER BY number DESC LIMIT ?",  # noqa: S608
                (*bound, limit),
            ).fetchall()
        return [_entry(row) for row in rows]


def _entry(row: sqlite3.Row | tuple[Any, ...]) -> Entry:
    number, at_us, actor, act, about, details = row
    return Entry(number, at_us, actor, act, about, orjson.loads(details))
