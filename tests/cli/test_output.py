"""Tables and JSON."""

from __future__ import annotations

import json

import pytest

from lrs.cli.output import print_fields, print_json, print_table, time_json, time_text


def test_a_table_is_aligned_and_has_no_blanks_at_line_ends(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("A", "B"), [("long cell", "x"), ("y", "z")], empty="none")
    assert capsys.readouterr().out == "A          B\nlong cell  x\ny          z\n"


def test_no_rows_are_said_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("A",), [], empty="none")
    assert capsys.readouterr() == ("", "none\n")


def test_fields_stand_under_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    print_fields([("a", "1"), ("long", "2")])
    assert capsys.readouterr().out == "a     1\nlong  2\n"


def test_json_keeps_letters_of_all_languages(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"name": "Genève"})
    out = capsys.readouterr().out
    assert json.loads(out) == {"name": "Genève"}
    assert "Genève" in out


def test_times_are_in_utc_to_the_second() -> None:
    assert time_text(1_790_000_000_999_999) == time_json(1_790_000_000_999_999) == "2026-09-21T14:13:20Z"
    assert time_text(None, none="never") == "never"
    assert time_json(None) is None
