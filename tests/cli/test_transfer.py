"""Statements from files, and into files."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from lrs.cli import main, transfer
from tests.samples import COURSE_A, COURSE_B, statement

LOGGER = "2026-11-22 10:00:00,000 INFO 8 [xapi_tracking] [user None] [ip None] logger.py:41 - "


def lrs(*arguments: object) -> Any:
    result = CliRunner().invoke(main, [str(one) for one in arguments])
    assert result.exit_code == 0, result.output
    return result


def imported(data: Path, *files: Path, options: tuple[str, ...] = ()) -> dict[str, int]:
    tally: dict[str, int] = orjson.loads(lrs("import", *files, *options, "--data", data, "--json").stdout)
    return tally


def exported(data: Path, *options: str) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in lrs("export", "--data", data, *options).stdout_bytes.splitlines()]


def made(count: int) -> list[dict[str, Any]]:
    return [statement(block=f"b{number}", course=COURSE_A if number % 2 else COURSE_B) for number in range(count)]


def as_lines(statements: list[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(one) + b"\n" for one in statements)


FORMS: dict[str, Callable[[list[dict[str, Any]]], bytes]] = {
    "lines": as_lines,
    "lines without a last end": lambda all_: as_lines(all_).rstrip(b"\n"),
    "array": orjson.dumps,
    "indented array": lambda all_: json.dumps(all_, indent=2).encode(),
    "log": lambda all_: b"".join(LOGGER.encode() + orjson.dumps(one) + b"\n\n" for one in all_),
    "packed lines": lambda all_: gzip.compress(as_lines(all_)),
    "packed array": lambda all_: gzip.compress(orjson.dumps(all_)),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_file_is_imported_in_its_order(tmp_path: Path, form: str) -> None:
    statements = made(1_203)
    file = tmp_path / "file"
    file.write_bytes(FORMS[form](statements))
    assert imported(tmp_path / "data", file)["stored"] == 1_203
    assert [one["id"] for one in exported(tmp_path / "data")] == [one["id"] for one in statements]


def test_an_import_again_stores_nothing_again(tmp_path: Path) -> None:
    file = tmp_path / "file.jsonl"
    file.write_bytes(as_lines(made(30)))
    imported(tmp_path / "data", file)
    assert imported(tmp_path / "data", file)["read"] == 0
    again = imported(tmp_path / "data", file, options=("--again",))
    assert (again["read"], again["stored"]) == (30, 0)


def test_a_file_that_has_grown_is_imported_from_where_it_was(tmp_path: Path) -> None:
    file = tmp_path / "file.jsonl"
    statements = made(700)
    text = as_lines(statements)
    # The beginning tells the file from others, so what is added must lie beyond it.
    assert len(text) > 2 * 64 * 1024
    file.write_bytes(as_lines(statements[:400]))
    imported(tmp_path / "data", file)
    file.write_bytes(text)
    assert imported(tmp_path / "data", file) == {
        "read": 300, "stored": 300, "quarantined": 0, "conflicts": 0, "repeats": 0
    }  # fmt: skip


def test_an_import_that_was_broken_off_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file.jsonl"
    file.write_bytes(as_lines(made(1_000)))
    monkeypatch.setattr(transfer, "BATCH_STATEMENTS", 10)
    monkeypatch.setattr(transfer, "NOTED_STATEMENTS", 50)
    monkeypatch.setattr(transfer, "COMMIT_STATEMENTS", 50)
    monkeypatch.setenv("LRS_COMMIT_STATEMENTS_MAX", "50")
    store, calls = transfer._Importer._job, []

    async def fail_late(importer: Any, batch: Any) -> Any:
        calls.append(1)
        if len(calls) == 60:
            raise KeyboardInterrupt
        return await store(importer, batch)

    monkeypatch.setattr(transfer._Importer, "_job", fail_late)
    CliRunner().invoke(main, ["import", str(file), "--data", str(tmp_path / "data")])
    monkeypatch.setattr(transfer._Importer, "_job", store)
    assert imported(tmp_path / "data", file)["read"] < 1_000
    assert len(exported(tmp_path / "data")) == 1_000


def test_several_files_are_imported_in_their_order_each_once(tmp_path: Path) -> None:
    statements = made(1_300)
    files = [tmp_path / f"{number}.jsonl" for number in range(3)]
    for file, part in zip(files, (statements[:700], statements[700:705], statements[705:]), strict=True):
        file.write_bytes(as_lines(part))
    assert imported(tmp_path / "data", *files, files[0])["read"] == 1_300
    assert [one["id"] for one in exported(tmp_path / "data")] == [one["id"] for one in statements]
    assert imported(tmp_path / "data", *files)["read"] == 0


BROKEN: dict[str, tuple[Callable[[list[dict[str, Any]]], bytes], str]] = {
    "array": (lambda all_: orjson.dumps(all_)[:-1] + b",nothing]", "the array does not end"),
    "packed lines": (lambda all_: gzip.compress(as_lines(all_))[:-8], "can't be unpacked"),
}


@pytest.mark.parametrize("form", BROKEN)
def test_all_before_what_is_broken_is_stored_and_not_read_again(tmp_path: Path, form: str) -> None:
    statements = made(300)
    whole, broken = tmp_path / "whole.jsonl", tmp_path / "broken"
    whole.write_bytes(as_lines(statements[:15]))
    written, told = BROKEN[form]
    broken.write_bytes(written(statements[15:]))
    result = CliRunner().invoke(main, ["import", str(whole), str(broken), "--data", str(tmp_path / "data")])
    assert (result.exit_code, told in result.output) == (1, True)
    assert [one["id"] for one in exported(tmp_path / "data")] == [one["id"] for one in statements]
    assert imported(tmp_path / "data", whole)["read"] == 0


def test_what_can_not_be_stored_is_set_aside_and_costs_its_neighbours_nothing(tmp_path: Path) -> None:
    good = made(5)
    lines = [orjson.dumps(one) for one in good]
    lines[2:2] = [b'{"broken"', b'{"id":"no statement"}', b"just a line of a log"]
    file = tmp_path / "file.jsonl"
    file.write_bytes(b"\n".join(lines))
    tally = imported(tmp_path / "data", file)
    assert (tally["stored"], tally["quarantined"]) == (5, 3)
    listed = orjson.loads(lrs("quarantine", "list", "--data", tmp_path / "data", "--json").stdout)
    assert len(listed) == 3


def test_an_import_is_in_the_name_of_a_consumer_where_one_is_given(tmp_path: Path) -> None:
    file = tmp_path / "file.jsonl"
    file.write_bytes(as_lines(made(1)))
    lrs("consumer", "add", "lms", "--openedx", "--data", tmp_path / "data")
    imported(tmp_path / "data", file, options=("--as", "lms"))
    (stored,) = exported(tmp_path / "data")
    assert stored["authority"]["account"]["name"] == "lms"


def test_an_export_is_filtered_by_course_verb_and_time(tmp_path: Path) -> None:
    file = tmp_path / "file.jsonl"
    statements = made(6)
    file.write_bytes(as_lines(statements))
    imported(tmp_path / "data", file)
    assert len(exported(tmp_path / "data", "--course", COURSE_A)) == 3
    assert exported(tmp_path / "data", "--verb", "http://example.com/other") == []
    stored = exported(tmp_path / "data")[0]["stored"]
    assert exported(tmp_path / "data", "--since", stored) == []


def test_an_export_can_be_imported_elsewhere(tmp_path: Path) -> None:
    file, packed = tmp_path / "file.jsonl", tmp_path / "out.jsonl.gz"
    file.write_bytes(as_lines(made(12)))
    imported(tmp_path / "one", file)
    lrs("export", packed, "--data", tmp_path / "one")
    assert imported(tmp_path / "two", packed)["stored"] == 12


def test_the_key_index_is_merged_after_a_large_import_and_not_after_a_small_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    merged: list[object] = []
    monkeypatch.setattr(transfer, "merge_index", merged.append)
    large, small = tmp_path / "large.jsonl", tmp_path / "small.jsonl"
    large.write_bytes(as_lines(made(30)))
    small.write_bytes(as_lines(made(2)))
    imported(tmp_path / "data", large)
    assert len(merged) == 1
    imported(tmp_path / "data", small)
    assert len(merged) == 1
