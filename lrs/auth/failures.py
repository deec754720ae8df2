"""How often a credential was not good, by reason: plain numbers for metrics."""

from __future__ import annotations

from collections import Counter

from lrs.errors import InsufficientScope, LrsError, Unauthenticated

MISSING = "missing"
"""The reason of a request that came without any credential; all other reasons are codes of errors."""


class Failures:
    """What those who asked were told. ``by_reason`` has a few names, and none that came from outside."""

    def __init__(self) -> None:
        self.by_reason: Counter[str] = Counter()

    def note(self, error: LrsError, *, offered: bool) -> None:
        """Count ``error`` if it is about a credential; ``offered``: there was one."""
        if isinstance(error, Unauthenticated):
            self.by_reason[error.code if offered else MISSING] += 1
        elif isinstance(error, InsufficientScope):
            self.by_reason["insufficient_scope"] += 1


failures = Failures()
"""Those of this process."""
