"""The root of the command line: the table of commands, and errors in one line."""

from __future__ import annotations

import gc
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from lrs import __version__
from lrs.cli import COMMANDS, LazyGroup, main
from lrs.errors import StoreUnavailable


@pytest.mark.parametrize("name", COMMANDS)
def test_every_row_of_the_table_is_a_command(name: str) -> None:
    context = click.Context(main)
    assert isinstance(main.get_command(context, name), click.Command)
    assert COMMANDS[name].help.endswith(".")


def test_cycles_are_collected_again_once_a_command_is_loaded() -> None:
    main.get_command(click.Context(main), "serve")
    assert gc.isenabled()


def test_help_lists_every_command_with_its_line() -> None:
    shown = CliRunner().invoke(main, ["--help"]).stdout
    for name, row in COMMANDS.items():
        assert f"  {name} " in shown
        assert row.help in shown


def test_an_unknown_command_is_wrong_usage() -> None:
    result = CliRunner().invoke(main, ["frobnicate"])
    assert result.exit_code == 2
    assert "frobnicate" in result.stderr


def test_the_version_is_that_of_the_package() -> None:
    assert __version__ in CliRunner().invoke(main, ["--version"]).stdout


def test_an_error_of_ours_is_one_line_and_exit_code_1() -> None:
    @click.group(cls=LazyGroup, invoke_without_command=True)
    def failing() -> None:
        raise StoreUnavailable("the store\ncan't be written")

    result = CliRunner().invoke(failing, [])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: the store can't be written\n"


def test_help_imports_no_room() -> None:
    """So that it is fast: what a command needs is imported when the command is used."""
    script = (
        "import sys; from lrs.cli import main; main(['--help'], standalone_mode=False); "
        "print(sorted(m for m in sys.modules if m.startswith('lrs.')), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "['lrs.cli', 'lrs.errors']"
