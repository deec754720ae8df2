"""Stores of many statements, built by ``lrs import`` from JSON Lines as a platform would have written them."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
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
        tasks = [
            (Path(made) / f"{start:010}.jsonl", min(PART, count - start), start // PART, learners(count))
            for start in range(0, count, PART)
        ]
        with Pool(_PROCESSES) as pool:
            pool.starmap(_write, tasks)
        files = [task[0] for task in tasks]
        json_bytes = sum(file.stat().st_size for file in files)
        command = [sys.executable, "-m", "lrs", "import", *map(str, files), "--data", str(data), "--json"]
        began = time.perf_counter()
        done = subprocess.run(command, env=environment(), stdout=subprocess.PIPE, check=True)
        import_s = time.perf_counter() - began
    assert json.loads(done.stdout)["stored"] == count, done.stdout
    return Store(data, count, json_bytes, import_s, folder_bytes(data))


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
