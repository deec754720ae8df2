"""What was found out about a machine and a store, for ``advice`` to judge; None stands for what could not be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """The folder of the store."""

    exists: bool
    writable: bool
    free_bytes: int | None = None
    filesystem: str | None = None
    """Its type, such as ``ext4``."""
    fsync_s: float | None = None
    """How long it usually takes until a few bytes are safe."""
    open_to_others: Sequence[str] = ()
    """Names of files and folders that others than the owner may read."""
    foreign: Sequence[str] = ()
    """Names of those that belong to another user."""
    left_behind: Sequence[str] = ()
    """What interrupted backups and restores have left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """The database, as it is when nothing has been changed for this look."""

    size_bytes: int
    wal_bytes: int
    in_use: bool
    """Whether a process has it open."""
    fault: str | None = None
    """Why it could not be read; then nothing of what follows is known."""
    newest_stored_us: int | None = None
    consumers: int = 0
    signing_keys: int = 0
    """Those that verify tokens now."""
    signing: int = 0
    """Those that sign new ones: without one, no token can be issued."""
    signing_since_us: int | None = None
    expired_signing_keys: int = 0
    expired_consumers: int = 0
    quarantined: int = 0
    conflicts: int = 0
    unknown_migrations: Sequence[str] = ()
    pending_migrations: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the server would run on."""

    now_us: int
    sqlite_version: tuple[int, ...]
    fts5: bool
    strict: bool
    descriptors_max: int | None
    """How many files and sockets a process may get; None: without limit."""
    processors: int
    clock_synchronised: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All of it; ``database`` is None where there is none yet."""

    machine: Machine
    disk: Disk
    database: Database | None
