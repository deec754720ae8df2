"""JSON by the faster of two ways: orjson where it is installed, which nobody need do, else the standard library."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

try:
    import orjson
except ImportError:
    orjson = None  # type: ignore[assignment]

decode: Callable[[bytes], Any] = orjson.loads if orjson else json.loads
"""The value in some JSON; ValueError when it is none."""
