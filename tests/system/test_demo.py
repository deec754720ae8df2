"""``lrs demo``: the stream moves at once, and nothing stays behind."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

from tests.system.server import clean_environment


def start(folder: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "lrs", "demo", "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=clean_environment(TMPDIR=str(folder)),
    )


def test_the_stream_brings_every_statement_that_was_sent(tmp_path: Path) -> None:
    with start(tmp_path, "--rate", "20", "--seconds", "2") as process:
        output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    sent, streamed = map(int, re.findall(r"sent +(\d+)  streamed +(\d+)", output)[-1])
    assert sent == streamed > 0, output
    assert re.search(r"TOKEN=ey\S+", output)


def test_ctrl_c_ends_it_and_removes_the_store(tmp_path: Path) -> None:
    with start(tmp_path) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "streamed" in line:
                break
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        process.wait(60)
    assert process.returncode == 0, rest
    assert "Traceback" not in rest
    assert list(tmp_path.iterdir()) == []
