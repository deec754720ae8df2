"""Where the modules of the pages run: in Node, and in a browser without a window."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.system.access import WAIT_S
from tests.system.server import Server

WEB = Path(__file__).resolve().parents[2] / "web"
NODE_MAJOR_MIN = 20
WEBSOCKET_MAJOR = 22
"""From this version on Node has a WebSocket without being asked for it."""

# A browser for tests: alone, and without any traffic of its own.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def wait_until_acknowledged(server: Server) -> None:
    """Until the one durable cursor of the store is at the head. Each look starts a process, which is pause enough."""
    deadline = time.monotonic() + WAIT_S
    while server.run_json("cursor", "list")[0]["behind"]:
        assert time.monotonic() < deadline


@pytest.fixture(scope="session")
def node() -> list[str]:
    """The command that runs a module in Node, with a WebSocket."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is not installed")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    major = int(re.findall(r"\d+", version)[0])
    if major < NODE_MAJOR_MIN:
        pytest.skip(f"this is Node {version.strip()}, and the module is for Node {NODE_MAJOR_MIN} and newer")
    return [found] if major >= WEBSOCKET_MAJOR else [found, "--experimental-websocket", "--no-warnings"]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Chromium as the system has it; ``scripts/chromium.sh`` installs it where it may."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("chromium is not installed")
    async with async_playwright() as playwright:
        made = await playwright.chromium.launch(executable_path=found, headless=True, args=FLAGS)
        try:
            yield made
        finally:
            await made.close()
