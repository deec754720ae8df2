"""Files by the hash of their content: whole or not there, and what nobody refers to does not stay for ever."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Collection
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lrs.errors import StoreCorrupt, StoreUnavailable
from lrs.storage.files import ContentFiles, Upload, is_name

ALGORITHMS = ("sha224", "sha256", "sha384", "sha512")


@pytest.fixture
def files(tmp_path: Path) -> ContentFiles:
    return ContentFiles(tmp_path / "attachments")


def name_of(data: bytes, algorithm: str = "sha256") -> str:
    return hashlib.new(algorithm, data).hexdigest()


def come(upload: Upload, data: bytes, name: str | None = None, size: int = 1000) -> bool:
    upload.begin(name or name_of(data))
    for at in range(0, len(data), size):
        upload.write(data[at : at + size])
    return upload.end()


def store(files: ContentFiles, data: bytes, *, settle: bool = True, memory_bytes_max: int = 0) -> str:
    name = name_of(data)
    with files.upload(memory_bytes_max) as upload:
        assert come(upload, data)
        upload.keep([name])
        if settle:
            upload.settle([name])
    return name


def all_of(files: ContentFiles, name: str) -> bytes:
    return b"".join(files.chunks(name))


def left(files: ContentFiles) -> list[str]:
    return sorted(path.name for path in files.incoming.iterdir()) if files.incoming.is_dir() else []


def nobody(_: Collection[str]) -> Collection[str]:
    return ()


def everybody(names: Collection[str]) -> Collection[str]:
    return names


@pytest.mark.parametrize("memory_bytes_max", [0, 500, 10**6])
@pytest.mark.parametrize("data", [b"", b"x", b"abc" * 1000])
def test_what_was_kept_is_read_again(files: ContentFiles, data: bytes, memory_bytes_max: int) -> None:
    name = store(files, data, memory_bytes_max=memory_bytes_max)
    assert all_of(files, name) == data
    assert files.size(name) == len(data)
    assert left(files) == []


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_length_of_a_name_says_which_hash_it_is(files: ContentFiles, algorithm: str) -> None:
    with files.upload(0) as upload:
        assert come(upload, b"abc", name_of(b"abc", algorithm))
        assert not come(upload, b"abd", name_of(b"abc", algorithm)[::-1])


@pytest.mark.parametrize("memory_bytes_max", [0, 10**6])
def test_data_with_another_hash_is_dropped(files: ContentFiles, memory_bytes_max: int) -> None:
    with files.upload(memory_bytes_max) as upload:
        assert not come(upload, b"abc", name_of(b"abd"))
        assert not upload.names
        assert left(files) == []


@pytest.mark.parametrize("memory_bytes_max", [0, 10**6])
def test_the_same_data_twice_is_held_once(files: ContentFiles, memory_bytes_max: int) -> None:
    with files.upload(memory_bytes_max) as upload:
        assert come(upload, b"abc")
        assert come(upload, b"abc")
        assert list(upload.names) == [name_of(b"abc")]
        assert len(left(files)) == (0 if memory_bytes_max else 1)


def test_small_data_does_not_touch_the_disk_before_it_is_kept(tmp_path: Path) -> None:
    with ContentFiles(tmp_path / "attachments").upload(1000) as upload:
        come(upload, b"x" * 1000)
        assert upload.read(name_of(b"x" * 1000)) == b"x" * 1000
        assert not (tmp_path / "attachments").exists()


def test_the_memory_of_an_upload_is_shared_by_all_that_comes_with_it(files: ContentFiles) -> None:
    """Attack: a thousand files that are each too small for the disk."""
    with files.upload(1000) as upload:
        for number in range(100):
            come(upload, b"%04d" % number * 25)
        assert sum(map(len, upload._in_memory.values())) <= 1000
        assert len(upload.names) == 100
        assert upload.size(name_of(b"0099" * 25)) == 100
    assert left(files) == []


def test_what_is_not_kept_is_gone_also_when_it_had_not_ended(files: ContentFiles) -> None:
    with files.upload(0) as upload:
        come(upload, b"abc")
        upload.begin(name_of(b"abcdef"))
        upload.write(b"abc")
        assert len(left(files)) == 2
    assert left(files) == []
    with pytest.raises(StoreCorrupt):
        all_of(files, name_of(b"abc"))


@pytest.mark.parametrize(
    "name",
    [
        "",
        "../../../../etc/passwd",
        "a" * 63,
        "A" * 64,
        "g" * 64,
        "/" * 64,
        "a" * 63 + "\n",
        "a" * 40,
        "." * 56,
        "٣" * 64,
    ],
)
def test_nothing_but_a_hash_is_a_name(files: ContentFiles, name: str) -> None:
    """Attack: a hash that is a path."""
    assert not is_name(name)
    with pytest.raises(AssertionError):
        files.path(name)
    with files.upload(0) as upload, pytest.raises(AssertionError):
        upload.begin(name)


def test_only_the_owner_may_read_what_is_stored(files: ContentFiles) -> None:
    name = store(files, b"abc")
    assert files.path(name).stat().st_mode & 0o077 == 0
    assert files.incoming.stat().st_mode & 0o077 == 0


def test_what_was_kept_and_never_referred_to_is_cleared(files: ContentFiles) -> None:
    name = store(files, b"abc", settle=False)
    assert files.clear(nobody) == 1
    assert not files.path(name).exists()
    assert left(files) == []


def test_what_is_referred_to_stays_though_its_upload_never_settled(files: ContentFiles) -> None:
    name = store(files, b"abc", settle=False)
    assert files.clear(everybody) == 0
    assert all_of(files, name) == b"abc"
    assert left(files) == []


def test_files_of_a_killed_process_are_cleared(files: ContentFiles) -> None:
    store(files, b"abc")
    (files.incoming / f"{name_of(b'x')}.0123456789abcdef").write_bytes(b"half of it")
    (files.incoming / "something else").write_bytes(b"")
    assert files.clear(nobody) == 0
    assert left(files) == []
    assert all_of(files, name_of(b"abc")) == b"abc"


def test_nothing_is_cleared_while_an_upload_is_under_way(files: ContentFiles) -> None:
    with files.upload(0) as upload:
        come(upload, b"abc")
        upload.keep([name_of(b"abc")])
        assert files.clear(nobody) == 0
        upload.settle([name_of(b"abc")])
    assert all_of(files, name_of(b"abc")) == b"abc"


def test_a_second_upload_of_an_orphan_saves_it(files: ContentFiles) -> None:
    store(files, b"abc", settle=False)
    name = store(files, b"abc")
    assert files.clear(everybody) == 0
    assert all_of(files, name) == b"abc"


def test_clearing_what_was_never_used_makes_nothing(tmp_path: Path) -> None:
    assert ContentFiles(tmp_path / "attachments").clear(nobody) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_a_disk_that_fails_is_told_and_leaves_no_half_file(
    files: ContentFiles, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    files.make()

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with files.upload(0) as upload:
        come(upload, b"abc")
        with monkeypatch.context() as patch:
            patch.setattr(os, call, fail)
            with pytest.raises(StoreUnavailable, match="No space left"):
                upload.keep([name_of(b"abc")])
    assert not files.path(name_of(b"abc")).exists()
    assert files.clear(nobody) <= 1
    assert left(files) == []


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=50
)
@given(st.lists(st.binary(max_size=50), max_size=8), st.integers(0, 100), st.integers(1, 20))
def test_all_that_came_is_kept_whatever_part_of_it_was_in_memory(
    files: ContentFiles, pieces: list[bytes], memory_bytes_max: int, size: int
) -> None:
    with files.upload(memory_bytes_max) as upload:
        for data in pieces:
            assert come(upload, data, size=size)
        assert {name: upload.read(name) for name in upload.names} == {name_of(data): data for data in pieces}
        upload.keep(list(upload.names))
        upload.settle(upload.names)
    assert [all_of(files, name_of(data)) for data in pieces] == pieces
    assert left(files) == []
