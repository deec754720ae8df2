"""A program that reads the stream loads nothing of the server."""

from __future__ import annotations

import json
import subprocess
import sys

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
