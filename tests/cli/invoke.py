"""Run commands as a user would, on one data folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from lrs.cli import main


class Shell:
    """Runs ``lrs`` with ``LRS_DATA`` set."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def __call__(self, *arguments: str, exit_code: int = 0, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(main, arguments, input=stdin, env={"LRS_DATA": str(self.data)}, prog_name="lrs")
        assert result.exit_code == exit_code, (result.exception, result.output)
        return result

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json").stdout)

    def refused(self, *arguments: str) -> str:
        """The one line on stderr of a command that fails with exit code 1."""
        result = self(*arguments, exit_code=1)
        assert result.stdout == ""
        assert result.stderr.startswith("Error: ")
        assert result.stderr.count("\n") == 1
        return result.stderr
