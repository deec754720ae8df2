"""How often somebody may try, counted in bounded memory."""

from __future__ import annotations

from collections import OrderedDict

from lrs.errors import RateLimited


class Throttle:
    """An allowance for each address, refilled steadily: ``count`` in ``period_s`` seconds, which may come at once.

    The addresses that came longest ago are forgotten beyond ``addresses_max``; they find a full allowance then.
    """

    def __init__(self, count: int, period_s: float, addresses_max: int) -> None:
        self._count = count
        self._period_s = period_s
        self._addresses_max = addresses_max
        # What is left of the allowance, and when that was so.
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._left)

    def take(self, address: str, now_s: float) -> None:
        """Count one more attempt; RateLimited when the allowance is used up, which then counts for nothing."""
        left, at_s = self._left.pop(address, (float(self._count), now_s))
        left = min(self._count, left + max(0.0, now_s - at_s) * self._count / self._period_s)
        allowed = left >= 1
        self._left[address] = (left - 1 if allowed else left, now_s)
        if len(self._left) > self._addresses_max:
            self._left.popitem(last=False)
        if not allowed:
            wait_s = (1 - left) * self._period_s / self._count
            raise RateLimited("too many attempts; try again later", retry_after_s=max(1, int(wait_s + 0.999)))
