"""Is it refused? The question that most tests of this room ask."""

from __future__ import annotations

from typing import Any

from lrs.errors import InvalidStatement
from lrs.xapi.validate import validator


def is_refused(statement: Any, version: str = "1.0.3") -> bool:
    try:
        validator(version).check(statement)
    except InvalidStatement:
        return True
    return False
