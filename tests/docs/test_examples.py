"""The examples in the README, the quick starts and the page about clients work as the text says, on the real server.

Blocks marked ``sh`` and ``python`` run in order, as a reader would run them; ``TOKEN`` is carried from one to the next.
Blocks that start a server, and those in other languages, are marked otherwise.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from pathlib import Path

import pytest

from scripts.write_docs import DOCS
from tests.system.server import Server, clean_environment

PAGES = [DOCS.parent / "README.md", DOCS / "client.md", *sorted(DOCS.glob("quickstart-*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
ANSWERED = "http://adlnet.gov/expapi/verbs/answered"
WAIT_S = 60


class Reader:
    """Somebody who follows a page, line by line, on a store to which statements come all the while."""

    def __init__(self, server: Server, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self._token = ""
        server.run("consumer", "add", "writer", "--scope", "statements/write")
        self._key = server.run_json("key", "add", "writer")
        self.write_statement()

    def write_statement(self) -> None:
        statement = {
            "actor": {"account": {"homePage": "https://lms.example.com", "name": "ann"}},
            "verb": {"id": ANSWERED},
            "object": {"id": "https://lms.example.com/xblock/block-v1:Org+C1+2026+type@problem+block@1"},
            "timestamp": "2026-03-01T10:00:00Z",
        }
        basic = base64.b64encode(f"{self._key['key']}:{self._key['secret']}".encode()).decode()
        headers = {
            "Authorization": f"Basic {basic}",
            "X-Experience-API-Version": "1.0.3",
            "Content-Type": "application/json",
        }
        url = f"{self._server.endpoint}statements?statementId={uuid.uuid4()}"
        put = urllib.request.Request(url, json.dumps(statement).encode(), headers, method="PUT")
        with urllib.request.urlopen(put, timeout=WAIT_S):
            pass

    def follow(self, language: str, code: str) -> None:
        code = code.replace("127.0.0.1:8080", f"127.0.0.1:{self._server.port}")
        if language == "sh":
            self._run_shell(code)
        else:
            self._run_python(code)

    def _environment(self) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return clean_environment(PATH=path, TOKEN=self._token, LRS_DATA=str(self._server.data))

    def _run_shell(self, code: str) -> None:
        if "curl" in code and not shutil.which("curl"):
            pytest.skip("curl is not installed")
        code += '\nprintf "%s" "$TOKEN" >token.txt\n'
        command = ["bash", "-euo", "pipefail", "-c", code]
        done = subprocess.run(
            command, capture_output=True, text=True, env=self._environment(), cwd=self._folder, check=False, timeout=60
        )
        assert done.returncode == 0, f"{code}{done.stdout}{done.stderr}"
        if "curl" in code:
            # Nobody was erased yet.
            assert ('"erased":[]' if "/erased" in code else ANSWERED) in done.stdout
        self._token = (self._folder / "token.txt").read_text()

    def _run_python(self, code: str) -> None:
        """Run it until it has shown a statement, whether it would then end by itself or go on for ever."""
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self._environment(),
            cwd=self._folder,
        )
        lines: list[str] = []
        assert process.stdout is not None
        reader = threading.Thread(target=lines.extend, args=(process.stdout,), daemon=True)
        reader.start()
        deadline = time.monotonic() + WAIT_S
        while process.poll() is None and not any(ANSWERED in line for line in lines) and time.monotonic() < deadline:
            self.write_statement()
            time.sleep(0.2)
        process.terminate()
        process.wait(10)
        reader.join(10)
        process.stdout.close()
        assert any(ANSWERED in line for line in lines), f"{code}{''.join(lines)}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_work(page: Path, server: Server, tmp_path: Path) -> None:
    blocks = [(language, code) for language, code in BLOCK.findall(page.read_text()) if language in {"sh", "python"}]
    assert blocks
    reader = Reader(server, tmp_path)
    for language, code in blocks:
        reader.follow(language, code)
