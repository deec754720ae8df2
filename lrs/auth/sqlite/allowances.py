"""What was set for single consumers, in a table of its own."""

from __future__ import annotations

from collections.abc import Mapping

import sqlite_utils

from lrs.auth.allowances import Allowance
from lrs.auth.sqlite.schema import MIGRATIONS as CONSUMERS
from lrs.errors import NotFound
from lrs.storage.sqlite import Store

MIGRATIONS = sqlite_utils.Migrations("allowances")

LOOKS_MAX = 30
"""So many looks trust the mark of the store; then the table itself is read, as the mark can be missed once."""


@MIGRATIONS()
def m001_allowance(db: sqlite_utils.Database) -> None:
    db.execute(
        """CREATE TABLE allowance (
            consumer_id INTEGER PRIMARY KEY REFERENCES consumer (id) ON DELETE CASCADE,
            requests_per_s REAL,
            requests_burst INTEGER,
            statements_per_day INTEGER
        ) STRICT"""
    )


class AllowanceRows:
    """The allowances of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.migrate(CONSUMERS)
        store.migrate(MIGRATIONS)
        self._mark: bytes | None = None
        self._looks = 0
        self._known: Mapping[int, Allowance] = {}

    def all(self) -> Mapping[int, Allowance]:
        """By number of the consumer; the same object as long as nothing has been written to the store."""
        mark = self._store.mark()
        self._looks += 1
        if mark == self._mark and self._looks < LOOKS_MAX:
            return self._known
        with self._store.reading() as connection:
            rows = connection.execute(
                "SELECT consumer_id, requests_per_s, requests_burst, statements_per_day FROM allowance"
            ).fetchall()
        self._known = {
            number: Allowance(requests_per_s=rate, requests_burst=burst, statements_per_day=quota)
            for number, rate, burst, quota in rows
        }
        self._mark, self._looks = mark, 0
        return self._known

    def of(self, consumer_id: int) -> Allowance:
        """What was set for a consumer; all None if nothing was."""
        with self._store.reading() as connection:
            row = connection.execute(
                "SELECT requests_per_s, requests_burst, statements_per_day FROM allowance WHERE consumer_id = ?",
                (consumer_id,),
            ).fetchone()
        if row is None:
            return Allowance()
        return Allowance(requests_per_s=row[0], requests_burst=row[1], statements_per_day=row[2])

    def set(self, consumer_id: int, allowance: Allowance) -> None:
        """Keep ``allowance`` for a consumer, in place of what there was. NotFound."""
        with self._store.writing() as connection:
            if connection.execute("SELECT 1 FROM consumer WHERE id = ?", (consumer_id,)).fetchone() is None:
                raise NotFound("there is no such consumer")
            connection.execute("DELETE FROM allowance WHERE consumer_id = ?", (consumer_id,))
            if allowance != Allowance():
                connection.execute(
                    "INSERT INTO allowance VALUES (?, ?, ?, ?)",
                    (consumer_id, allowance.requests_per_s, allowance.requests_burst, allowance.statements_per_day),
                )
