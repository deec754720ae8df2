"""Administrators and their sessions, as they are kept."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lrs.errors import InvalidParameter

_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")

FIRST = "admin"
"""The name of the first administrator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Administrator:
    """A person who logs in. ``sessions``: how many are open."""

    id: int
    name: str
    created_at_us: int
    has_password: bool
    last_login_at_us: int | None
    sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminSession:
    """One login of one person, without its secret. ``id`` is a number of no secrecy."""

    id: int
    name: str
    started_at_us: int
    last_used_at_us: int
    expires_at_us: int

    def ended(self, now_us: int, idle_s: int) -> bool:
        """Whether it is over: by age, or because it was not used for ``idle_s`` seconds."""
        return now_us >= self.expires_at_us or now_us >= self.last_used_at_us + idle_s * 1_000_000


@dataclass(frozen=True, slots=True)
class Link:
    """A one-time link just made; the only time that its secret is known. The address is added by whoever knows it."""

    name: str
    secret: str
    expires_at_us: int

    def __repr__(self) -> str:
        return f"Link({self.name!r})"


def administrator_name(text: str) -> str:
    """``text`` if it can name an administrator; InvalidParameter."""
    if not _NAME.fullmatch(text):
        raise InvalidParameter("an administrator's name is 1 to 64 lower-case letters, digits and any of . _ @ -")
    return text
