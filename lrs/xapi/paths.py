"""JSON paths as people read them: ``$.context.extensions["https://example.org/x"]``."""

from __future__ import annotations

import json
from collections.abc import Iterable

NAME_CHARS_MAX = 80


def json_path(steps: Iterable[str | int], root: str = "$") -> str:
    """``root`` and the ``steps`` below it: names and array positions. Long names are cut."""
    return root + "".join(map(_step, steps))


def quoted(name: str) -> str:
    """``name`` as a JSON string, cut to a length that a message can bear."""
    return json.dumps(name if len(name) <= NAME_CHARS_MAX else name[:NAME_CHARS_MAX] + "…", ensure_ascii=False)


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if step.isidentifier() and len(step) <= NAME_CHARS_MAX else f"[{quoted(step)}]"
