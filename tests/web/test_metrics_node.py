"""The numbers of the overview, in Node."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from tests.system.access import WAIT_S
from tests.web.conftest import WEB

TESTS_MIN = 5


def test_numbers_are_read_and_compared(node: list[str], tmp_path: Path) -> None:
    """Node takes a file for a module by its name."""
    shutil.copy(WEB / "admin" / "metrics.js", tmp_path / "metrics.mjs")
    shutil.copy(Path(__file__).parent / "metrics.test.mjs", tmp_path)
    done = subprocess.run(
        [*node, "--test", "metrics.test.mjs"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=WAIT_S
    )
    assert done.returncode == 0, done.stdout
    assert int(re.findall(r"^# pass (\d+)$", done.stdout, flags=re.MULTILINE)[0]) >= TESTS_MIN
