"""The machine on which figures were taken, in a few lines."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

BUSY = 0.5
"""The load of each core, from which on something else must have been running."""

_SYNCED_BYTES = 8 * 1024
_SYNCS = 200


def machine() -> str:
    """Cores, memory, versions that count, how fast the disk is, and whether it was at rest."""
    load = os.getloadavg()[0]
    busy = "" if load < BUSY * (os.cpu_count() or 1) else " **It was not at rest before: compare ratios only.**"
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return (
        f"{os.cpu_count()} cores ({_processor()}), {memory_gib:.0f} GiB of memory, {platform.system()} "
        f"{platform.release()}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}; an `fdatasync` of "
        f"8 KiB takes {_sync_ms():.2f} ms. {datetime.now(UTC):%Y-%m-%d %H:%M} UTC; load average before: "
        f"{load:.1f}.{busy}"
    )


def _processor() -> str:
    found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), flags=re.MULTILINE)
    return " ".join(found[1].split()) if found else platform.machine()


def _sync_ms() -> float:
    """Median time until 8 KiB are safe on the disk that the benchmarks use."""
    took = []
    with tempfile.TemporaryFile() as file:
        for _ in range(_SYNCS):
            file.write(os.urandom(_SYNCED_BYTES))
            file.flush()
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - began)
    return sorted(took)[_SYNCS // 2] * 1e3
