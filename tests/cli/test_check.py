"""``lrs check``: exit code, form, and that nothing is changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from lrs.cli import main
from tests.cli.invoke import Shell


def test_a_store_in_order_passes(lrs: Shell) -> None:
    lrs("consumer", "add", "engine")
    lines = lrs("check").stdout.splitlines()
    assert "ok       settings" in lines
    assert not any(line.startswith("error") for line in lines)


def test_json_has_every_check(lrs: Shell) -> None:
    found = lrs.json("check")
    assert {"settings", "public URL", "database", "disk space"} <= {one["check"] for one in found}
    assert {one["level"] for one in found} <= {"ok", "note", "warning", "error"}


def test_nothing_is_made_where_there_is_no_store(lrs: Shell) -> None:
    lrs("check")
    assert not lrs.data.exists()


def test_an_error_gives_exit_code_1(lrs: Shell) -> None:
    lrs.data.mkdir()
    (lrs.data / "lrs.sqlite3").write_bytes(b"no database" * 1000)
    assert "error    database: the database can't be read" in lrs("check", exit_code=1).stdout


@pytest.mark.parametrize(
    ("variable", "value"), [("LRS_PORT", "70000"), ("LRS_OIDC_ISSUERS", '[{"issuer":"http://id.example.org"}]')]
)
def test_a_setting_that_cannot_be_used_is_an_error_of_its_own(tmp_path: Path, variable: str, value: str) -> None:
    result = CliRunner().invoke(main, ["check", "--json"], env={"LRS_DATA": str(tmp_path), variable: value})
    assert result.exit_code == 1
    (one,) = json.loads(result.stdout)
    assert (one["check"], one["level"]) == ("settings", "error")
    assert variable in one["text"]


def test_no_secret_is_shown(lrs: Shell) -> None:
    lrs("consumer", "add", "engine")
    key = lrs.json("key", "add", "engine")
    shown = lrs("check").stdout
    assert key["secret"] not in shown
    assert "PRIVATE KEY" not in shown
