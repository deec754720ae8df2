"""How often somebody may come with a wrong secret.

A secret has 256 bits, so nobody will guess one; this spares the store the looks, and shows what is going on.
"""

from __future__ import annotations

import hashlib
import math

PERIOD_S = 60


class Attempts:
    """Wrong secrets by address and key within the last minute, in bounded memory.

    Counted for both together: whoever knows a key only can't lock out its owner, and behind a proxy one client does
    not lock out the others.
    """

    def __init__(self, *, per_period_max: int, remembered_max: int) -> None:
        self._per_period_max = per_period_max
        self._remembered_max = remembered_max
        self._counted: dict[bytes, tuple[float, int]] = {}

    def __len__(self) -> int:
        return len(self._counted)

    def wait_s(self, address: str, key: str, now_s: float) -> int:
        """For how many seconds nothing more is looked at; 0: come in. ``now_s`` is monotonic."""
        began_s, count = self._counted.get(_name(address, key), (now_s, 0))
        if count < self._per_period_max:
            return 0
        return max(0, math.ceil(began_s + PERIOD_S - now_s))

    def failed(self, address: str, key: str, now_s: float) -> None:
        """One more was wrong."""
        name = _name(address, key)
        began_s, count = self._counted.pop(name, (now_s, 0))
        if began_s + PERIOD_S <= now_s:
            began_s, count = now_s, 0
        while len(self._counted) >= self._remembered_max:
            del self._counted[next(iter(self._counted))]
        self._counted[name] = began_s, count + 1


def _name(address: str, key: str) -> bytes:
    # Of one size, however long what was sent is.
    return hashlib.sha256(f"{address}\0{key}".encode()).digest()[:16]
