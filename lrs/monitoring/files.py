"""What the disk tells of a store, and the system of this process."""

from __future__ import annotations

import fcntl
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from lrs.clock import Clock
from lrs.monitoring.facts import Disk

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Process(NamedTuple):
    """What this process uses, and one that works for it."""

    cpu_s: float
    resident_bytes: int
    descriptors: int


def process(child: int | None = None) -> Process | None:
    """What this process uses, and that with the number ``child``, if there is one; None where the system does not tell
    in the way of Linux.
    """
    try:
        cpu = os.times()
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES
        own = Process(cpu.user + cpu.system, resident, len(list(Path("/proc/self/fd").iterdir())))
        if child is None:
            return own
        # What it shares with this process is counted already.
        private = re.findall(r"^Private_\w+: +(\d+) kB$", Path(f"/proc/{child}/smaps_rollup").read_text(), re.MULTILINE)
        ticks = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[11:13]
        return own._replace(
            cpu_s=own.cpu_s + sum(map(int, ticks)) / _TICKS_PER_S,
            resident_bytes=resident + sum(map(int, private)) * 1024,
        )
    except (OSError, ValueError, IndexError):
        return None


def size_bytes(path: Path) -> int:
    """The size of a file; 0 if it is not there."""
    with suppress(OSError):
        return path.stat().st_size
    return 0


def free_bytes(folder: Path) -> int:
    """What may still be written to the disk of ``folder`` by this user; raises OSError."""
    about = os.statvfs(folder)
    return about.f_bavail * about.f_frsize


_PROBE = "write-probe"
_PROBES = 11
_INTERRUPTED = (".lrs-backup-*", ".lrs-restore-*")


def disk(folder: Path, clock: Clock) -> Disk:
    """What can be said of the ``folder`` of a store; writes a few bytes there to see how long that takes."""
    if not folder.is_dir():
        parent = next((one for one in folder.absolute().parents if one.is_dir()), Path("/"))
        return Disk(exists=False, writable=os.access(parent, os.W_OK | os.X_OK) and not folder.exists())
    writable = os.access(folder, os.R_OK | os.W_OK | os.X_OK)
    files = [one for one in [folder, *sorted(folder.glob("lrs.sqlite3*")), folder / "attachments"] if one.exists()]
    # A folder that only lets others pass shows nothing of what is in it.
    visible = folder.stat().st_mode & 0o055
    return Disk(
        exists=True,
        writable=writable,
        free_bytes=free_bytes(folder),
        filesystem=filesystem(folder),
        fsync_s=fsync_s(folder, clock) if writable else None,
        open_to_others=[one.name for one in files[1:] if visible and one.stat().st_mode & 0o044],
        foreign=[one.name for one in files if one.stat().st_uid != os.geteuid()],
        left_behind=sorted(one.name for pattern in _INTERRUPTED for one in folder.glob(pattern)),
    )


def filesystem(folder: Path) -> str | None:
    """The type of filesystem that ``folder`` is on, as Linux tells it."""
    try:
        mounts = Path("/proc/self/mounts").read_text()
    except OSError:
        return None
    found: tuple[str, str | None] = "", None
    for line in mounts.splitlines():
        _, place, kind, *_ = line.split(" ")
        # Blanks in paths are written as octal digits there; such a path is judged by the one above it.
        if folder.resolve().is_relative_to(place) and len(place) >= len(found[0]):
            found = place, kind
    return found[1]


def fsync_s(folder: Path, clock: Clock) -> float | None:
    """How many seconds it usually takes until a few bytes in ``folder`` are safe; None if they can't be written."""
    path = folder / f".lrs-{_PROBE}-{os.getpid()}"
    took = []
    try:
        with open(path, "xb", buffering=0, opener=_private) as file:
            for _ in range(_PROBES):
                began_s = clock.monotonic_s()
                file.write(b"x" * 4096)
                os.fsync(file.fileno())
                took.append(clock.monotonic_s() - began_s)
    except OSError:
        return None
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)
    return sorted(took)[_PROBES // 2]


def in_use(database: Path) -> bool:
    """Whether any process has the store in ``database`` open."""
    try:
        descriptor = os.open(database.with_name(database.name + "-lock"), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)
