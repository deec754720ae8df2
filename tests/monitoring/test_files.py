"""What the disk tells, and how processes on one store leave numbers for each other."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from lrs.clock import SystemClock
from lrs.monitoring.facts import Disk
from lrs.monitoring.files import STALE_S, Siblings, disk, free_bytes, process, size_bytes


def test_each_process_has_the_least_number_that_is_free(tmp_path: Path) -> None:
    first, second = Siblings(tmp_path / "workers", 80), Siblings(tmp_path / "workers", 80)
    assert (first.number, second.number) == (0, 1)
    first.close()
    third = Siblings(tmp_path / "workers", 80)
    assert third.number == 0
    second.close()
    third.close()


def test_processes_read_what_the_others_published_last(tmp_path: Path) -> None:
    first, second = Siblings(tmp_path, 80), Siblings(tmp_path, 80)
    first.publish(b"old")
    first.publish(b"new")
    second.publish(b"own")
    assert list(second.others(time.time())) == [(0, b"new")]
    first.close()
    assert list(second.others(time.time())) == []
    second.close()


def test_what_a_process_left_that_was_killed_is_passed_over_soon(tmp_path: Path) -> None:
    first, second = Siblings(tmp_path, 80), Siblings(tmp_path, 80)
    first.publish(b"old")
    path = tmp_path / "worker-80-0.json"
    os.utime(path, (0, time.time() - STALE_S - 1))
    assert list(second.others(time.time())) == []
    first.close()
    second.close()


def test_servers_on_other_ports_keep_apart(tmp_path: Path) -> None:
    """They are scraped by themselves."""
    here, there = Siblings(tmp_path, 80), Siblings(tmp_path, 8080)
    there.publish(b"{}")
    assert (here.number, there.number) == (0, 0)
    assert list(here.others(time.time())) == []
    here.close()
    there.close()


def test_nobody_else_may_read_the_numbers(tmp_path: Path) -> None:
    made = Siblings(tmp_path / "workers", 80)
    assert (tmp_path / "workers").stat().st_mode & 0o077 == 0
    made.close()


def test_sizes(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"1234")
    assert (size_bytes(tmp_path / "f"), size_bytes(tmp_path / "none")) == (4, 0)
    assert free_bytes(tmp_path) > 0
    with pytest.raises(OSError, match="No such file"):
        free_bytes(tmp_path / "none")


def test_a_process_knows_what_it_uses() -> None:
    used = process()
    assert used is not None
    assert used.resident_bytes > 1_000_000
    assert used.descriptors > 0


def test_a_healthy_folder_has_nothing_wrong(tmp_path: Path) -> None:
    (tmp_path / "lrs.sqlite3").touch(mode=0o600)
    found = disk(tmp_path, SystemClock())
    assert (found.exists, found.writable, found.open_to_others, found.foreign, found.left_behind) == (
        True,
        True,
        [],
        [],
        [],
    )
    assert found.fsync_s is not None
    assert found.filesystem is not None
    assert [one.name for one in tmp_path.iterdir()] == ["lrs.sqlite3"]


def test_files_that_others_may_read_are_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "lrs.sqlite3").touch()
    (tmp_path / "lrs.sqlite3").chmod(0o644)
    assert disk(tmp_path, SystemClock()).open_to_others == ["lrs.sqlite3"]
    tmp_path.chmod(0o700)
    assert disk(tmp_path, SystemClock()).open_to_others == []


def test_what_an_interrupted_restore_left_is_named(tmp_path: Path) -> None:
    (tmp_path / ".lrs-restore-abc").mkdir()
    assert disk(tmp_path, SystemClock()).left_behind == [".lrs-restore-abc"]


def test_a_folder_that_is_not_there_can_be_made_or_not(tmp_path: Path) -> None:
    assert disk(tmp_path / "a" / "b", SystemClock()) == Disk(exists=False, writable=True)
    (tmp_path / "file").touch()
    assert not disk(tmp_path / "file", SystemClock()).writable
