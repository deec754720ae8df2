"""Requests for access in SQLite."""

from __future__ import annotations

from typing import Any

import orjson

from lrs.admin.access import OPEN, REFUSED, TAKEN, AccessRequest, Wish
from lrs.admin.sqlite.schema import migrations
from lrs.errors import NotFound
from lrs.storage.sqlite import Store

_REQUEST = """SELECT number, organisation, contact, courses, purpose, state, made_at_us, decided_at_us, decided_by,
    word, consumer, taken_at_us FROM access_request"""


class AccessRequests:
    """Rows only; whoever calls decides what may become of them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.migrate(migrations)

    def add(self, wish: Wish, sha256: bytes, now_us: int) -> AccessRequest:
        """A new one, open."""
        with self._store.writing() as connection:
            cursor = connection.execute(
                """INSERT INTO access_request (sha256, organisation, contact, courses, purpose, state, made_at_us)
                VALUES (?, ?, ?, ?, ?, ?, ?)""",
                (
                    sha256,
                    wish.organisation,
                    wish.contact,
                    orjson.dumps(wish.courses).decode(),
                    wish.purpose,
                    OPEN,
                    now_us,
                ),
            )
        assert cursor.lastrowid is not None
        return AccessRequest(number=cursor.lastrowid, wish=wish, state=OPEN, made_at_us=now_us)

    def count_open(self) -> int:
        """How many wait for a decision."""
        with self._store.reading() as connection:
            row = connection.execute("SELECT count(*) FROM access_request WHERE state = ?", (OPEN,)).fetchone()
        return int(row[0])

    def requests(self, state: str | None, *, before: int | None, limit: int) -> list[AccessRequest]:
        """The newest first; ``before``: only those with a smaller number."""
        with self._store.reading() as connection:
            rows = connection.execute(
                f"{_REQUEST} WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR number < ?2) "
                "ORDER BY number DESC LIMIT ?3",
                (state, before, limit),
            ).fetchall()
        return [_request(row) for row in rows]

    def request(self, number: int) -> AccessRequest:
        """NotFound."""
        with self._store.reading() as connection:
            row = connection.execute(f"{_REQUEST} WHERE number = ?", (number,)).fetchone()
        if row is None:
            raise NotFound(f"there is no request {number}")
        return _request(row)

    def by_secret(self, sha256: bytes) -> AccessRequest:
        """NotFound, with the same words for all that is not there."""
        with self._store.reading() as connection:
            row = connection.execute(f"{_REQUEST} WHERE sha256 = ?", (sha256,)).fetchone()
        if row is None:
            raise NotFound("there is no such request")
        return _request(row)

    def change(self, changed: AccessRequest) -> None:
        """Keep its state and what belongs to that."""
        with self._store.writing() as connection:
            connection.execute(
                """UPDATE access_request SET state = ?, decided_at_us = ?, decided_by = ?, word = ?, consumer = ?,
                taken_at_us = ? WHERE number = ?""",
                (
                    changed.state,
                    changed.decided_at_us,
                    changed.decided_by,
                    changed.word,
                    changed.consumer,
                    changed.taken_at_us,
                    changed.number,
                ),
            )

    def forget_closed(self, before_us: int) -> None:
        """Remove those that were refused or taken before."""
        with self._store.writing() as connection:
            connection.execute(
                "DELETE FROM access_request WHERE state IN (?, ?) AND coalesce(taken_at_us, decided_at_us) < ?",
                (REFUSED, TAKEN, before_us),
            )


def _request(row: tuple[Any, ...]) -> AccessRequest:
    number, organisation, contact, courses, purpose, state, made, decided, by, word, consumer, taken = row
    return AccessRequest(
        number=number,
        wish=Wish(organisation=organisation, contact=contact, courses=tuple(orjson.loads(courses)), purpose=purpose),
        state=state,
        made_at_us=made,
        decided_at_us=decided,
        decided_by=by,
        word=word,
        consumer=consumer,
        taken_at_us=taken,
    )
