"""What facts and settings mean for an operator, in plain words, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from typing import NamedTuple
from urllib.parse import urlsplit

from lrs.config import Settings
from lrs.monitoring.facts import Database, Facts
from lrs.xapi.timestamps import format_us

GIB = 1024**3
MIB = 1024**2
FSYNC_SLOW_S = 0.02
FSYNC_VERY_SLOW_S = 0.1
WAL_LARGE_BYTES = 256 * MIB
FREE_LITTLE_BYTES = GIB
CLOCK_BEFORE_US = 1_760_000_000_000_000
"""Before this software was written; a clock that says so is wrong."""
AHEAD_US = 2_000_000
SIGNING_OLD_US = 400 * 86_400 * 1_000_000
SQLITE_MIN = (3, 37, 0)
"""The first with STRICT tables."""

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_SPARE_DESCRIPTORS = 200
_NETWORK = ("nfs", "cifs", "smb", "9p", "fuse.sshfs", "fuse.glusterfs", "ceph", "lustre", "afs")


class Level(Enum):
    """How bad it is. Only an error keeps the server from doing its work."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


class Finding(NamedTuple):
    """The result of one check. ``text``: what was found, and what to do."""

    check: str
    level: Level
    text: str


def judge(settings: Settings, facts: Facts) -> list[Finding]:
    """Every check, in order; checks without a word to say are OK."""
    found = []
    for name, check in _CHECKS:
        said = list(check(settings, facts))
        found += [Finding(name, level, text) for level, text in said] or [Finding(name, Level.OK, "")]
    return found


Said = Iterator[tuple[Level, str]]


def _public_url(settings: Settings, _: Facts) -> Said:
    url = urlsplit(settings.public_url)
    if url.scheme not in ("http", "https") or not url.hostname:
        yield (
            Level.ERROR,
            f"LRS_PUBLIC_URL={settings.public_url} is no http or https URL; tokens would name it as issuer",
        )
        return
    if url.query or url.fragment or url.username:
        yield Level.ERROR, "LRS_PUBLIC_URL has a query, fragment or user name: give scheme, host, port and path only"
    if settings.base != "/" and url.path.rstrip("/").endswith(settings.base.rstrip("/")):
        yield Level.WARNING, f"LRS_PUBLIC_URL ends with {settings.base}, which is added to it: leave it out"
    if url.hostname in _LOCAL and settings.host not in _LOCAL:
        yield Level.WARNING, "the server listens for others, but LRS_PUBLIC_URL names this machine only: set its name"
    if url.scheme == "http" and url.hostname not in _LOCAL:
        yield Level.WARNING, "LRS_PUBLIC_URL is http: keys and tokens go over the network in clear; put TLS before it"
    usual = Settings()
    if settings.public_url == usual.public_url and settings.port not in (0, usual.port):
        yield (
            Level.NOTE,
            f"the server listens on port {settings.port}, and tokens name {settings.public_url}: set LRS_PUBLIC_URL",
        )


def _paths(settings: Settings, _: Facts) -> Said:
    if not settings.base.startswith("/") or settings.base.endswith("/"):
        yield Level.ERROR, f"LRS_BASE={settings.base} must begin with / and not end with it"
    for origin in settings.allowed_origins:
        url = urlsplit(origin)
        if origin == "*":
            yield Level.WARNING, "LRS_ALLOWED_ORIGINS lets pages of every site in: name those that need it"
        elif url.scheme not in ("http", "https") or not url.hostname or url.path or url.query:
            yield (
                Level.ERROR,
                f"LRS_ALLOWED_ORIGINS has {origin}, which is no origin: write https://host, without a path",
            )


def _exposure(settings: Settings, _: Facts) -> Said:
    if settings.metrics == "open" and settings.host not in _LOCAL:
        yield Level.NOTE, "/metrics is open to whoever reaches the server; LRS_METRICS=admin or off closes it"


