"""One act of one actor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

DETAILS_BYTES_MAX = 16 * 1024
"""Longer details are cut down to their names: the trail is for people, and bounded (invariant 7)."""


class Actor(NamedTuple):
    """Who acts: ``kind`` is admin, consumer, cli, system or visitor; the last two have no name."""

    kind: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else self.kind


SYSTEM = Actor("system")
"""The server itself, without anybody's request."""

VISITOR = Actor("visitor")
"""Somebody without an account."""


@dataclass(frozen=True, slots=True)
class Entry:
    """``number`` grows with time. ``act``: ``consumer.change``; ``about``: ``consumer:engine``."""

    number: int
    at_us: int
    actor: str
    act: str
    about: str
    details: Mapping[str, Any]
