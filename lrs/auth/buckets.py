"""How often something may be had: buckets that fill steadily, hold so much, and may be emptied at once."""

from __future__ import annotations

from hashlib import blake2b


class Bucket:
    """Holds up to ``size``, and gains ``rate_per_s``."""

    __slots__ = ("_at_s", "_level", "_rate_per_s", "_size")

    def __init__(self, size: float, rate_per_s: float, now_s: float) -> None:
        self._size = size
        self._rate_per_s = rate_per_s
        self._level = size
        self._at_s = now_s

    def wait_s(self, count: int, now_s: float) -> float:
        """Seconds until ``count`` can be had; 0: now.

        More than the whole bucket can be had when it is full; it then owes the rest.
        """
        self._level = min(self._size, self._level + (now_s - self._at_s) * self._rate_per_s)
        self._at_s = now_s
        missing = min(count, self._size) - self._level
        return missing / self._rate_per_s if missing > 1e-9 else 0.0

    def take(self, count: int, now_s: float) -> float:
        """Take ``count`` out, and give 0; or leave it, and give the seconds until it can be had."""
        wait_s = self.wait_s(count, now_s)
        if not wait_s:
            self._level -= count
        return wait_s

    def give_back(self, count: int) -> None:
        """Put ``count`` in again, as far as there is room."""
        self._level = min(self._size, self._level + count)


class Buckets:
    """A bucket for each name: ``count`` in ``period_s`` seconds. In bounded memory, however long names are.

    The ``most`` that were asked for last are remembered; whoever is forgotten finds a full bucket.
    """

    def __init__(self, count: int, period_s: float, most: int) -> None:
        self._count = count
        self._rate_per_s = count / period_s
        self._most = most
        self._of: dict[bytes, Bucket] = {}

    def __len__(self) -> int:
        return len(self._of)

    def wait_s(self, name: str, now_s: float) -> float:
        """Seconds until something can be had; 0: now."""
        return self._bucket(name, now_s).wait_s(1, now_s)

    def take(self, name: str, now_s: float) -> float:
        """Take one out, and give 0; or give the seconds until it can be had."""
        return self._bucket(name, now_s).take(1, now_s)

    def _bucket(self, name: str, now_s: float) -> Bucket:
        key = blake2b(name.encode(errors="surrogatepass"), digest_size=16).digest()
        bucket = self._of.pop(key, None) or Bucket(self._count, self._rate_per_s, now_s)
        if len(self._of) >= self._most:
            del self._of[next(iter(self._of))]
        self._of[key] = bucket
        return bucket
