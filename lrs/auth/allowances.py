"""How much a consumer may ask for: requests a second and statements a day, as buckets in memory.

Each process has buckets of its own, so with several workers, and after a restart, a consumer gets more than what is
written here, never less.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil

from lrs.auth.buckets import Bucket
from lrs.auth.principal import Principal
from lrs.clock import Clock
from lrs.errors import LrsError, RateLimited
from lrs.limits import Limits

ACCOUNTS_MAX = 10_000
"""Consumers whose buckets are remembered; beyond that, all begin anew."""

LOOK_S = 1.0
"""How soon a changed allowance counts."""

DAY_S = 86_400

NO_LIMIT = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What was set for one consumer; None stands for what the settings say, 0 for no limit."""

    requests_per_s: float | None = None
    requests_burst: int | None = None
    statements_per_day: int | None = None


class _Account:
    """The buckets of one consumer; None: no limit."""

    __slots__ = ("requests", "statements", "trusted")

    def __init__(self, principal: Principal, allowance: Allowance | None, limits: Limits, now_s: float) -> None:
        self.trusted = principal.trusted
        own = allowance or Allowance()
        rate = own.requests_per_s
        if rate is None:
            rate = NO_LIMIT if principal.trusted else limits.consumer_requests_per_s
        quota = own.statements_per_day
        if quota is None:
            quota = limits.consumer_statements_per_day
        burst = max(own.requests_burst or limits.consumer_requests_burst, 1)
        if principal.trusted:
            # Open edX drops what was refused a few times, so neither a quota nor a low rate may reach such a writer.
            rate, quota = max(rate, limits.trusted_requests_per_s_min) if rate else NO_LIMIT, NO_LIMIT
            burst = max(burst, ceil(rate))
        self.requests = Bucket(burst, rate, now_s) if rate else None
        self.statements = Bucket(quota, quota / DAY_S, now_s) if quota else None


class Allowances:
    """What is left to each consumer in this process. For the event loop only.

    ``overrides`` gives what was set for single consumers, by number, whenever that may have changed.
    ``refused`` counts, by what there was too much of.
    """

    def __init__(self, limits: Limits, clock: Clock, overrides: Callable[[], Mapping[int, Allowance]]) -> None:
        self._limits = limits
        self._now_s = clock.monotonic_s
        self._read = overrides
        self._overrides: Mapping[int, Allowance] = {}
        self._look_at_s = float("-inf")
        self._accounts: dict[int, _Account] = {}
        self._by_default = bool(limits.consumer_requests_per_s or limits.consumer_statements_per_day)
        self.refused: Counter[str] = Counter()

    def request(self, principal: Principal) -> None:
        """Count a request of ``principal``; raises RateLimited when it has sent too many."""
        account = self._account(principal)
        if account is not None and account.requests is not None:
            wait_s = account.requests.take(1, self._now_s())
            if wait_s:
                self.refused["requests"] += 1
                raise RateLimited(f"{principal.consumer} sends more requests than it may", retry_after_s=wait_s)

    def statements(self, principal: Principal, count: int) -> None:
        """Count statements that ``principal`` stores; raises RateLimited when it has stored too many today."""
        account = self._account(principal)
        if account is not None and account.statements is not None:
            wait_s = account.statements.take(count, self._now_s())
            if wait_s:
                self.refused["statements"] += 1
                raise RateLimited(
                    f"{principal.consumer} stores more statements a day than it may", retry_after_s=wait_s
                )

    def limited(self, principal: Principal) -> bool:
        """Whether there is any limit for ``principal`` that would have to be looked at."""
        return self._account(principal) is not None

    def _account(self, principal: Principal) -> _Account | None:
        now_s = self._now_s()
        if now_s >= self._look_at_s:
            self._look(now_s)
        if not self._by_default and not self._overrides:
            return None
        number = principal.consumer_id
        account = self._accounts.get(number)
        if account is None or account.trusted != principal.trusted:
            if number <= 0:
                # The process itself, as its own consumer.
                return None
            if len(self._accounts) >= ACCOUNTS_MAX:
                self._accounts.clear()
            account = _Account(principal, self._overrides.get(number), self._limits, now_s)
            self._accounts[number] = account
        return account if account.requests is not None or account.statements is not None else None

    def _look(self, now_s: float) -> None:
        self._look_at_s = now_s + LOOK_S
        try:
            found = self._read()
        except LrsError:
            # What was known goes on to count; the request itself will meet the fault.
            return
        if found != self._overrides:
            self._overrides = found
            self._accounts.clear()
