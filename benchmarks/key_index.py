"""Which key index: a B-tree of (key, position), or FTS5 without content?

    python -m benchmarks.key_index [STATEMENTS]

Writes the same records with the same nine keys into both, in groups of 100, beside a table without any key index, and
then reads pages of 50 by one key and by two. The keys are spread as in Open edX: few verbs, popular and rare courses,
many learners and blocks.
"""

from __future__ import annotations

import os
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

GROUP = 100
PAYLOAD = b'{"x":"' + b"y" * 1_090 + b'"}'
READS = 50
Group = Sequence[tuple[int, list[int]]]


def keys_of(chance: random.Random) -> list[int]:
    """Key numbers of one statement: verb, type, course, organisation, block, platform, learner, parent, writer."""
    course = min(int(chance.expovariate(1 / 30)), 199)
    block = 100_000 + course * 100 + chance.randrange(25)
    return [10 + chance.randrange(24), 100, 200 + course, 500 + course % 20, block, 3,
            50_000 + chance.randrange(20_000), 1_000 + course, 60]  # fmt: skip


def open_database(folder: Path, name: str, index: str) -> sqlite3.Connection:
    connection = sqlite3.connect(folder / f"{name}.sqlite3", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA cache_size=-65536")
    connection.execute("CREATE TABLE record (position INTEGER PRIMARY KEY, id BLOB, payload BLOB)")
    connection.execute("CREATE UNIQUE INDEX record_id ON record (id)")
    if index:
        connection.execute(index)
    return connection


def without(_connection: sqlite3.Connection, _group: Group) -> None:
    """No index: what the records alone cost."""


def into_table(connection: sqlite3.Connection, group: Group) -> None:
    rows = sorted((key, position) for position, keys in group for key in keys)
    connection.executemany("INSERT INTO keyed VALUES (?, ?)", rows)


def into_fts(connection: sqlite3.Connection, group: Group) -> None:
    rows = [(position, " ".join(map(str, keys))) for position, keys in group]
    connection.executemany("INSERT INTO words (rowid, keys) VALUES (?, ?)", rows)


INDEXES: dict[str, tuple[str, Callable[[sqlite3.Connection, Group], None]]] = {
    "none": ("", without),
    "table": (
        "CREATE TABLE keyed (key INTEGER, position INTEGER, PRIMARY KEY (key, position)) WITHOUT ROWID",
        into_table,
    ),
    "fts5": ("CREATE VIRTUAL TABLE words USING fts5 (keys, content='', detail=none, columnsize=0)", into_fts),
}
TABLE_PAGE = """SELECT r.position, r.payload FROM keyed AS k JOIN record AS r ON r.position = k.position
    WHERE k.key = ?1 AND (?2 IS NULL OR EXISTS
        (SELECT 1 FROM keyed AS o WHERE o.key = ?2 AND o.position = k.position))
    ORDER BY k.position DESC LIMIT 50"""
FTS_PAGE = """SELECT r.position, r.payload FROM words JOIN record AS r ON r.position = words.rowid
    WHERE words MATCH ? ORDER BY words.rowid DESC LIMIT 50"""
PAGES = {
    "verb": (12, None),
    "popular course": (200, None),
    "rare course": (350, None),
    "learner": (50_100, None),
    "verb and course": (12, 260),
    "learner and verb": (50_100, 12),
    "two courses (nothing)": (200, 201),
    "unknown key": (9, None),
}


def write(folder: Path, name: str, records: Group) -> sqlite3.Connection:
    index, insert = INDEXES[name]
    connection = open_database(folder, name, index)
    began, began_cpu = time.perf_counter(), time.process_time()
    for start in range(0, len(records), GROUP):
        group = records[start : start + GROUP]
        connection.execute("BEGIN IMMEDIATE")
        rows = [(position, os.urandom(16), PAYLOAD) for position, _ in group]
        connection.executemany("INSERT INTO record VALUES (?, ?, ?)", rows)
        insert(connection, group)
        connection.execute("COMMIT")
    cpu, wall = time.process_time() - began_cpu, time.perf_counter() - began
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = (folder / f"{name}.sqlite3").stat().st_size
    count = len(records)
    print(f"{name:>6}: {cpu / count * 1e6:6.1f} us cpu, {wall / count * 1e6:6.1f} us, {size / count:6.0f} bytes")
    return connection


def median_us(connection: sqlite3.Connection, sql: str, arguments: tuple[object, ...]) -> float:
    times = []
    for _ in range(READS):
        began = time.perf_counter()
        connection.execute(sql, arguments).fetchall()
        times.append(time.perf_counter() - began)
    return sorted(times)[READS // 2] * 1e6


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    chance = random.Random(1)
    records = [(position, keys_of(chance)) for position in range(1, count + 1)]
    with tempfile.TemporaryDirectory() as folder:
        print(f"{count} statements, per statement:")
        connections = {name: write(Path(folder), name, records) for name in INDEXES}
        print("page of 50, median in us:")
        for label, pair in PAGES.items():
            table = median_us(connections["table"], TABLE_PAGE, pair)
            words = " AND ".join(f'"{key}"' for key in pair if key is not None)
            fts = median_us(connections["fts5"], FTS_PAGE, (words,))
            print(f"{label:>22}: table {table:8.0f}  fts5 {fts:8.0f}")


if __name__ == "__main__":
    main()
