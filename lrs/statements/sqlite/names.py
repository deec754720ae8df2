"""Numbers for names: keys and course sets are stored as small integers, and looked up here both ways.

A number never changes its meaning, so what was read once stays true in every process; caches need no invalidation.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

import orjson

CACHED_NAMES_MAX = 50_000


class Names:
    """The two-way cache of one table of (number, name)."""

    def __init__(self, table: str, column: str) -> None:
        # The table and column names are constants of this package, never input.
        # Answers come in one row of JSON, because each row costs a change of threads.
        self._by_name = f"""SELECT json_group_object({column}, number) FROM {table}
            WHERE {column} IN (SELECT value FROM json_each(?))"""
        self._by_number = f"SELECT number, {column} FROM {table} WHERE number IN (SELECT value FROM json_each(?))"
        self._next_number = f"SELECT coalesce(max(number), 0) + 1 FROM {table}"
        self._insert = f"INSERT INTO {table} (number, {column}) SELECT ?1 + key, value FROM json_each(?2)"
        self._numbers: dict[str, int] = {}
        self._names: dict[int, str] = {}

    def numbers(self, connection: sqlite3.Connection, names: Iterable[str]) -> dict[str, int]:
        """The numbers of those of ``names`` that have one."""
        known = self._numbers
        found = {name: known[name] for name in names if name in known}
        missing = [name for name in names if name not in found]
        if missing:
            (text,) = connection.execute(self._by_name, (orjson.dumps(missing).decode(),)).fetchone()
            read: dict[str, int] = orjson.loads(text)
            self._remember(read)
            found |= read
        return found

    def names(self, connection: sqlite3.Connection, numbers: Iterable[int]) -> Mapping[int, str]:
        """A mapping that holds the names of ``numbers``, and perhaps more."""
        known = self._names
        missing = [number for number in numbers if number not in known]
        if not missing:
            return known
        read = dict(connection.execute(self._by_number, (orjson.dumps(missing).decode(),)).fetchall())
        result = dict(read)
        result.update((number, known[number]) for number in numbers if number in known)
        self._remember({name: number for number, name in read.items()})
        return result

    def enter(self, connection: sqlite3.Connection, names: Iterable[str]) -> dict[str, int]:
        """Numbers for all of ``names``, new ones where needed; to be called in the writer's transaction.

        When that fails, its numbers go to other names: ``forget`` must be called then.
        """
        numbers = self.numbers(connection, names)
        missing = [name for name in names if name not in numbers]
        if not missing:
            return numbers
        (first,) = connection.execute(self._next_number).fetchone()
        new = {name: number for number, name in enumerate(missing, first)}
        connection.execute(self._insert, (first, orjson.dumps(missing).decode()))
        self._remember(new)
        return numbers | new

    def forget(self) -> None:
        """Start with an empty cache."""
        self._numbers = {}
        self._names = {}

    def _remember(self, numbers: Mapping[str, int]) -> None:
        if len(self._numbers) + len(numbers) > CACHED_NAMES_MAX:
            # Starting again is cheaper than keeping an order of use on the hot path; popular names are back at once.
            self.forget()
        self._numbers.update(numbers)
        self._names.update((number, name) for name, number in numbers.items())
