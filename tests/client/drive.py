"""Whoever drives a follower, without sockets: what it wants done is looked at, and answered as the test likes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import orjson

from lrs.client.asking import PROTOCOL, Asking, Filter, Start
from lrs.client.backoff import Backoff
from lrs.client.batches import Batch, Erased
from lrs.client.errors import StreamError
from lrs.client.follower import AskToken, Command, Connect, Follower, Receive, Say

Step = TypeVar("Step", Erased, Batch, AskToken, Connect, Say, Receive)


class Drive:
    """A follower at its first step. Pauses are as long as they may be."""

    def __init__(
        self,
        *,
        after: str | None = None,
        start: Start = "now",
        course: tuple[str, ...] = (),
        keeping: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        self.now_s = 1000.0
        filter_: Filter = {"course": course} if course else {}
        asking = Asking("ws://lrs.example.com/", filter_, after=after, start=start, **(keeping or {}))
        self.follower = Follower(asking, backoff=Backoff(lambda: 1.0), monotonic_s=lambda: self.now_s, **options)
        self._run = self.follower.run()
        self.step: Command | Batch = next(self._run)

    def answer(self, result: Any = None) -> None:
        """The step was done."""
        self.step = self._run.send(result)

    def fail(self, why: StreamError) -> None:
        """The step could not be done."""
        self.step = self._run.throw(why)

    def now(self, kind: type[Step]) -> Step:
        """The step, which must be of this kind."""
        assert isinstance(self.step, kind), self.step
        return self.step

    def said(self) -> dict[str, Any]:
        """The frame that is to be sent; it is."""
        frame: dict[str, Any] = orjson.loads(self.now(Say).text)
        self.answer()
        return frame

    def hear(self, type_: str, **members: Any) -> None:
        """A frame of the server comes."""
        self.now(Receive)
        self.answer(orjson.dumps({"type": type_, **members}))

    def connect(self, token: str = "t", *, heartbeat_s: float = 20) -> None:
        """Up to ``hello``."""
        self.now(AskToken)
        self.answer(token)
        assert self.now(Connect).token == token
        self.answer()
        self.hear("hello", protocol=PROTOCOL, heartbeat_s=heartbeat_s)

    def subscribe(self, after: str = "c0") -> dict[str, Any]:
        """Up to ``subscribed``; what was asked for."""
        self.connect()
        asked = self.said()
        self.hear("subscribed", re=asked["id"], sub=asked["sub"], after=after, head="h")
        return asked

    def statements(self, prev: str, cursor: str, *ids: str) -> None:
        """A frame of statements comes."""
        self.hear("statements", sub="main", prev=prev, cursor=cursor, statements=[{"id": one} for one in ids])
