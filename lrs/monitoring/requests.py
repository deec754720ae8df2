"""How many requests there were, of which kind, and how long they took: plain numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lrs.telemetry import REQUEST_BOUNDS_S, Histogram

OTHER = "other"
"""Stands for a path that no route has, and for a method that nobody asks for."""

_METHODS = frozenset({"GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"})
_PARAMETER = re.compile(r"\{\w+(:\w+)?\}")


class Requests:
    """Requests by (route, method, class of status such as ``2xx``)."""

    def __init__(self) -> None:
        self.seconds: dict[tuple[str, str, str], Histogram] = {}
        # The same ones by status, so that a request is counted with one look.
        self._by_status: dict[tuple[str, str, int], Histogram] = {}

    def note(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one. ``route`` must be one of a few."""
        found = self._by_status.get((route, method, status))
        if found is None:
            kind = method if method in _METHODS else OTHER
            found = self.seconds.setdefault((route, kind, f"{status // 100}xx"), Histogram(REQUEST_BOUNDS_S))
            if kind is method:
                self._by_status[route, method, status] = found
        found.observe(seconds)


class Routes:
    """Which declared route a path belongs to. ``paths`` are those of the routes, with parameters as ``{name}``."""

    def __init__(self, paths: Iterable[str]) -> None:
        known = list(dict.fromkeys(paths))
        self._exact = {path: path for path in known if not _PARAMETER.search(path)}
        self._patterns = [(_pattern(path), path) for path in known if path not in self._exact]

    def of(self, path: str) -> str:
        """The path of the route as it was declared, or ``OTHER``."""
        found = self._exact.get(path)
        if found is not None:
            return found
        return next((name for pattern, name in self._patterns if pattern.fullmatch(path)), OTHER)


def _pattern(path: str) -> re.Pattern[str]:
    parts, begin = [], 0
    for found in _PARAMETER.finditer(path):
        parts += [re.escape(path[begin : found.start()]), ".*" if found[1] == ":path" else "[^/]+"]
        begin = found.end()
    return re.compile("".join([*parts, re.escape(path[begin:])]))
