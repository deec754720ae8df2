"""Pages that were answered, kept as long as nothing is written: pollers ask for the same page over and over.

Who asks is part of what a page is kept under, with scopes, grant and all, and everybody is looked up anew before this
is asked. So nobody can be given what was made for somebody else, or what it may no longer see.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from lrs.auth.principal import Principal

_OVERHEAD_BYTES = 1024


class Asked(NamedTuple):
    """All that a page depends on, but for the log: who asks for what, in which language, and under which path."""

    principal: Principal
    query_string: bytes
    language: str
    prefix: str
    """What stands before the paths of this application, when it is mounted in another one."""


class Kept(NamedTuple):
    """A page as it is answered; ``cursor`` for the header that tells where to go on, if there is one."""

    body: bytes
    cursor: str | None
    statements: int = 0


class KeptPages:
    """The latest pages, in ``bytes_max`` at most; ``revision`` changes with every write to the store.

    For the thread of one event loop.
    """

    def __init__(self, revision: Callable[[], int], bytes_max: int) -> None:
        self._revision = revision
        self._bytes_max = bytes_max
        self._pages: OrderedDict[Asked, Kept] = OrderedDict()
        self._bytes = 0
        self.at = -1
        """The revision of which all that is kept is, and all that ``find`` has looked for."""

    def find(self, asked: Asked) -> Kept | None:
        """The page as it would be if it were read now."""
        revision = self._revision()
        if revision != self.at:
            self._pages.clear()
            self._bytes, self.at = 0, revision
            return None
        found = self._pages.get(asked)
        if found is not None:
            self._pages.move_to_end(asked)
        return found

    def keep(self, asked: Asked, page: Kept, revision: int) -> None:
        """Keep ``page``, which was read after ``revision``; something may have been written in between."""
        size = _size(asked, page)
        if revision != self.at or size > self._bytes_max or asked in self._pages:
            return
        self._pages[asked] = page
        self._bytes += size
        while self._bytes > self._bytes_max:
            self._bytes -= _size(*self._pages.popitem(last=False))


def _size(asked: Asked, page: Kept) -> int:
    return len(page.body) + len(asked.query_string) + len(asked.language) + len(asked.prefix) + _OVERHEAD_BYTES
