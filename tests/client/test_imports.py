"""A program that reads the stream loads nothing of the server."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import sys
before = set(sys.modules)
import lrs.client
print(__import__("json").dumps(sorted(set(sys.modules) - before)))
"""
ALLOWED = {"lrs", "websockets", "orjson"}
# What websockets uses of others when it finds them.
TOLERATED = {"python_socks"}


def loaded() -> set[str]:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_only_websockets_and_the_standard_library_are_loaded() -> None:
    """Orjson too, where it is installed; the client does without."""
    tops = {name.split(".")[0] for name in loaded()}
    assert tops - set(sys.stdlib_module_names) - ALLOWED - TOLERATED == set()


def test_no_other_room_is_loaded() -> None:
    rooms = {name for name in loaded() if name.startswith("lrs.")}
    assert {name for name in rooms if not name.startswith("lrs.client")} == set()


def test_it_does_without_orjson() -> None:
    program = "import sys; sys.modules['orjson'] = None; import lrs.client.decoding as d; print(d.decode.__module__)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "json"


WITHOUT_SERVER = """
import asyncio, sys
for name in sys.argv[1:]:
    sys.modules[name] = None
from lrs.client import Interrupted, Stream, SyncStream

url, options = "ws://127.0.0.1:1/xapi/stream", {"token": "t", "give_up_s": 0, "durable": "knowledge"}

async def read():
    async with Stream(url, **options) as stream:
        return await anext(stream)

for one in (lambda: next(SyncStream(url, **options)), lambda: asyncio.run(read())):
    try:
        one()
    except Interrupted as why:
        print(why)
"""


def test_both_forms_work_where_nothing_of_the_server_is_installed() -> None:
    """As far as to a server that is not there."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    required = {re.split(r"[^A-Za-z0-9_-]", one)[0].lower() for one in project["dependencies"]}
    owners = packages_distributions()
    modules = [top for top, names in owners.items() if {name.lower() for name in names} & (required - {"websockets"})]
    assert {"starlette", "uvicorn", "orjson"} <= set(modules)
    done = subprocess.run([sys.executable, "-c", WITHOUT_SERVER, *modules], capture_output=True, text=True, check=True)
    assert done.stdout.count("no connection") == 2
