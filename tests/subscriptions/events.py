"""Reading server-sent events as a client does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx

from tests.described import BY_EVENTS, check_sent

PATIENCE_S = 60


class Event(NamedTuple):
    """``id``: that of the event, or None; ``frame``: its data, decoded."""

    id: str | None
    frame: dict[str, Any]


class Events:
    """An answer that holds events. ``last_id``: what a client would come back with; ``retry_ms``: and when."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.last_id: str | None = None
        self.retry_ms: int | None = None
        self._events = self._read()

    def next(self) -> Event:
        """The next event; StopIteration at the end."""
        return next(self._events)

    def until(self, type_: str) -> Event:
        """The next event of this type."""
        return next(event for event in self._events if event.frame["type"] == type_)

    def rest(self) -> list[Event]:
        """All events up to the end."""
        return list(self._events)

    def ids(self, count: int) -> list[str]:
        """Ids of the next ``count`` statements."""
        found: list[str] = []
        while len(found) < count:
            found += [one["id"] for one in self.until("statements").frame["statements"]]
        assert len(found) == count
        return found

    def _read(self) -> Iterator[Event]:
        fields: dict[str, str] = {}
        for line in self.answer.iter_lines():
            name, _, value = line.partition(": ")
            if line:
                assert name in ("id", "data", "retry")
                assert name not in fields
                fields[name] = value
                continue
            if "retry" in fields:
                self.retry_ms = int(fields["retry"])
            if "data" in fields:
                self.last_id = fields.get("id", self.last_id)
                yield Event(fields.get("id"), check_sent(fields["data"], BY_EVENTS))
            fields = {}


@contextmanager
def following(
    address: str, query: str = "", *, bearer: str | None = "engine", headers: dict[str, str] | None = None
) -> Iterator[Events]:
    """Events of the stream at ``address``; the answer may also be a refusal."""
    given = {"Accept": "text/event-stream"} | (headers or {})
    if bearer is not None:
        given["Authorization"] = f"Bearer {bearer}"
    with (
        httpx.Client(trust_env=False, timeout=PATIENCE_S) as client,
        client.stream("GET", f"http://{address}/xapi/stream{query}", headers=given) as answer,
    ):
        yield Events(answer)
