"""Erasing records: the one way in which the log loses something, and what it keeps of it.

A record that is erased loses its payload and its keys. Its position, id, ``stored``, courses and link of the chain
stay, and so does the key of the consumer that stored it; a tombstone holds the digest of the payload, so that the chain
can still be proven, and its verb, type and site, so that it is told to those who could see it. The trigger on
``record`` lets this through, and nothing else, and only in a transaction in which ``erasing`` names the erasure that
the tombstone belongs to.

All is done in steps of a few milliseconds, each one transaction, which say in the store what is left to do: whoever is
killed in between has lost nothing, and another process can go on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import orjson

from lrs.statements.chain import digest
from lrs.statements.events import event_key
from lrs.statements.keys import AGENT, KEPT_KINDS, LEFT_KINDS, RELATED_AGENT
from lrs.statements.record import Position, StatementId
from lrs.statements.sqlite.disown import Disowning
from lrs.statements.sqlite.inherit import keys_text
from lrs.statements.sqlite.names import ERASED_NAME, Names, hasher_of
from lrs.statements.sqlite.packing import Unpacker

_ROWS_AT_ONCE = 64
_FOUND = "r.position, r.id, r.keys, r.payload"
_BY_KEY = f"""SELECT {_FOUND} FROM record_key CROSS JOIN record AS r ON r.position = record_key.rowid
    WHERE record_key MATCH ? AND record_key.rowid > ? ORDER BY record_key.rowid LIMIT ?"""
_BY_AGE = f"""SELECT {_FOUND} FROM record AS r
    WHERE r.position > ? AND r.position <= ? AND length(r.payload) > 0 ORDER BY r.position LIMIT ?"""
_TOMBSTONE = "INSERT INTO tombstone (position, erasure, digest, kept) VALUES (?, ?, ?, ?)"
_ERASE = "UPDATE record SET keys = ?, payload = x'' WHERE position = ?"
_NAMELESS = "INSERT OR IGNORE INTO nameless SELECT value FROM json_each(?)"
_UNATTACHED = "INSERT OR IGNORE INTO unattached SELECT lower(sha2) FROM attachment WHERE position = ?"
_COUNT = "UPDATE erasure SET statements = statements + ? WHERE number = ?"
_TAKE_NAMELESS = "DELETE FROM nameless WHERE number IN (SELECT number FROM nameless LIMIT ?) RETURNING number"
_USED = """SELECT EXISTS (SELECT 1 FROM record_key WHERE record_key MATCH ?1)
    OR EXISTS (SELECT 1 FROM gain_key WHERE gain_key MATCH ?1)"""
_NAME = f"SELECT name FROM key_name WHERE number = ? AND name <> '{ERASED_NAME}'"
_UNHASH = "DELETE FROM key_name_hash WHERE hash = ? AND number = ?"
_UNNAME = f"UPDATE key_name SET name = '{ERASED_NAME}' WHERE number = ?"


class Found(NamedTuple):
    """A record to be erased. ``keys``: key numbers as JSON; ``packed``: its payload."""

    position: Position
    id: StatementId
    keys: str
    packed: bytes


Finder = Callable[[sqlite3.Connection, int], Iterator[Found]]
"""Records to be erased after a position, ascending; to be read within the transaction that erases them."""


def finder_by_agent(identifiers: Sequence[str]) -> Finder:
    """Records in which one of these is the actor or object, a member of a group, or related in any way, by itself.

    What inherited them from a statement that it refers to says nothing of them.
    """

    def find(connection: sqlite3.Connection, beyond: int) -> Iterator[Found]:
        numbers = agent_numbers(connection, identifiers)
        if not numbers:
            return
        terms = " OR ".join(map(str, numbers))
        while rows := connection.execute(_BY_KEY, (terms, beyond, _ROWS_AT_ONCE)).fetchall():
            yield from (Found(*row) for row in rows if not set(numbers).isdisjoint(orjson.loads(row[2])))
            beyond = rows[-1][0]

    return find


def finder_through(last: Position) -> Finder:
    """All that there is at ``last`` and before."""

    def find(connection: sqlite3.Connection, beyond: int) -> Iterator[Found]:
        while rows := connection.execute(_BY_AGE, (beyond, last, _ROWS_AT_ONCE)).fetchall():
            yield from (Found(*row) for row in rows)
            beyond = rows[-1][0]

    return find


def agent_numbers(connection: sqlite3.Connection, identifiers: Sequence[str]) -> list[int]:
    """The numbers of the keys that name an agent."""
    names = [kind + one for one in identifiers for kind in (AGENT, RELATED_AGENT)]
    return sorted(Names("key_name", "name").numbers(connection, names).values())


class Eraser:
    """Erases records for the erasure ``number``. Every method is one part of a transaction of its caller."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._unpacker = Unpacker()

    def erase(
        self, connection: sqlite3.Connection, found: Iterator[Found], enough: Callable[[], bool]
    ) -> Position | None:
        """Erase what is ``found`` until it is ``enough``; returns how far it got, None when there is nothing more."""
        names, kept, count, last = Names("key_name", "name"), Names("kept_set", "keys"), 0, None
        disowning = Disowning(connection)
        connection.execute("INSERT INTO erasing VALUES (?)", (self._number,))
        for one in found:
            self._erase(connection, one, names, kept, disowning)
            count, last = count + 1, one.position
            if enough():
                break
        connection.execute("DELETE FROM erasing")
        connection.execute("UPDATE erased_state SET records = (SELECT coalesce(max(number), 0) FROM tombstone)")
        connection.execute(_COUNT, (count, self._number))
        return last

    def _erase(
        self, connection: sqlite3.Connection, one: Found, names: Names, kept: Names, disowning: Disowning
    ) -> None:
        payload = self._unpacker.unpack(connection, one.packed)
        numbers = orjson.loads(one.keys)
        named = names.names(connection, numbers)
        left = [number for number in numbers if named[number][0] in LEFT_KINDS]
        keys = orjson.dumps(sorted(named[number] for number in numbers if named[number][0] in KEPT_KINDS)).decode()
        set_number = kept.enter(connection, [keys])[keys]
        connection.execute(_TOMBSTONE, (one.position, self._number, digest(payload), set_number))
        connection.execute(_ERASE, (keys_text(left), one.position))
        suspect(connection, set(numbers) - set(left))
        event = event_key(orjson.loads(payload))
        if event is not None:
            connection.execute("DELETE FROM event WHERE event = ? AND position = ?", (event, one.position))
        connection.execute(_UNATTACHED, (one.position,))
        connection.execute("DELETE FROM attachment WHERE position = ?", (one.position,))
        disowning.strip(one.position, one.id, one.keys)


