"""What is in the log at a glance, for administrators: no statement, only what there is and how much of it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

from lrs.auth.grants import parse_entry
from lrs.errors import InvalidParameter, NotFound
from lrs.statements.keys import AGENT, COURSE, ORGANISATION, VERB
from lrs.statements.match import UNRESTRICTED_VISIBILITY, Visibility
from lrs.statements.record import Record, StatementId
from lrs.statements.sqlite.names import Names
from lrs.statements.sqlite.narrow import Terms
from lrs.statements.sqlite.rows import COLUMNS, SOURCE, Rows
from lrs.statements.sqlite.schema import LISTED, migrations
from lrs.statements.sqlite.select import Reader, Run, head, position_by
from lrs.statements.sqlite.terms import expression
from lrs.storage.sqlite import Store

RECENT_S = 3.0
"""How old may be what is counted among the newest statements: that takes a while."""

_SCHEMES = ("course-v1:", "ccx-v1:")
_FIRST_RANGE = f"SELECT name FROM key_name WHERE {LISTED} AND name >= ? AND name < ? ORDER BY name LIMIT ?"
_VOIDED_BY = """SELECT r.id FROM void AS v JOIN record AS r USING (position)
    WHERE v.target = ? ORDER BY v.position LIMIT 1"""
_RECENT = f"SELECT {COLUMNS} FROM {SOURCE} ORDER BY r.position DESC LIMIT ?"


@dataclass(frozen=True, slots=True)
class Counted:
    """How many of the newest statements have ``name``."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes of the database, of what waits beside it, and free on its disk."""

    database_bytes: int
    wal_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Known:
    """What the log knows about one statement beside its content. ``voided_by``: the id of the one that voided it."""

    record: Record
    voided_by: UUID | None
    voids: UUID | None


@dataclass(frozen=True, slots=True)
class Seen:
    """How much a reader may see; ``all``: whether nothing older was left out."""

    statements: int = 0
    learners: int = 0
    verbs: int = 0
    courses: int = 0
    oldest_us: int | None = None
    all: bool = True


class Overview:
    """Looks into the log of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.migrate(migrations)
        rows = Rows(Names("key_name", "name"), Names("course_set", "courses"))
        self._rows, self._reader = rows, Reader(rows)
        self._recent: tuple[float, tuple[list[Counted], list[Counted]] | None] = 0.0, None

    def newest(self) -> tuple[int, int | None]:
        """How many records there are, and when the newest was stored."""
        with self._store.reading() as connection:
            row = connection.execute("SELECT position, stored FROM record ORDER BY position DESC LIMIT 1").fetchone()
        return (0, None) if row is None else (row[0], row[1])

    def stored_between(self, bounds_us: Sequence[int]) -> list[int]:
        """How many records were stored from each of ``bounds_us``, which ascend, up to the next."""
        with self._store.snapshot() as connection:
            positions = [position_by(connection, bound_us - 1) for bound_us in bounds_us]
        return [later - earlier for earlier, later in pairwise(positions)]

    def recent(self, statements: int, limit: int, now_s: float) -> tuple[list[Counted], list[Counted]]:
        """Courses and verbs of the newest ``statements``, most frequent first; counted once in a while for all who
        ask. ``now_s``: by the monotonic clock.
        """
        counted_s, found = self._recent
        if found is None or not 0 <= now_s - counted_s < RECENT_S:
            found = self._count_recent(statements, limit)
            self._recent = now_s, found
        return found

    def _count_recent(self, statements: int, limit: int) -> tuple[list[Counted], list[Counted]]:
        with self._store.snapshot() as connection:
            rows = connection.execute(_RECENT, (statements,)).fetchall()
            records = self._rows.records(connection, rows, with_keys=True)
        keys = Counter(key for record in records for key in record.keys if key.startswith((COURSE, VERB)))
        counted = [Counted(key, count) for key, count in sorted(keys.items(), key=lambda one: (-one[1], one[0]))]
        courses, verbs = ([one for one in counted if one.name.startswith(kind)] for kind in (COURSE, VERB))
        return _told(courses, limit), _told(verbs, limit)

    def seen(self, visibility: Visibility, limit: int) -> Seen:
        """What ``visibility`` permits among all statements, or the newest ``limit`` of those that it permits."""
        names: set[str] = set()
        count, oldest_us = 0, None
        with self._store.snapshot() as connection:
            groups = self._rows.groups(connection, visibility.members())
            if groups is None:
                return Seen()
            run = Run(Terms(expression(groups)), 0, head(connection) + 1, ascending=False)
            for found in run.blocks(connection, limit, with_keys=True):
                for record in self._rows.of_columns(connection, found.columns, with_keys=True):
                    if visibility.permits(record):
                        if count == limit:
                            return _seen(count, names, oldest_us, all_=False)
                        count, oldest_us = count + 1, record.stored_us
                        names.update(key for key in record.keys if key[0] in _COUNTED)
        return _seen(count, names, oldest_us, all_=True)

    def courses(self, prefix: str, limit: int) -> list[str]:
        """Entries of grants that the log knows and that begin with ``prefix``: organisations, then courses."""
        begins = [prefix] if prefix.startswith(_SCHEMES) else [prefix, *(scheme + prefix for scheme in _SCHEMES)]
        found: dict[str, None] = {}
        with self._store.reading() as connection:
            for kind, end in ((ORGANISATION, "+*"), (COURSE, "")):
                for begin in begins:
                    low = kind + begin
                    # No character comes after this one, so that all that begin with ``low`` lie in between.
                    rows = connection.execute(_FIRST_RANGE, (low, low + "\U0010ffff", limit))
                    found.update((name[1:] + end, None) for (name,) in rows)
        return [entry for entry in found if _is_entry(entry)][:limit]

    def known(self, statement_id: UUID) -> Known:
        """About one statement, voided or not; NotFound."""
        id_ = StatementId(statement_id.bytes)
        with self._store.snapshot() as connection:
            record = self._reader.find(connection, id_, UNRESTRICTED_VISIBILITY, voided=False)
            by = None
            if record is None:
                record = self._reader.find(connection, id_, UNRESTRICTED_VISIBILITY, voided=True)
                by = connection.execute(_VOIDED_BY, (id_,)).fetchone()
            if record is None:
                raise NotFound(f"there is no statement {statement_id}")
            voids = connection.execute("SELECT target FROM void WHERE position = ?", (record.position,)).fetchone()
        return Known(record, *(None if row is None else UUID(bytes=row[0]) for row in (by, voids)))

    def size(self) -> Size:
        """How large the store is."""
        path = self._store.path
        wal = path.with_name(path.name + "-wal")
        disk = os.statvfs(path.parent)
        return Size(path.stat().st_size, wal.stat().st_size if wal.exists() else 0, disk.f_bavail * disk.f_frsize)


_COUNTED = AGENT + VERB + COURSE


def _seen(count: int, names: set[str], oldest_us: int | None, *, all_: bool) -> Seen:
    kinds = Counter(name[0] for name in names)
    return Seen(count, kinds[AGENT], kinds[VERB], kinds[COURSE], oldest_us, all_)


def _told(counted: Sequence[Counted], limit: int) -> list[Counted]:
    """The first ``limit``, without the letters of their kind."""
    return [Counted(one.name[1:], one.count) for one in counted[:limit]]


def _is_entry(text: str) -> bool:
    """Whether it can stand in a grant; statements may name courses in other forms too."""
    try:
        return parse_entry(text) == text
    except InvalidParameter:
        return False
