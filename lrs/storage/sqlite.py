"""A SQLite file as the store: who may hold a connection, and how it is set up.

Readers never wait for the writer (WAL), and a commit is on disk before it is answered (``synchronous=FULL``,
invariant 2). Connections are made with ``isolation_level=None``: transactions begin and end where the code says so.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import sqlite_utils

from lrs.errors import LrsError, StoreCorrupt, StoreUnavailable
from lrs.storage.lock import SharedLock
from lrs.storage.mark import Mark

BUSY_TIMEOUT_MS = 10_000
CACHE_KIB = 4 * 1024
_COPIED_PAGES = 1024
_EMPTYING_MS = 50


def connect(path: Path, *, cache_kib: int = CACHE_KIB) -> sqlite3.Connection:
    """A connection with the pragmas that every connection of the store has.

    It may move between threads, but is used by one at a time. Raises StoreUnavailable when the file can't be opened.
    """
    try:
        connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT_MS / 1000, cached_statements=256
        )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        # Whether it is on by default depends on how SQLite was built; this much of it costs nothing.
        connection.execute("PRAGMA secure_delete=FAST")
        connection.execute(f"PRAGMA cache_size=-{cache_kib}")
        connection.execute("PRAGMA temp_store=MEMORY")
    except sqlite3.Error as error:
        raise StoreUnavailable(f"can't open the store {path}: {error}") from error
    return connection


class Store:
    """One SQLite file, shared by all rooms of one process; other processes may have it open too."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._idle: list[sqlite3.Connection] = []
        self._idle_lock = threading.Lock()
        # Re-entrant, because rooms that write within each other's transaction do so in one thread.
        self._write_lock = threading.RLock()
        self._writing_thread: int | None = None
        self._closed = False
        self._lock = SharedLock(path)
        self._writer = connect(path)
        # What is deleted here can be what somebody wants to be forgotten: nothing of it stays in unused parts of pages.
        self._writer.execute("PRAGMA secure_delete=ON")
        try:
            self._mark = Mark(path.with_name(path.name + "-mark"))
        except OSError as error:
            raise StoreUnavailable(f"can't open the store {path}: {error.strerror}") from error

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A pooled connection in autocommit: each SELECT sees all that is committed when it starts.

        Callers that need one snapshot over several SELECTs begin a transaction of their own with ``snapshot``. Within
        ``writing`` of the same thread it is that connection, which sees what was written so far.
        """
        if self._writing_thread == threading.get_ident():
            yield self._writer
            return
        with self._idle_lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = connect(self.path)
            connection.execute("PRAGMA query_only=ON")
        try:
            yield connection
        except sqlite3.Error as error:
            raise _refusal("read", error) from error
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            with self._idle_lock:
                if self._closed:
                    connection.close()
                else:
                    self._idle.append(connection)

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """A pooled connection inside one read transaction: every SELECT sees the same committed state."""
        with self.reading() as connection:
            if connection is not self._writer:
                connection.execute("BEGIN")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A short administrative write, committed at the end, rolled back when the block raises.

        It waits for the log's writer, also in other processes. StoreUnavailable when that takes over ten seconds.
        Within another ``writing`` of the same thread it is a part of that one: what several rooms write is then
        committed together, and a part that raises leaves no trace, whatever becomes of the rest.
        """
        if self._writing_thread == threading.get_ident():
            with _part(self._writer):
                yield self._writer
            return
        with self._write_lock:
            try:
                with transaction(self._writer) as connection:
                    self._writing_thread = threading.get_ident()
                    yield connection
            finally:
                self._writing_thread = None
            self._mark.move()

    def mark(self) -> bytes:
        """Changes with every ``writing``, of other processes too. To be asked before what it vouches for is read."""
        return self._mark.read()

    def migrate(self, migrations: sqlite_utils.Migrations) -> None:
        """Apply what is pending of ``migrations``, each in one transaction, also when several processes start."""
        connection = connect(self.path)
        try:
            # The outer transaction makes a second process wait and then find nothing pending.
            connection.execute("BEGIN IMMEDIATE")
            migrations.apply(sqlite_utils.Database(connection))
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreUnavailable(f"can't bring the store {self.path} up to date: {error}") from error
        finally:
            connection.close()

    def copy(self, path: Path, progress: Callable[[int, int], None]) -> None:
        """Write the whole store, as it is when this is called, to the new file ``path``; others go on meanwhile.

        The file needs no others beside it. ``progress`` is told (pages written, pages in all) now and then. Raises
        StoreUnavailable when the disk is full.
        """
        try:
            path.touch(mode=0o600)
            with self.snapshot() as source, closing(sqlite3.connect(path, isolation_level=None)) as target:
                # The first read decides what a snapshot shows; without it each step would begin with one of its own.
                source.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone()
                source.backup(target, pages=_COPIED_PAGES, progress=lambda _, left, all_: progress(all_ - left, all_))
                target.execute("PRAGMA journal_mode=DELETE")
        except (OSError, sqlite3.Error) as error:
            raise StoreUnavailable(f"can't write the copy {path}: {error}") from error

    def empty_wal(self) -> bool:
        """Have all in the database file, and nothing in the one beside it; False when somebody reads: try again.

        Nobody can write meanwhile, so it does not wait for long.
        """
        with closing(connect(self.path)) as connection:
            connection.execute(f"PRAGMA busy_timeout={_EMPTYING_MS}")
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy

    def close(self) -> None:
        """Close every connection that is not in use; those in use close when they come back."""
        with self._idle_lock:
            self._closed = True
            for connection in self._idle:
                connection.close()
            self._idle.clear()
        with self._write_lock:
            self._writer.close()
            self._mark.close()
            self._lock.close()


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """BEGIN IMMEDIATE, then COMMIT, or ROLLBACK when the block raises; busy or full becomes StoreUnavailable."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.execute("COMMIT")
    except sqlite3.IntegrityError:
        # A constraint is part of what a room says about its tables, so the room answers for it.
        raise
    except sqlite3.Error as error:
        raise _refusal("written", error) from error
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


@contextmanager
def _part(connection: sqlite3.Connection) -> Iterator[None]:
    """A part of the transaction of ``connection``, undone alone when the block raises."""
    connection.execute("SAVEPOINT part")
    try:
        yield
    except BaseException:
        # An error such as a full disk has undone the whole transaction, and the savepoint with it.
        if connection.in_transaction:
            connection.execute("ROLLBACK TO part")
            connection.execute("RELEASE part")
        raise
    connection.execute("RELEASE part")


def _refusal(done: str, error: sqlite3.Error) -> LrsError:
    """What ``error`` means to callers: the store is busy, full or gone, or what it holds can't be right."""
    if isinstance(error, sqlite3.OperationalError):
        return StoreUnavailable(f"the store can't be {done}: {error}")
    return StoreCorrupt(f"the store can't be {done}: {error}")


def open_store(path: Path) -> Store:
    """The store in the file ``path``; the file and its folder are made when missing.

    Only its owner may read a new file, because it holds private keys and personal data. SQLite gives the files beside
    it (``-wal``, ``-shm``) the same mode. Raises StoreUnavailable when it can't be made or opened.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)
    except OSError as error:
        raise StoreUnavailable(f"can't make the store {path}: {error.strerror}") from error
    return Store(path)