def disown(connection: sqlite3.Connection, enough: Callable[[], bool]) -> bool:
    """Take back what was inherited from what was erased; False when nothing is left to do."""
    disowning = Disowning(connection)
    while more := disowning.go_on():
        if enough():
            break
    return more


def suspect(connection: sqlite3.Connection, numbers: Iterable[int]) -> None:
    """These keys may be nobody's any more, or soon: ``unname`` is to look."""
    connection.execute(_NAMELESS, (keys_text(numbers),))


def unname(connection: sqlite3.Connection, enough: Callable[[], bool]) -> bool:
    """Take the names of keys away that nothing has any more; False when nothing is left to do."""
    more, taken, hashed = True, 0, hasher_of(connection)
    while more:
        numbers = [number for (number,) in connection.execute(_TAKE_NAMELESS, (_ROWS_AT_ONCE,))]
        more = bool(numbers)
        for number in numbers:
            row = connection.execute(_NAME, (number,)).fetchone()
            if row is not None and not connection.execute(_USED, (str(number),)).fetchone()[0]:
                connection.execute(_UNHASH, (hashed(row[0]), number))
                taken += connection.execute(_UNNAME, (number,)).rowcount
        if enough():
            break
    if taken:
        connection.execute("UPDATE erased_state SET names = names + 1")
    return more
