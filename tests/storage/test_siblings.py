"""Processes on one store tell each other of themselves."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lrs.storage.siblings import Siblings

EVER_S = 0.0


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Siblings, Siblings]]:
    first, second = Siblings(tmp_path, "worker"), Siblings(tmp_path, "worker")
    yield first, second
    second.close()


def test_each_process_has_the_least_number_that_is_free(tmp_path: Path, pair: tuple[Siblings, Siblings]) -> None:
    first, second = pair
    assert (first.number, second.number) == (0, 1)
    first.close()
    third = Siblings(tmp_path, "worker")
    assert third.number == 0
    third.close()


def test_processes_read_what_the_others_told_last(pair: tuple[Siblings, Siblings]) -> None:
    first, second = pair
    first.tell(b"old")
    first.tell(b"new")
    second.tell(b"own")
    assert second.told(EVER_S) == {0: b"new"}
    first.close()
    assert second.told(EVER_S) == {}


def test_of_a_process_that_told_nothing_or_long_ago_it_is_known_that_it_runs(
    tmp_path: Path, pair: tuple[Siblings, Siblings]
) -> None:
    first, second = pair
    assert second.told(EVER_S) == {0: None}
    first.tell(b"old")
    told_at_s = time.time() - 60
    os.utime(tmp_path / "worker-0.json", (0, told_at_s))
    assert second.told(told_at_s + 1) == {0: None}
    assert second.told(told_at_s - 1) == {0: b"old"}
    first.close()


def test_what_a_process_told_that_was_killed_is_nobodys(tmp_path: Path, pair: tuple[Siblings, Siblings]) -> None:
    """Not of its successor either."""
    first, second = pair
    first.close()
    (tmp_path / "worker-0.json").write_bytes(b"left behind")
    assert second.told(EVER_S) == {}
    third = Siblings(tmp_path, "worker")
    assert second.told(EVER_S) == {0: None}
    third.close()


def test_looking_for_others_takes_no_number_from_them(tmp_path: Path, pair: tuple[Siblings, Siblings]) -> None:
    first, second = pair
    first.close()
    second.told(EVER_S)
    third = Siblings(tmp_path, "worker")
    assert third.number == 0
    third.close()


def test_families_keep_apart(tmp_path: Path) -> None:
    here, there = Siblings(tmp_path, "worker-80"), Siblings(tmp_path, "worker-8080")
    there.tell(b"{}")
    there.ask()
    assert (here.number, there.number) == (0, 0)
    assert here.told(EVER_S) == {}
    assert here.asked_at_s() == float("-inf")
    here.close()
    there.close()


def test_all_see_that_somebody_asked(pair: tuple[Siblings, Siblings]) -> None:
    first, second = pair
    assert second.asked_at_s() == float("-inf")
    first.ask()
    assert second.asked_at_s() == first.asked_at_s() > EVER_S
    first.close()


def test_nobody_else_may_read_what_is_told(tmp_path: Path) -> None:
    made = Siblings(tmp_path / "workers", "worker")
    assert (tmp_path / "workers").stat().st_mode & 0o077 == 0
    made.close()
