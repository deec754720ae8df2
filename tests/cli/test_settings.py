"""``lrs settings``: the table of settings, with what is in force."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from lrs.cli import main
from lrs.config import describe


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for row in describe():
        monkeypatch.delenv(row.variable, raising=False)


def test_it_lists_every_setting() -> None:
    listed = json.loads(CliRunner().invoke(main, ["settings", "--json"]).output)
    assert [row["variable"] for row in listed] == [row.variable for row in describe()]
    assert all(row["value"] == row["default"] for row in listed)


def test_it_shows_the_value_in_force() -> None:
    output = CliRunner().invoke(main, ["settings"], env={"LRS_HEARTBEAT_S": "7"}).output
    (line,) = [line for line in output.splitlines() if line.startswith("LRS_HEARTBEAT_S")]
    assert line.split()[1] == "7*"


def test_it_refuses_a_value_out_of_range() -> None:
    result = CliRunner().invoke(main, ["settings"], env={"LRS_PORT": "70000"})
    assert result.exit_code == 1
    assert "LRS_PORT=70000 is outside" in result.stderr


def test_it_refuses_a_setting_that_does_not_exist() -> None:
    result = CliRunner().invoke(main, ["settings"], env={"LRS_PROT": "8080"})
    assert result.exit_code == 1
    assert "LRS_PROT" in result.stderr