def _sqlite(_: Settings, facts: Facts) -> Said:
    machine = facts.machine
    version = ".".join(map(str, machine.sqlite_version))
    if machine.sqlite_version < SQLITE_MIN or not machine.strict:
        yield Level.ERROR, f"SQLite {version} has no STRICT tables: at least {'.'.join(map(str, SQLITE_MIN))} is needed"
    if not machine.fts5:
        yield Level.ERROR, f"SQLite {version} was built without FTS5, by which statements are found"


def _clock(_: Settings, facts: Facts) -> Said:
    now_us = facts.machine.now_us
    newest_us = facts.database.newest_stored_us if facts.database else None
    if now_us < CLOCK_BEFORE_US:
        yield Level.ERROR, f"the clock of this machine says {format_us(now_us)}: set it"
    elif newest_us is not None and newest_us > now_us + AHEAD_US:
        yield (
            Level.ERROR,
            (
                f"the newest statement was stored at {format_us(newest_us)}, but the clock says {format_us(now_us)}: "
                "it was set back, and tokens are judged by it; set it right"
            ),
        )
    if facts.machine.clock_synchronised is False:
        yield (
            Level.WARNING,
            "the clock is not synchronised with others: have NTP keep it, as times are compared with theirs",
        )


def _descriptors(settings: Settings, facts: Facts) -> Said:
    most, limits = facts.machine.descriptors_max, settings.limits
    wanted = limits.connections_max + limits.http_connections_max + _SPARE_DESCRIPTORS
    if most is not None and most < wanted:
        yield (
            Level.WARNING,
            (
                f"a process may have {most} files and sockets open; LRS_CONNECTIONS_MAX and LRS_HTTP_CONNECTIONS_MAX "
                f"want {wanted}: raise the limit (LimitNOFILE of systemd, ulimit -Hn) or lower them"
            ),
        )


def _processes(settings: Settings, facts: Facts) -> Said:
    if settings.workers > 2 * facts.machine.processors:
        yield (
            Level.NOTE,
            f"{settings.workers} workers share {facts.machine.processors} processors: fewer would do the same work",
        )


def _folder(settings: Settings, facts: Facts) -> Said:
    disk = facts.disk
    if not disk.exists:
        if not disk.writable:
            yield Level.ERROR, f"there is no folder {settings.data}, and it can't be made here"
        elif facts.database is None:
            yield Level.NOTE, f"there is no store in {settings.data} yet; the server makes one"
        return
    if not disk.writable:
        yield Level.ERROR, f"this user may not write to {settings.data}"
    elif facts.database is None:
        yield Level.NOTE, f"there is no store in {settings.data} yet; the server makes one"
    if disk.foreign:
        yield (
            Level.ERROR,
            f"{_names(disk.foreign)} belong to another user: commands were run as root, or as somebody else",
        )
    if disk.open_to_others:
        yield (
            Level.WARNING,
            (
                f"others on this machine may read {_names(disk.open_to_others)}, with private keys and personal data: "
                "chmod go-rwx"
            ),
        )


