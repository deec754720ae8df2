"""What the disk tells, and the system of this process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lrs.clock import SystemClock
from lrs.monitoring.facts import Disk
from lrs.monitoring.files import disk, free_bytes, process, size_bytes


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


def test_what_a_child_uses_counts_too_but_for_what_it_shares() -> None:
    program = "held = b'c' * 50_000_000; sum(range(20_000_000)); print('done', flush=True); input()"
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"done\n"
        own, both = process(), process(child.pid)
        assert own is not None
        assert both is not None
        assert 50_000_000 < both.resident_bytes - own.resident_bytes < 150_000_000
        assert both.cpu_s - own.cpu_s > 0.05
        child.communicate(b"\n")


def test_a_child_that_is_gone_leaves_nothing_to_tell() -> None:
    assert process(2**22 + 1) is None


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
