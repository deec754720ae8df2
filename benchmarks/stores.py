"""Stores of many statements, built by ``lrs import`` from JSON Lines as a platform would have written them."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from multiprocessing import Pool
from pathlib import Path

from benchmarks.servers import environment
from lrs.simulation.mix import statements, wire

PART = 50_000
_PROCESSES = 2
_LEARNER_STATEMENTS = 200
_LEARNERS_MIN = 50


@dataclass(frozen=True, slots=True)
class Store:
    """``json_bytes``: the statements as they were sent, one to a line. ``store_bytes``: the whole folder afterwards."""

    data: Path
    statements: int
    json_bytes: int
    import_s: float
    store_bytes: int

    @property
    def per_s(self) -> float:
        """Statements imported in a second, from start to end of the command."""
        return self.statements / self.import_s


def build(folder: Path, count: int) -> Store:
    """Import ``count`` statements of 20 courses and a learner for each 200; their seeds are those of nothing else."""
    data = folder / f"store-{count}"
    with tempfile.TemporaryDirectory(dir=folder) as made:
        files = write_files(Path(made), count)
        json_bytes = sum(file.stat().st_size for file in files)
        import_s, stored = import_files(files, data)
    assert stored == count, stored
    return Store(data, count, json_bytes, import_s, folder_bytes(data))


def write_files(folder: Path, count: int) -> list[Path]:
    """``count`` statements as JSON Lines, ``PART`` to a file."""
    tasks = [
        (folder / f"{start:010}.jsonl", min(PART, count - start), start // PART, learners(count))
        for start in range(0, count, PART)
    ]
    with Pool(_PROCESSES) as pool:
        pool.starmap(_write, tasks)
    return [task[0] for task in tasks]


def import_files(files: Sequence[Path], data: Path, *, program: str = "lrs") -> tuple[float, int]:
    """How many seconds ``lrs import`` took to store ``files``, and what it says that it stored.

    ``program``: a module that is started in place of ``lrs``, and changes something about it.
    """
    command = [sys.executable, "-m", program, "import", *map(str, files), "--data", str(data), "--json"]
    began = time.perf_counter()
    done = subprocess.run(command, env=environment(), stdout=subprocess.PIPE, check=True)
    return time.perf_counter() - began, json.loads(done.stdout)["stored"]


def learners(count: int) -> int:
    """How many have made ``count`` statements."""
    return max(count // _LEARNER_STATEMENTS, _LEARNERS_MIN)


def folder_bytes(folder: Path) -> int:
    """The size of all files in it."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _write(path: Path, count: int, number: int, people: int) -> None:
    """One file, the ``number``-th."""
    made = statements(count, seed=10_000 + number, learners=people)
    with path.open("wb") as file:
        while part := list(islice(made, 1_000)):
            file.write(b"\n".join(map(wire, part)) + b"\n")
