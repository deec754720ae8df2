"""Numbers for names: keys and course sets are stored as small integers, and looked up here both ways.

A number never gets another meaning, but it may lose the one that it has: erasing a learner takes the names away that
tell who it was (``erase``). How often that has happened is the generation of the names. What is read comes with the
generation that it was read in, so that nothing of an earlier one gets into the cache of a later one.

A name stands in one row of its table and nowhere else: what is searched is an index of keyed hashes. When rows come in
between others, SQLite copies rows from page to page, and what was copied stays readable in the unused part of a page,
where no deletion overwrites it. Rows of an index come anywhere, so no name may be in one. Rows of the table itself come
at its end only, never leave, and never grow: they are never copied.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

CACHED_NAMES_MAX = 50_000
HASH_KEY_BYTES = 16
ERASED_NAME = "~"
"""What stands in place of a name that is nobody's any more; shorter than any, so that its row does not grow."""

_HASH_BYTES = 8
_STEADY = "0"
_GENERATION = "(SELECT names FROM erased_state)"
_NOT_A_NUMBER = -1


def hasher(key: bytes) -> Callable[[str], int]:
    """The hash of a name under the key of a store, as its index holds it. Different names may have the same one."""
    keyed = hashlib.blake2b(key, digest_size=_HASH_BYTES)

    def hashed(name: str) -> int:
        one = keyed.copy()
        one.update(name.encode())
        return int.from_bytes(one.digest(), "big", signed=True)

    return hashed


def hasher_of(connection: sqlite3.Connection) -> Callable[[str], int]:
    """The one of this store."""
    (key,) = connection.execute("SELECT name_key FROM log_identity").fetchone()
    return hasher(key)


@dataclass(slots=True)
class _Cache:
    """What was read in one generation; None as long as nothing was."""

    generation: int | None = None
    numbers: dict[str, int] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)


class Names:
    """The two-way cache of one table of (number, name). ``erasable``: names may be taken away while this is in use."""

    def __init__(self, table: str, column: str, *, erasable: bool = False) -> None:
        # The table and column names are constants of this package, never input.
        # Answers come in one row of JSON, because each row costs a change of threads.
        generation = _GENERATION if erasable else _STEADY
        self._by_hash = f"""SELECT json_group_object({column}, number), {generation} FROM {table} WHERE number IN (
            SELECT number FROM {table}_hash WHERE hash IN (SELECT value FROM json_each(?)))"""
        self._by_number = f"""SELECT number, {column} FROM {table} WHERE number IN (SELECT value FROM json_each(?))
            UNION ALL SELECT {_NOT_A_NUMBER}, {generation}"""
        self._next_number = f"SELECT coalesce(max(number), 0) + 1 FROM {table}"
        self._insert = f"INSERT INTO {table} (number, {column}) SELECT ?1 + key, value FROM json_each(?2)"
        self._insert_hash = f"INSERT INTO {table}_hash (hash, number) SELECT value, ?1 + key FROM json_each(?2)"
        self._hashed: Callable[[str], int] | None = None
        self._cache = _Cache()

    def numbers(self, connection: sqlite3.Connection, names: Iterable[str]) -> dict[str, int]:
        """The numbers of those of ``names`` that have one."""
        found, missing = self._known(names)
        return found | self._read(connection, missing, self._hashes(connection, missing)) if missing else found

    def names(self, connection: sqlite3.Connection, numbers: Iterable[int]) -> Mapping[int, str]:
        """A mapping that holds the names of ``numbers``, and perhaps more."""
        cache = self._cache
        known = cache.names
        missing = [number for number in numbers if number not in known]
        if not missing:
            return known
        read = dict(connection.execute(self._by_number, (orjson.dumps(missing).decode(),)).fetchall())
        generation = read.pop(_NOT_A_NUMBER)
        result = dict(read)
        result.update((number, known[number]) for number in numbers if number in known)
        self._remember(cache, generation, {name: number for number, name in read.items()})
        return result

    def enter(self, connection: sqlite3.Connection, names: Iterable[str]) -> dict[str, int]:
        """Numbers for all of ``names``, new ones where needed; to be called in the writer's transaction, in the
        generation that was said to ``renew``.

        When that fails, its numbers go to other names: ``forget`` must be called then.
        """
        found, unknown = self._known(names)
        if not unknown:
            return found
        hashes = self._hashes(connection, unknown)
        found |= self._read(connection, unknown, hashes)
        missing = [name for name in unknown if name not in found]
        if not missing:
            return found
        (first,) = connection.execute(self._next_number).fetchone()
        new = {name: number for number, name in enumerate(missing, first)}
        if len(missing) < len(unknown):
            hashes = self._hashes(connection, missing)
        connection.execute(self._insert, (first, orjson.dumps(missing).decode()))
        connection.execute(self._insert_hash, (first, orjson.dumps(hashes).decode()))
        cache = self._cache
        self._remember(cache, cache.generation, new)
        return found | new

    def renew(self, generation: int) -> None:
        """Names are those of ``generation`` by now, or of a later one."""
        known = self._cache.generation
        if known is None or known < generation:
            self._cache = _Cache(generation)

    def forget(self) -> None:
        """Start with an empty cache."""
        self._cache = _Cache(self._cache.generation)

    def _known(self, names: Iterable[str]) -> tuple[dict[str, int], list[str]]:
        """Those of ``names`` that the cache has, and the others."""
        known = self._cache.numbers
        found = {name: known[name] for name in names if name in known}
        return found, [name for name in names if name not in found]

    def _hashes(self, connection: sqlite3.Connection, names: Iterable[str]) -> list[int]:
        if self._hashed is None:
            self._hashed = hasher_of(connection)
        return list(map(self._hashed, names))

    def _read(self, connection: sqlite3.Connection, names: Sequence[str], hashes: Sequence[int]) -> dict[str, int]:
        """The numbers of those of ``names`` that the table has."""
        cache = self._cache
        text, generation = connection.execute(self._by_hash, (orjson.dumps(hashes).decode(),)).fetchone()
        read: dict[str, int] = orjson.loads(text)
        self._remember(cache, generation, read)
        return {name: read[name] for name in names if name in read}

    def _remember(self, cache: _Cache, generation: int | None, numbers: Mapping[str, int]) -> None:
        """Keep what was read in ``generation``, unless ``cache``, in which it was looked for, is of another."""
        if cache.generation is None:
            cache.generation = generation
        if cache.generation != generation:
            if generation is not None and self._cache is cache:
                self.renew(generation)
            return
        if len(cache.numbers) + len(numbers) > CACHED_NAMES_MAX:
            # Starting again is cheaper than keeping an order of use on the hot path; popular names are back at once.
            if self._cache is cache:
                self._cache = cache = _Cache(generation)
            else:
                return
        cache.numbers.update(numbers)
        cache.names.update((number, name) for name, number in numbers.items())


def key_names() -> Names:
    """Those of keys."""
    return Names("key_name", "name", erasable=True)


def course_sets() -> Names:
    """Those of course sets."""
    return Names("course_set", "courses")