def _space(settings: Settings, facts: Facts) -> Said:
    free = facts.disk.free_bytes
    if free is None:
        return
    if free < settings.limits.disk_free_bytes_min:
        yield Level.ERROR, f"{_size(free)} are free on the disk of the store: it counts as full, and is not ready"
    elif free < FREE_LITTLE_BYTES or (facts.database and free < facts.database.size_bytes // 10):
        yield Level.WARNING, f"{_size(free)} are free on the disk of the store: soon there may be no room to write"


def _filesystem(_: Settings, facts: Facts) -> Said:
    filesystem = facts.disk.filesystem
    if filesystem is not None and filesystem.startswith(_NETWORK):
        yield (
            Level.ERROR,
            f"the store is on {filesystem}, a network filesystem, on which SQLite can't keep it safe: move it",
        )
    elif filesystem in ("tmpfs", "ramfs"):
        yield Level.WARNING, f"the store is on {filesystem}, in memory: it is gone when the machine stops"
    if filesystem == "tmpfs":
        return
    fsync_s = facts.disk.fsync_s
    if fsync_s is not None and fsync_s > FSYNC_SLOW_S:
        level = Level.WARNING if fsync_s > FSYNC_VERY_SLOW_S else Level.NOTE
        yield (
            level,
            f"the disk takes {fsync_s * 1000:.0f} ms to have a write safe, and every answer to a writer waits for it",
        )


def _database(_: Settings, facts: Facts) -> Said:
    database = facts.database
    if database is None:
        return
    if database.fault is not None:
        yield Level.ERROR, f"the database can't be read: {database.fault}; lrs restore makes a store from a backup"
        return
    if database.unknown_migrations:
        yield (
            Level.ERROR,
            f"the store was made by a newer version ({_names(database.unknown_migrations)}): install that",
        )
    if database.pending_migrations and database.newest_stored_us is not None:
        yield (
            Level.NOTE,
            f"the next start brings the store up to date ({len(database.pending_migrations)} steps): back it up",
        )
    if database.wal_bytes > WAL_LARGE_BYTES:
        yield (
            Level.WARNING,
            (
                f"the write-ahead log has {_size(database.wal_bytes)}: a reader has held an old state for long, "
                "or the server was killed; stopping and starting it clears the log"
            ),
        )


def _credentials(_: Settings, facts: Facts) -> Said:
    database = facts.database
    if database is None or database.fault is not None:
        return
    yield from _keys(database, facts.machine.now_us)
    if not database.consumers:
        yield Level.NOTE, "there are no consumers yet: lrs consumer add NAME"
    if database.expired_consumers:
        yield Level.NOTE, f"{database.expired_consumers} consumers have expired; lrs consumer list shows them"


def _keys(database: Database, now_us: int) -> Said:
    if not database.signing:
        level = Level.ERROR if database.consumers else Level.NOTE
        yield level, "there is no signing key in force, so no token can be issued; the next start makes one"
    elif database.signing_since_us is not None and now_us - database.signing_since_us > SIGNING_OLD_US:
        yield Level.NOTE, "the signing key is older than a year: lrs signing-key rotate"
    if database.expired_signing_keys:
        yield (
            Level.NOTE,
            f"{database.expired_signing_keys} signing keys are retired; tokens that they signed are refused",
        )


def _aside(_: Settings, facts: Facts) -> Said:
    database = facts.database
    if database is not None and database.quarantined:
        yield (
            Level.WARNING,
            f"{database.quarantined} things that trusted writers sent wait in quarantine: lrs quarantine list",
        )
    if database is not None and database.conflicts:
        yield Level.NOTE, f"{database.conflicts} conflicts of trusted writers are kept: lrs conflict list"


def _unfinished(_: Settings, facts: Facts) -> Said:
    if facts.disk.left_behind:
        yield (
            Level.WARNING,
            f"{_names(facts.disk.left_behind)} were left by a backup or restore that was interrupted: delete them",
        )


_CHECKS: tuple[tuple[str, Callable[[Settings, Facts], Said]], ...] = (
    ("public URL", _public_url),
    ("paths and origins", _paths),
    ("exposure", _exposure),
    ("SQLite", _sqlite),
    ("clock", _clock),
    ("open files", _descriptors),
    ("processes", _processes),
    ("folder", _folder),
    ("disk space", _space),
    ("disk", _filesystem),
    ("database", _database),
    ("credentials", _credentials),
    ("set aside", _aside),
    ("unfinished", _unfinished),
)


def _names(names: object) -> str:
    assert isinstance(names, (list, tuple))
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"


def _size(size_bytes: int) -> str:
    return f"{size_bytes / GIB:.1f} GiB" if size_bytes >= GIB else f"{size_bytes / MIB:.0f} MiB"
