"""Measure everything, and write the figures into docs/performance.md.

    python -m benchmarks.report [--repetitions N]

Each table stands in the page between ``<!-- begin NAME -->`` and ``<!-- end NAME -->``; the text around it is written
by hand. It takes some minutes, during which the machine should have nothing else to do.
"""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks import latency, stages, stream, writes

PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
_SYNCED_BYTES = 8 * 1024
_SYNCS = 200


def machine() -> str:
    """The machine and the versions that count, in a line."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return (
        f"{os.cpu_count()} cores, {memory_gib:.0f} GiB of memory, {platform.system()}, Python "
        f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}; an `fdatasync` of 8 KiB takes "
        f"{_sync_ms():.2f} ms."
    )


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


def written(page: str, parts: Mapping[str, str]) -> str:
    """``page`` with ``parts`` in their places."""
    for name, text in parts.items():
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        head, _, rest = page.partition(begin)
        _, found, tail = rest.partition(end)
        assert found, f"{PAGE} has no place for {name}"
        page = f"{head}{begin}\n\n{text}\n\n{end}{tail}"
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repetitions", type=int, default=5)
    repetitions = parser.parse_args().repetitions
    parts = {
        "machine": machine(),
        "writes": writes.table(writes.measure(repetitions)),
        "latency": latency.table(latency.measure(repetitions)),
        "stream": stream.table(stream.measure()),
        "stages": stages.table(stages.measure()),
    }
    PAGE.write_text(written(PAGE.read_text(), parts))
    print(f"wrote {PAGE.name}")


if __name__ == "__main__":
    main()
