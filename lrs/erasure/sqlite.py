"""The register of erasures: what is under way, and what was done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lrs.erasure.erasure import RETENTION, Amounts, Erasure, Wanted
from lrs.errors import NotFound
from lrs.statements.sqlite.schema import migrations
from lrs.storage.sqlite import Store

_ROW = "SELECT number, at, reason, finished, statements, documents, attachments, aside FROM erasure"
_WANTED = """SELECT coalesce(e.wanted, w.wanted) FROM erasure AS e LEFT JOIN erasure_wanted AS w ON w.erasure = e.number
    WHERE e.number = ?"""


class ErasureRows:
    """Those of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.migrate(migrations)

    def add(self, wanted: Wanted, reason: str, at_us: int) -> int:
        """Its number, by which anybody can do it from now on, and go on with it."""
        with self._store.writing() as connection:
            of_learner = wanted.learner is not None
            (number,) = connection.execute(
                "INSERT INTO erasure (at, reason, wanted) VALUES (?, ?, ?) RETURNING number",
                (at_us, reason, None if of_learner else wanted.text()),
            ).fetchone()
            if of_learner:
                connection.execute("INSERT INTO erasure_wanted VALUES (?, ?)", (number, wanted.text()))
        return int(number)

    def wanted(self, number: int) -> Wanted | None:
        """What it is to erase; None when all that is left is to make sure of it."""
        with self._store.reading() as connection:
            row = connection.execute(_WANTED, (number,)).fetchone()
        return None if row is None or row[0] is None else Wanted.read(row[0])

    def unfinished(self) -> Sequence[int]:
        """Numbers, the first one first."""
        with self._store.reading() as connection:
            rows = connection.execute("SELECT number FROM erasure WHERE finished IS NULL ORDER BY number").fetchall()
        return [number for (number,) in rows]

    def is_under_way(self, wanted: Wanted) -> bool:
        """Whether one that is to go as far, or further, was begun and is not finished, or is finished already."""
        with self._store.reading() as connection:
            row = connection.execute(
                "SELECT EXISTS (SELECT 1 FROM erasure WHERE json_extract(wanted, '$.through') >= ?)", (wanted.through,)
            ).fetchone()
        return bool(row[0])

    def count(self, number: int, column: str, amount: int) -> None:
        """Add to one of its amounts; within the transaction in which that was erased."""
        assert column in Amounts.__slots__, "a column of ours"
        with self._store.writing() as connection:
            connection.execute(
                f"UPDATE erasure SET {column} = {column} + ? WHERE number = ?",  # noqa: S608
                (amount, number),
            )

    def forget_who(self, number: int) -> None:
        """It is done, and does not say any more who it was about."""
        with self._store.writing() as connection:
            # Overwritten, and not deleted, because SQLite moves rows together when one leaves.
            connection.execute("UPDATE erasure_wanted SET wanted = NULL WHERE erasure = ?", (number,))

    def finish(self, number: int, at_us: int) -> None:
        with self._store.writing() as connection:
            connection.execute("UPDATE erasure SET finished = ? WHERE number = ? AND finished IS NULL", (at_us, number))

    def retained_after(self) -> int:
        """The position through which all has gone by its age."""
        with self._store.reading() as connection:
            row = connection.execute(
                """SELECT max(json_extract(wanted, '$.through')) FROM erasure
                WHERE reason = ? AND finished IS NOT NULL""",
                (RETENTION,),
            ).fetchone()
        return int(row[0] or 0)

    def one(self, number: int) -> Erasure:
        """NotFound."""
        with self._store.reading() as connection:
            row = connection.execute(f"{_ROW} WHERE number = ?", (number,)).fetchone()
        if row is None:
            raise NotFound(f"no erasure has the number {number}")
        return _erasure(row)

    def listed(self, *, after: int = 0, limit: int = 100) -> list[Erasure]:
        """Oldest first, from those after a number."""
        with self._store.reading() as connection:
            rows = connection.execute(f"{_ROW} WHERE number > ? ORDER BY number LIMIT ?", (after, limit)).fetchall()
        return [_erasure(row) for row in rows]


def _erasure(row: Sequence[Any]) -> Erasure:
    number, at_us, reason, finished_us, statements, documents, attachments, aside = row
    return Erasure(
        number=number,
        at_us=at_us,
        reason=reason,
        finished_us=finished_us,
        amounts=Amounts(statements=statements, documents=documents, attachments=attachments, aside=aside),
    )
