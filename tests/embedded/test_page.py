"""The examples in docs/embedding.md run as they stand."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.system.server import clean_environment

PAGE = Path(__file__).resolve().parents[2] / "docs" / "embedding.md"


def test_the_examples_run_and_find_what_they_store(tmp_path: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) > 1
    outputs = []
    for block in blocks:
        done = subprocess.run(
            [sys.executable, "-c", block],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=clean_environment(PYTHONPATH=str(PAGE.parents[1])),
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        outputs.append(done.stdout)
    assert "live: 1 statement" in outputs[0]
    assert "found: True" in outputs[0]
