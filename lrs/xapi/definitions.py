"""The schemas of this room, read from the package once, and the patterns of the special data types in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

import orjson

TYPES: Final = "urn:xapi:types"
_FILES: Final = ("types.json", "statement-1.0.3.json", "statement-2.0.0.json")


def statement_uri(version: str) -> str:
    """The ``$id`` of the schema of Statements of ``version``, which is one of ``versions.VERSIONS``."""
    return f"urn:xapi:statement:{version}"


@cache
def documents() -> Mapping[str, dict[str, Any]]:
    """All schemas by their ``$id``; they refer to each other."""
    folder = files("lrs.xapi") / "schemas"
    schemas = [orjson.loads((folder / name).read_bytes()) for name in _FILES]
    return MappingProxyType({schema["$id"]: schema for schema in schemas})


@cache
def pattern(name: str) -> re.Pattern[str]:
    """The pattern of one special data type, such as ``iri``. Use it with ``fullmatch``.

    A pattern ends in ``$``, which in Python also matches before a last newline; ``fullmatch`` makes that no match.
    """
    return re.compile(documents()[TYPES]["$defs"][name]["pattern"])
