"""Who has a store open."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lrs.errors import StoreUnavailable
from lrs.storage.lock import SharedLock, held_alone, is_unused
from lrs.storage.sqlite import open_store


def test_many_may_use_a_store_at_a_time(tmp_path: Path) -> None:
    locks = [SharedLock(tmp_path / "lrs.sqlite3") for _ in range(3)]
    for lock in locks:
        lock.close()


def test_a_store_that_is_open_can_not_be_replaced(tmp_path: Path) -> None:
    store = open_store(tmp_path / "lrs.sqlite3")
    with pytest.raises(StoreUnavailable, match="open in another process"), held_alone(store.path):
        pass
    store.close()
    with held_alone(store.path):
        pass


def test_a_store_that_is_being_replaced_can_not_be_opened(tmp_path: Path) -> None:
    path = tmp_path / "lrs.sqlite3"
    with held_alone(path), pytest.raises(StoreUnavailable, match="replaced"):
        open_store(path)
    open_store(path).close()


def test_a_store_is_in_use_as_long_as_somebody_has_it_open(tmp_path: Path) -> None:
    path = tmp_path / "lrs.sqlite3"
    assert is_unused(path)
    store = open_store(path)
    assert not is_unused(path)
    store.close()
    assert is_unused(path)


def test_a_process_that_dies_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "lrs.sqlite3"
    program = "import sys; from pathlib import Path; from lrs.storage.sqlite import open_store\n"
    program += "store = open_store(Path(sys.argv[1])); print('open', flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdin is not None
    with process.stdout, process.stdin:
        assert process.stdout.readline() == "open\n"
        with pytest.raises(StoreUnavailable), held_alone(path):
            pass
        process.kill()
        process.wait()
    with held_alone(path):
        pass
